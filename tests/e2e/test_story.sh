#!/bin/bash
# tools/run's story, against daemons of its own.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
KVSIM_STATE=$(mktemp -d)
export KVSIM_STATE
trap '"$root/tools/kvsim" down >/dev/null; rm -rf "$KVSIM_STATE"' EXIT
"$root/tools/kvsim" up --port-base 0 --detach
"$root/tools/story"
"$root/tools/story" # twice: it uses fresh names

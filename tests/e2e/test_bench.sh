#!/bin/bash
# tools/bench's loads and yardsticks still run against today's daemons. No figure is judged here.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
if ! command -v wrk >/dev/null; then
    echo "wrk is not installed: tools/bench was not tried" >&2
    exit 77
fi
out=$(mktemp)
trap 'rm -f "$out"' EXIT
KVSIM_BUILD=$root/build python3 "$root/tests/bench/run.py" --seconds 1 --only transport,use,create,handshakes --json "$out"
python3 - "$out" <<'P'
import json, sys
figures = json.load(open(sys.argv[1]))
for name in ("own transport, one loop, fixed answer", "unwrapKey", "get key", "wrapKey", "writes per commit",
             "TLS handshakes with a request, resumed"):
    assert figures[name]["value"] > 0, name
P

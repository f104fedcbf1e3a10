#!/bin/bash
# The Python SDKs, pinned (tests/e2e/python/requirements.txt), with default settings through the proxy.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
here=$root/tests/e2e/python
sum=$(sha256sum "$here/requirements.txt" | cut -c1-12)
venv=$cache/py-$sum
if [ ! -x "$venv/bin/python" ]; then
    echo "Installing the Python SDKs into $venv (once; half a minute)"
    mkdir -p "$cache"
    rm -rf "$venv.new"
    python3 -m venv "$venv.new"
    "$venv.new/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    mv "$venv.new" "$venv"
fi
start_kvsim
make_group rg
timeout 240 "$venv/bin/python" -W ignore "$here/story.py"
KVSIM=$build/tools/kvsim timeout 120 "$venv/bin/python" -W ignore "$here/openai_plane.py"
timeout 120 "$venv/bin/python" -W ignore "$here/ai_planes.py"

#!/bin/bash
# The Go SDK, pinned by go.sum (tests/e2e/go), with default settings through the proxy.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
command -v go >/dev/null || skip "go is not installed: the Go SDK was not tested (apt-get install golang, or see go.dev)"
program=$cache/go-story
mkdir -p "$cache"
(cd "$root/tests/e2e/go" && GOFLAGS=-mod=readonly go build -o "$program" .)
start_kvsim
make_group rg
timeout 240 "$program"

#!/bin/bash
# The Rust SDK, pinned by Cargo.lock (tests/e2e/rust), with default settings through the proxy.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
command -v cargo >/dev/null || skip "cargo is not installed: the Rust SDK was not tested (see rustup.rs)"
version=$(cargo --version | cut -d' ' -f2)
[ "$(printf '%s\n' 1.88 "$version" | sort -V | head -1)" = 1.88 ] || skip "cargo $version is older than 1.88, which the Rust SDK needs: it was not tested"
export CARGO_TARGET_DIR=$cache/rust
(cd "$root/tests/e2e/rust" && cargo build --quiet --locked)
start_kvsim
make_group rg
make_vault rg rust-vault
timeout 240 "$CARGO_TARGET_DIR/debug/story"

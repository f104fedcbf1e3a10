# shellcheck shell=sh
# Sourced by tools/run, tools/test and tools/check: installs what is missing, and says what.

# What the product is built from.
build_packages="gcc meson ninja-build pkg-config libc6-dev libssl-dev libevent-dev liblmdb-dev libjansson-dev libjose-dev libhttp-parser-dev libcurl4-openssl-dev libcurl4 ca-certificates curl"
# What its tests need beside that.
test_packages="libcmocka-dev openssl python3 python3-venv wrk"
# What tools/check needs beside that.
check_packages="clang clang-format clang-tidy cppcheck shellcheck libclang-rt-14-dev llvm"

need_packages() {
    missing=""
    for p in "$@"; do
        case $(dpkg-query -W -f='${Status}' "$p" 2>/dev/null) in
        *"install ok installed"*) ;;
        *) missing="$missing $p" ;;
        esac
    done
    if [ -z "$missing" ]; then
        return 0
    fi
    echo "Installing what is missing:$missing"
    as_root=""
    if [ "$(id -u)" != 0 ]; then
        as_root=sudo
    fi
    # shellcheck disable=SC2086
    $as_root apt-get update -qq && $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

# build_in FOLDER [meson options]: configures once, then builds.
build_in() {
    dir=$1
    shift
    if [ ! -f "$dir/build.ninja" ]; then
        echo "Configuring $dir"
        meson setup "$dir" "$@" >"$dir.log" 2>&1 || { cat "$dir.log"; return 1; }
        rm -f "$dir.log"
    fi
    ninja -C "$dir" >"$dir/ninja.log" 2>&1 || { cat "$dir/ninja.log"; return 1; }
}

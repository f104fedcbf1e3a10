#!/bin/sh
# docs/rules.md is what `providerd --print-rules page` prints; $1 is the page, the rest the program.
page=$1
shift
if "$@" --print-rules page | diff -u "$page" -; then
    exit 0
fi
echo "docs/rules.md is stale: providerd --print-rules page >docs/rules.md"
exit 1

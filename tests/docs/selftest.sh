#!/bin/sh
# selftest.sh - run.sh accepts a page that tells the truth and refuses one that does not.
set -u
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
failures=0

page() { # <what it says the command prints>
    printf 'Text.\n\n```console\n$ echo not tested\nno\n```\n<!-- test -->\n```console\n$ seq \\\n  3\n%s\n```\n' "$1" \
        > "$work/page.md"
    "$here/run.sh" "$work/page.md" > "$work/said.txt" 2>&1
}
accepts() { page "$1" || { echo "refused a true page"; cat "$work/said.txt"; failures=1; }; }
refuses() { page "$1" && { echo "accepted: $1"; failures=1; }; }

accepts '1
2
3'
accepts '1
...
3'
accepts '...'
refuses '1
2'
refuses '1
2
4'
refuses '1
...
2'
echo 'no block' > "$work/page.md"
"$here/run.sh" "$work/page.md" > /dev/null && { echo "accepted a page without a block"; failures=1; }
exit $failures

#!/bin/sh
# run.sh <page.md> ... - every block of a page that is marked for it must print what the page says:
#
#     <!-- test -->
#     ```console
#     $ architech run examples/mm1.json
#     ...
#     ```
#
# Commands (after "$ ", continued by a backslash at the end of a line) run in the root of the repository, with the built
# command first on the PATH. Times, rates and names of the machine may differ, see tests/normalise.sed; a line "..." on the
# page stands for any number of lines. Each page must have at least one such block. Nothing is left behind in the tree.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
bad=0

# A copy of what the pages talk about, so that files written by a command do not land in the checkout.
mkdir "$work/tree"
for name in examples docs scripts; do
    cp -R "$root/$name" "$work/tree/"
done

# script <page>: a shell script that runs the marked blocks and prints each as the page would show it
blocks() { awk -v want="$2" -f "$here/blocks.awk" "$1"; }

for page in "$@"; do
    case $page in /*) ;; *) page=$root/$page ;; esac
    blocks "$page" script > "$work/script.sh"
    blocks "$page" text | sed -E -f "$here/../normalise.sed" > "$work/page.txt"
    if [ ! -s "$work/page.txt" ]; then
        echo "$page: has no block marked <!-- test -->"
        bad=1
        continue
    fi
    (cd "$work/tree" && sh "$work/script.sh") < /dev/null 2>&1 | sed -E -f "$here/../normalise.sed" > "$work/run.txt"
    if ! awk -f "$here/match.awk" "$work/page.txt" "$work/run.txt"; then
        echo "$page: differs from what its commands print (- the page, + the run):"
        diff -u "$work/page.txt" "$work/run.txt" | tail -n +3
        bad=1
    fi
done
exit $bad

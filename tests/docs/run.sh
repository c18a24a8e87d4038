#!/bin/sh
# run.sh <page.md> ...    - every block of a page that is marked for it must print what the page says:
#
#     <!-- test -->
#     ```console
#     $ architech run examples/mm1.json
#     ...
#     ```
#
# run.sh -u <page.md> ... - write what they print into the page where it differs (the commit shows what changed). Blocks
#                           that leave lines out stay as they are and are named if they differ.
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

# A copy of what the pages talk about, so that files written by a command do not land in the checkout. What scripts/run
# would install and build is there already.
mkdir "$work/tree"
for name in examples docs scripts; do
    cp -R "$root/$name" "$work/tree/"
done
printf '#!/bin/sh\n' > "$work/tree/scripts/packages"
printf '#!/bin/sh\ndirname "$(command -v architech)"\n' > "$work/tree/scripts/build"

# blocks <page> <want> [number]: see blocks.awk
blocks() { awk -v want="$2" -v only="${3:-0}" -f "$here/blocks.awk" "$1"; }

# prints <page> [number]: what the commands of its blocks print, each after its command line
prints() {
    blocks "$1" script "${2:-0}" > "$work/script.sh"
    (cd "$work/tree" && sh "$work/script.sh") < /dev/null 2>&1
}
normal() { sed -E -f "$here/../normalise.sed"; }
matches() { awk -f "$here/match.awk" "$work/page.txt" "$work/run.txt"; }

update() { # <page>: its blocks, one after the other
    n_blocks=$(blocks "$1" count) k=0
    while [ $((k += 1)) -le "$n_blocks" ]; do
        prints "$1" $k > "$work/fresh.txt"
        normal < "$work/fresh.txt" > "$work/run.txt"
        blocks "$1" text $k | normal > "$work/page.txt"
        matches && continue
        if grep -qx '\.\.\.' "$work/page.txt"; then
            echo "$1: block $k leaves lines out and differs: mend it by hand"
            bad=1
            continue
        fi
        awk -v only=$k -f "$here/replace.awk" "$work/fresh.txt" "$1" > "$work/new.md" && cat "$work/new.md" > "$1"
        echo "$1: block $k written anew"
    done
}

check() { # <page>
    blocks "$1" text | normal > "$work/page.txt"
    if [ ! -s "$work/page.txt" ]; then
        echo "$1: has no block marked <!-- test -->"
        bad=1
        return
    fi
    prints "$1" | normal > "$work/run.txt"
    matches && return
    echo "$1: differs from what its commands print (- the page, + the run):"
    diff -u "$work/page.txt" "$work/run.txt" | tail -n +3
    bad=1
}

act=check
if [ "${1-}" = -u ]; then
    act=update
    shift
fi
for page in "$@"; do
    case $page in /*) ;; *) page=$root/$page ;; esac
    $act "$page"
done
exit $bad

#!/bin/sh
# run.sh <case folder>      run each line of <case>/args with architech inside the folder, compare with expected.txt
# run.sh -u <golden folder> rewrite expected.txt of every case (the commit shows what changed)
# args defaults to the one line "run design.json". After each command stands its exit status.
set -u
here=$(cd "$(dirname "$0")" && pwd)

command -v architech > /dev/null || { echo "golden/run.sh: no architech on the PATH" >&2; exit 2; }

answers() ( # of the case in folder $1
    cd "$1" || exit 3
    if [ -f args ]; then cat args; else echo "run design.json"; fi |
    while IFS= read -r line; do
        [ -n "$line" ] || continue
        echo "\$ architech $line"
        eval "architech $line" < /dev/null 2>&1
        echo "[exit $?]"
    done | sed -E -f "$here/../normalise.sed"
)

if [ "$1" = -u ]; then
    for folder in "$2"/*/; do
        answers "$folder" > "$folder/expected.txt"
    done
    exit 0
fi
answers "$1" | diff -u "$1/expected.txt" -

#!/bin/sh
# run.sh <case.json>     architech must refuse it: exit status 2, nothing on its output, on stderr the words of <case>.txt
# run.sh -u <bad folder> rewrite the .txt of every case (the commit shows what changed)
# A case is a design, in the folder sweeps a sweep file.
set -u

refuse() {
    case $(pwd) in
    */sweeps) timeout 20 architech sweep "$1" --dry-run ;;
    *) timeout 20 architech validate "$1" ;;
    esac
}

words() { # of the refusal of file $1, last line its exit status
    ( cd "$(dirname "$1")" && refuse "$(basename "$1")" < /dev/null 2>&1; echo "[exit $?]" )
}

if [ "$1" = -u ]; then
    for file in "$2"/*.json; do
        words "$file" > "${file%.json}.txt"
    done
    exit 0
fi
words "$1" | diff -u "${1%.json}.txt" - || exit 1
tail -n 1 "${1%.json}.txt" | grep -qx '\[exit 2\]' || { echo "bad/run.sh: $1 must be refused with exit status 2"; exit 1; }

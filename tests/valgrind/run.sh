#!/bin/sh
# run.sh - one example under valgrind: no leak, no read of what was not written. Exit status 77 without valgrind, and in a
# build with sanitizers, which does not run under it.
set -u
command -v valgrind > /dev/null && [ -z "${ARCH_SANITIZE-}" ] || exit 77
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

# A short run of the example: valgrind is fifty times slower.
sed -E 's/"duration": *"[^"]*"/"duration": "20s"/; s/"replications": *[0-9]+/"replications": 2/' examples/mm1.json \
    > "$work/mm1.json"
grep -q '"20s"' "$work/mm1.json" || { echo "valgrind/run.sh: examples/mm1.json sets no duration"; exit 1; }
for arguments in "validate $work/mm1.json" "run $work/mm1.json -o $work/mm1.h5" "diff $work/mm1.h5 $work/mm1.h5"; do
    # shellcheck disable=SC2086
    valgrind --quiet --leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect \
        --suppressions=tests/valgrind/suppressions.txt --error-exitcode=99 architech $arguments > "$work/out" 2>&1 < /dev/null
    status=$?
    if [ $status -gt 1 ] || grep -q '^==' "$work/out"; then # 1: an objective was missed in so short a run
        echo "architech $arguments: exit status $status"
        cat "$work/out"
        exit 1
    fi
done

#!/bin/sh
# run.sh threads|ranks <case.txt> - an example gives one digest however it is computed: in one block or many, on one thread or
# many, on any number of MPI ranks, with any compiler, debug or release. <case>.txt holds the options of the run (short
# enough for debug builds) and the digest; the design is examples/<case>.json.
# run.sh -u <folder>      - write the .txt of every example anew (the commit shows what changed)
set -u
cd "$(dirname "$0")/../.." || exit 2
failed=0

# digest <command>: what the run says its digest is. An objective missed (1) is an answer too.
digest() {
    "$@" < /dev/null 2> "$errors" > "$answer"
    status=$?
    if [ $status -gt 1 ]; then
        cat "$errors" >&2
        echo "exit status $status"
    else
        sed -n 's/^ *"digest": "\([0-9a-f]*\)".*/\1/p' "$answer"
    fi
}

same() { # <ways to run> -- <launcher ...>: the run gives the digest
    ways=$1
    shift
    # shellcheck disable=SC2086
    got=$(digest "$@" architech run "$design" --format json $options $ways)
    if [ "$got" != "$wanted" ]; then
        echo "$* architech run $design $options $ways: digest '$got', expected '$wanted'"
        failed=1
    fi
}

answer=$(mktemp) && errors=$(mktemp) || exit 2
trap 'rm -f "$answer" "$errors"' EXIT

if [ "$1" = -u ]; then
    for design in examples/*.json; do
        case=$2/$(basename "$design" .json).txt
        options=$(sed -n 1p "$case" 2> /dev/null)
        [ -n "$options" ] || options="--duration 1s --warmup auto --replications 2"
        # shellcheck disable=SC2086
        wanted=$(digest architech run "$design" --format json $options --threads 1)
        case $wanted in exit*) echo "$design: $wanted"; failed=1 ;; *) printf '%s\n%s\n' "$options" "$wanted" > "$case" ;; esac
    done
    exit $failed
fi

[ -f "$2" ] || { echo "$2: missing; the target digests-update writes it"; exit 1; }
design=examples/$(basename "$2" .txt).json
options=$(sed -n 1p "$2") wanted=$(sed -n 2p "$2")
case $1 in
threads)
    same "--threads 1" env
    same "--threads 2 --group 1" env
    same "--threads 1 --partitions 3" env
    for n in 2 3 4 8; do same "--threads $n --group $n --partitions $((n + 3))" env; done
    same "--threads 3 --group 3 --partitions 7 --executor conservative" env
    same "--threads 3 --group 3 --partitions 7 --executor optimistic" env
    ;;
ranks) # as many as threads have been tried on, for the example with all kinds of elements; few and many for the others
    case $design in *stage-3*) counts="1 2 3 4 8" ;; *) counts="2 8" ;; esac
    for n in $counts; do same "--group $n --partitions $n" "$ARCH_MPIEXEC" --oversubscribe -n $n; done
    same "--group 3 --partitions 5 --executor optimistic" "$ARCH_MPIEXEC" --oversubscribe -n 3
    case $design in *stage-3*)
        same "" "$ARCH_MPIEXEC" --oversubscribe -n 3
        same "--group 2 --partitions 9" "$ARCH_MPIEXEC" --oversubscribe -n 4 ;;
    esac
    ;;
esac
exit $failed

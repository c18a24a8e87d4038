#!/bin/sh
# run.sh <bench/ensemble> - on a GPU: every example, PHOLD and M/M/1 have the digests that they have on cores, experiments give
# the same answers, and what is asked of a GPU that it cannot do is refused. Exit status 77 without a GPU.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
ensemble=$1
replications=${GPU_REPLICATIONS:-32} duration=${GPU_DURATION---duration 5s --warmup 1s}
failed=0
fail() { echo "run.sh: $*"; failed=1; }

"$ensemble" --model mm1 --size 10 --members 1 --on gpu > /dev/null 2>&1
[ $? = 77 ] && { echo "skipped: no GPU"; exit 77; }

digest() { "$@" 2> /dev/null < /dev/null | grep '^digest'; }
same() { # <what> <digest> <digest>
    [ -n "$2" ] && [ "$2" = "$3" ] || fail "$1: \"$2\" on cores, \"$3\" on the GPU"
}
for design in "$root"/examples/*.json; do
    # shellcheck disable=SC2086
    set -- architech run "$design" --replications "$replications" $duration
    same "$design" "$(digest "$@" --executor cpu)" "$(digest "$@" --executor gpu)"
done
for size in 1 16 64 1024; do
    set -- "$ensemble" --model phold --size $size --end 20 --members 100 --threads 4
    same "phold $size" "$(digest "$@" --on cpu)" "$(digest "$@" --on gpu)"
done
for warp in 1 5 32; do
    set -- "$ensemble" --model mm1 --size 2000 --members 500 --threads 4 --per-warp $warp
    same "mm1 $warp" "$(digest "$@" --on cpu)" "$(digest "$@" --on gpu)"
done
two=$root/examples/stage-2-horizontal.json three=$root/examples/stage-3-read-replicas.json
set -- architech compare "$two" "$three" --duration 2s --warmup 500ms --replications 20
[ "$("$@" --executor cpu --threads 2 2> /dev/null)" = "$("$@" --executor gpu --threads 2 2> /dev/null)" ] ||
    fail "compare: not the same on the GPU"
architech run "$two" --executor gpu --partitions 2 > /dev/null 2>&1
[ $? = 2 ] || fail "partitions on a GPU: not refused"
exit $failed

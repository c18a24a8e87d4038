#!/bin/sh
# troubles.sh - with nvcc's own objects and cores in place of a GPU: one that has little memory takes more waves, one that
# fails is an error, a run that is stopped goes on later, ranks share several, and where there is none that is said, or done
# without. What the results are never depends on any of it.
set -u
failed=0
fail() { echo "troubles.sh: $*"; failed=1; }
folder=$(mktemp -d) || exit 3
trap 'rm -rf "$folder"' EXIT
design=$ARCH_SOURCE/examples/mm1.json
run() { # <name> <option ...>
    name=$1
    shift
    architech run "$design" --replications 48 --duration 2s --warmup 500ms "$@" > "$folder/$name.txt" 2> "$folder/$name.log"
}
digest() { grep '^digest' "$folder/$1.txt"; }
same() { [ -n "$(digest cores)" ] && [ "$(digest cores)" = "$(digest "$1")" ] || fail "$1: not the digest of cores"; }
says() { grep -q -- "$2" "$folder/$1.log" || fail "$1: does not say \"$2\" but: $(cat "$folder/$1.log")"; }

run cores --executor cpu || fail "cores: exit status $?"
run ample --executor gpu || fail "ample: exit status $?"
same ample
says ample 'GPU 0 (cores in place of it)'
says ample ' 1 wave'

ARCH_CORES_BYTES=4000000 run little --executor gpu || fail "little: exit status $?"
same little
says little ' waves'

ARCH_CORES_BYTES=20000 run tiny --executor gpu
[ $? = 3 ] || fail "tiny: not status 3"
says tiny 'has no memory for a single replication'

for launches in 0 1 2 3; do
    ARCH_CORES_FAILS=$launches run failing --executor gpu
    [ $? = 3 ] || fail "failing after $launches: not status 3"
    says failing 'GPU 0 (cores in place of it): .*unspecified launch failure (cudaErrorLaunchFailure)'
done

# Stopped once a checkpoint is there, in the midst of waves; it goes on from what was finished.
long() { # <name> <option ...>
    name=$1
    shift
    exec architech run "$design" --replications 4000 --duration 100s --warmup 10s --threads 2 \
        --checkpoint-dir "$folder/saved" "$@" > "$folder/$name.txt" 2> "$folder/$name.log"
}
(ARCH_CORES_BYTES=40000000 long stopped --executor gpu --checkpoint-every 500ms) &
stopped=$!
tries=0
while [ $tries -lt 600 ] && ! ls "$folder"/saved/*/run1-*/*.h5 > /dev/null 2>&1 && kill -0 $stopped 2> /dev/null; do
    sleep 0.1
    tries=$((tries + 1))
done
kill -TERM $stopped
wait $stopped
[ $? = 75 ] || fail "stopped: exit status $?, expected 75: $(cat "$folder/stopped.log")"
(long all --executor cpu) || fail "all: exit status $?"
(long resumed --executor gpu --resume auto) || fail "resumed: exit status $?"
[ -n "$(digest all)" ] && [ "$(digest all)" = "$(digest resumed)" ] || fail "resumed: not the digest of an undisturbed run"
says resumed 'going on from .*: [1-9][0-9]* of 4000 replications finished'

ARCH_CORES_GPUS=0 run none --executor gpu
[ $? = 2 ] || [ $? = 3 ] || fail "none: no error"
says none 'there is no GPU to run on: no driver is installed'
ARCH_CORES_GPUS=0 run auto --executor auto || fail "auto: exit status $?"
same auto

[ -z "$ARCH_MPIEXEC" ] || {
    ARCH_CORES_GPUS=2 "$ARCH_MPIEXEC" -n 2 architech run "$design" --replications 48 --duration 2s --warmup 500ms \
        --executor gpu > "$folder/ranks.txt" 2> "$folder/ranks.log" || fail "ranks: exit status $?"
    same ranks
    says ranks 'GPU 0 (cores in place of it)'
    says ranks 'GPU 1 (cores in place of it)'
}
exit $failed

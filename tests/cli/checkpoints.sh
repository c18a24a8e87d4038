#!/bin/sh
# checkpoints.sh - the command saves, stops, goes on and inspects: exit statuses, messages, the same digest on threads and on
# MPI ranks, and nothing half-written left behind.
set -u
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
failed=0
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_rmaps_base_oversubscribe=1

fail() { echo "cli/checkpoints.sh: $*"; sed 's/^/    /' out err; failed=1; }

# expect <status> <words on standard error> <command ...>
expect() {
    wanted=$1 words=$2
    shift 2
    timeout 100 "$@" > out 2> err < /dev/null
    status=$?
    [ $status -eq "$wanted" ] || fail "$*: exit status $status, expected $wanted"
    [ -z "$words" ] || grep -qF -- "$words" err || fail "$*: does not say '$words'"
}
prints() { grep -qE -- "$1" out || fail "standard output lacks '$1'"; }
same() { [ "$(grep '^digest' out)" = "$digest" ] || fail "another digest than that of one run, $digest"; }
whole() { [ -z "$(find saves -name '.tmp*' 2> /dev/null)" ] || fail "half-written: $(find saves)"; }

# stop <signal> <status> <command ...>: wait for a checkpoint, send the signal to the command
stop() {
    signal=$1 wanted=$2
    shift 2
    "$@" > out 2> err < /dev/null &
    n=0
    until ls saves/*/run* > /dev/null 2>&1 || [ $((n += 1)) -gt 600 ]; do sleep 0.05; done
    kill -"$signal" $!
    wait $!
    status=$?
    [ $status -eq "$wanted" ] || fail "SIG$signal: $*: exit status $status, expected $wanted"
    whole
}

cat > design.json << 'END'
{"architech": 1, "name": "two parts", "services": {"app": {"endpoints": {"serve": [{"cpu": "1ms"}, {"call": "db/get"}]}},
  "db": {"endpoints": {"get": [{"cpu": "1ms"}]}}}, "network": {"latency": "20ms"},
 "workloads": {"web": {"rate": "400/s", "mix": {"app/serve": 1}}}, "run": {"duration": "60s", "replications": 5}}
END
architech run design.json --threads 1 -o alone.h5 > out || fail "one run"
digest=$(grep '^digest' out)

# Nobody asked for checkpoints: nothing changes.
[ ! -e checkpoints ] || fail "makes a folder that nobody asked for"

# Stopped by each of the signals; gone on from on threads and on ranks. --duration makes it too long to be through before.
for signal in TERM USR1; do
    stop $signal 75 architech run design.json --duration 10000s --checkpoint-every 50ms --checkpoint-dir saves
    grep -q "stopped by SIG$signal and saved; go on with --resume auto --checkpoint-dir saves" err || fail "SIG$signal: no word of it"
    rm -rf saves
done
stop INT 3 architech run design.json --duration 10000s --checkpoint-every 50ms --checkpoint-dir saves
grep -q "no results were written" err || fail "SIGINT: says something else"
rm -rf saves

# Told before it knows the design: it waits for that at a pipe, and hears the signal nevertheless. Without checkpoints it ends.
mkfifo late.json
for signal in TERM USR1; do
    architech run late.json --duration 10000s --checkpoint-dir saves > out 2> err < /dev/null &
    exec 3> late.json
    kill -$signal $!
    cat design.json >&3
    exec 3>&-
    wait $!
    status=$?
    [ $status -eq 75 ] && ls saves/*/run1-group0-save1 > /dev/null || fail "SIG$signal before the design: exit status $status"
    rm -rf saves
done
architech run late.json --checkpoint-dir saves --resume auto > out 2> err < /dev/null &
exec 3> late.json
kill -USR1 $!
cat design.json >&3
exec 3>&-
wait $!
[ $? -eq 138 ] || fail "SIGUSR1 without checkpoints is caught"
rm -rf saves

# A run that is saved, and one that goes on from it: the same results, file and all.
expect 0 "checkpoint" architech run design.json --threads 2 --group 2 --partitions 2 --checkpoint-every-simulated 7s \
    --checkpoint-dir saves -o saved.h5
same
expect 0 "" architech diff alone.h5 saved.h5
for threads in 1 3; do
    expect 0 "going on from run1" architech run design.json --threads $threads --resume auto --checkpoint-dir saves -o again.h5
    same
    expect 0 "" architech diff alone.h5 again.h5
done
for ranks in 1 2 3; do
    expect 0 "going on from run" timeout 60 "$ARCH_MPIEXEC" --oversubscribe -n $ranks architech run design.json --resume auto \
        --checkpoint-dir saves -o again.h5
    same
    expect 0 "" architech diff alone.h5 again.h5
done
whole
rm -rf saves
expect 0 "checkpoint" timeout 60 "$ARCH_MPIEXEC" --oversubscribe -n 2 architech run design.json --group 2 --partitions 2 \
    --checkpoint-every-simulated 7s --checkpoint-dir saves
same
whole
[ "$(find saves -name 'rank-*.h5' | wc -l)" -eq "$((2 * $(ls -d saves/*/run* | wc -l)))" ] || fail "not a file for each rank"
expect 0 "going on from run1" architech run design.json --threads 2 --resume auto --checkpoint-dir saves
same

# More ranks than cores: those that rest hold no block, and what they read of the last checkpoint is not written again.
cat > chain.json << 'END'
{"architech": 1, "name": "chain", "services": {
  "a": {"endpoints": {"do": [{"cpu": "1ms"}, {"call": "b/do"}]}}, "b": {"endpoints": {"do": [{"cpu": "1ms"}, {"call": "c/do"}]}},
  "c": {"endpoints": {"do": [{"cpu": "1ms"}, {"call": "d/do"}]}}, "d": {"endpoints": {"do": [{"cpu": "1ms"}]}}},
 "network": {"latency": "20ms"}, "workloads": {"web": {"rate": "400/s", "mix": {"a/do": 1}}},
 "run": {"duration": "60s", "replications": 1}}
END
two=$(python3 -c "import os; print(*sorted(os.sched_getaffinity(0))[:2], sep=',')")
digest_of_two=$digest
architech run chain.json --threads 1 > out || fail "one run of a chain"
digest=$(grep '^digest' out)
for leg in "" "going on from run1" "going on from run2" "going on from run3"; do
    expect 0 "$leg" timeout 60 taskset -c "$two" "$ARCH_MPIEXEC" --oversubscribe --bind-to none -n 4 architech run chain.json \
        --group 4 --checkpoint-every-simulated 4s --checkpoint-dir chained --resume auto
    same
done
digest=$digest_of_two

# What is in it.
expect 0 "" architech inspect saves
prints '^saves/two-parts-[0-9a-f]{16}/run1-group0-save[0-9]+/rank-1.h5: sound$'
prints 'seed 1$'
prints '^  run        5 replications of 60 s, .* elements in 2 blocks$'
expect 0 "" architech inspect saves --format json
python3 -c "import json; d = json.load(open('out'))['checkpoints']; assert all(c['sound'] for c in d) and d[0]['files'] == 2
assert all(b['bytes'] / 2 < b['live_bytes'] <= b['bytes'] for c in d for b in c['begun']) and any(c['begun'] for c in d)" ||
    fail "inspect --format json"
expect 0 "" architech inspect alone.h5
same
expect 2 "no/such/folder" architech inspect no/such/folder

# Damaged: refused with the reason, or passed over.
save=$(ls -d saves/*/run* | sort -V | tail -1)
printf x | dd of="$save/rank-1.h5" bs=1 seek=3000 conv=notrunc 2> /dev/null
expect 2 "is damaged: it was cut short or changed" architech run design.json --resume "$save" --threads 1
expect 2 "is damaged" architech inspect saves
expect 0 "going back to an earlier checkpoint" architech run design.json --resume auto --checkpoint-dir saves --threads 1
same
expect 2 "is of seed 1, not 7" architech run design.json --seed 7 --resume "$(ls -d saves/*/run* | sort -V | head -1)"
expect 0 "starting from the beginning" architech run design.json --seed 7 --resume auto --checkpoint-dir saves

# A disk that takes nothing stops nobody.
expect 0 "the run goes on" architech run design.json --checkpoint-every-simulated 10s --checkpoint-dir /dev/null/saves
same
expect 0 "could not be written" architech run design.json --quiet --checkpoint-every-simulated 10s --checkpoint-dir /dev/null/saves

# Mistakes.
expect 2 "expected a time above 0" architech run design.json --checkpoint-every 0s
# How many replications a precision takes shows at its end: no checkpoint knows.
for precise in "--precision 5%" "--replications auto" "--set /run/precision=0.05"; do
    for saving in "--checkpoint-every 10s" "--checkpoint-every-simulated 1s" "--checkpoint-keep 2" "--resume auto"; do
        # shellcheck disable=SC2086
        expect 2 "writes no checkpoints and goes on from none" architech run design.json $precise $saving
    done
done
expect 2 "expected a whole number" architech run design.json --checkpoint-keep 0
exit $failed

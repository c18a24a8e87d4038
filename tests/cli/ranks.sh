#!/bin/sh
# ranks.sh - the command under an MPI launcher: one answer, one message, one exit status, whatever the number of ranks; the
# results file is written by all of them and is that of one rank.
set -u
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
failed=0
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_rmaps_base_oversubscribe=1

fail() { echo "cli/ranks.sh: $*"; sed 's/^/    /' out err; failed=1; }

# expect <status> <ranks> <command ...>
expect() {
    wanted=$1 ranks=$2
    shift 2
    timeout 60 "$ARCH_MPIEXEC" --oversubscribe -n "$ranks" "$@" > out 2> err < /dev/null
    status=$?
    [ $status -eq "$wanted" ] || fail "$ranks ranks: $*: exit status $status, expected $wanted"
}
once() { [ "$(cat out err | grep -cF -- "$1")" -eq 1 ] || fail "'$1' is not said exactly once"; }

cat > good.json << 'END'
{"architech": 1, "services": {"app": {"replicas": 3, "endpoints": {"serve": [{"cpu": "1ms"}]}}},
 "network": {"latency": "1ms"},
 "workloads": {"web": {"rate": "300/s", "mix": {"app/serve": 1}}}, "run": {"duration": "1s", "replications": 3}}
END
sed 's/"300\/s"/"-5"/; s/"replicas"/"replcas"/' good.json > bad.json
sed 's/"300\/s"/"900000\/s"/; s/"1s"/"1000s"/' good.json > flood.json
sed 's/"run"/"objectives": {"no": {"workload": "web", "mean": {"below": "1us"}}}, "run"/' good.json > missed.json

architech run good.json -o alone.h5 > alone.txt || fail "one process"
for ranks in 1 2 5; do
    expect 0 $ranks architech run good.json -o ranks.h5
    once "$(grep '^digest' alone.txt)"
    expect 0 1 architech diff alone.h5 ranks.h5
    expect 0 $ranks architech run good.json --group "$ranks" --partitions 3 -o ranks.h5
    once "$(grep '^digest' alone.txt)"
    expect 0 1 architech diff alone.h5 ranks.h5
done
sed 's/{"cpu": "1ms"}/{"cpu": {"exponential": {"mean": "1ms"}}}/' good.json > noisy.json
architech run noisy.json --precision 3% -q -o alone.h5 2> /dev/null || fail "a precision, one process"
for ranks in 2 5; do
    expect 0 $ranks architech run noisy.json --precision 3% -o ranks.h5
    once "Precision: web app/serve"
    once "after 10 replications"
    cp out ranks.txt
    expect 0 1 architech diff alone.h5 ranks.h5
    count=$(sed -n 's/.* x \([0-9]*\) replications.*/\1/p' ranks.txt)
    expect 0 $ranks architech run noisy.json --replications "$count" -o ranks.h5
    expect 0 1 architech diff alone.h5 ranks.h5
done
expect 1 3 architech run missed.json
once "$(grep '^digest' alone.txt)"
expect 2 3 architech run bad.json
once "/services/app/replcas"
once "/workloads/web/rate"
expect 2 3 architech run
once "expected one design"
expect 2 3 architech validate bad.json
once "/workloads/web/rate"
expect 0 3 architech validate good.json
once "ok"
expect 3 3 architech run good.json -o no/such/folder/run.h5
once "no/such/folder/run.h5: cannot be written"
expect 3 3 architech run flood.json --memory 16MiB --group 3
once "expected utilisation"
expect 3 3 architech run flood.json --memory 16MiB --group 1
once "expected utilisation"
# All ranks together are one worker, and answer what threads do; a design that cannot be read by any rank is one message.
cat > sweep.json << 'END'
{"architech_sweep": 1, "design": "good.json", "replications": 2, "metrics": ["web mean"],
 "axes": {"rate": {"pointer": "/workloads/web/rate", "values": ["100/s", "200/s", "300/s"]}}}
END
digest=$(architech sweep sweep.json --threads 1 | grep '^digest')
architech sweep sweep.json --workers 0 --listen 'tcp://127.0.0.1:*' > sweep.out 2> sweep.err &
sweep=$!
for _ in $(seq 100); do
    endpoint=$(sed -n 's/.*workers may connect to \(tcp:.*\)$/\1/p' sweep.err)
    [ -z "$endpoint" ] || break
    sleep 0.1
done
expect 0 3 architech worker --connect "$endpoint"
wait $sweep || { echo "cli/ranks.sh: a sweep by a group of ranks failed"; cat sweep.err; failed=1; }
[ -n "$digest" ] && grep -qxF "$digest" sweep.out || { echo "cli/ranks.sh: expected $digest"; cat sweep.out; failed=1; }
exit $failed

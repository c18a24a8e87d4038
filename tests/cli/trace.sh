#!/bin/sh
# trace.sh - traces of threads and of MPI ranks say what every rank did when (trace.py checks them against the engine's own
# statistics), and cost the answer nothing: the digest is that of a run without. Needs python3; else skipped (77).
set -u
here=$(cd "$(dirname "$0")" && pwd)
command -v python3 > /dev/null || exit 77
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
failed=0
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_rmaps_base_oversubscribe=1

cat > design.json << 'END'
{"architech": 1, "name": "a \"quoted\" name", "services": {"app": {"replicas": 3, "endpoints": {"serve": [{"cpu": "1ms"}]}}},
 "balancers": {"lb": {"to": "app"}}, "network": {"latency": "1ms"},
 "workloads": {"web": {"rate": "1000/s", "mix": {"lb/serve": 1}}}, "run": {"duration": "6s", "replications": 3}}
END
digest() { sed -n 's/^  "digest": "\(.*\)",$/\1/p' "$1"; }
architech run design.json --format json > plain.json || { echo "no answer at all"; exit 1; }

# check <ranks> <ranks at work> <command ...>: trace and statistics of the command, which runs on so many ranks
check() {
    ranks=$1 busy=$2
    shift 2
    rm -f trace.json answer.json
    timeout 100 "$@" architech run design.json --engine-stats --format json --trace trace.json \
        $how > answer.json 2> err < /dev/null || { echo "trace.sh: $* $how: exit status $?"; cat err; failed=1; return; }
    [ "$(digest answer.json)" = "$(digest plain.json)" ] || { echo "trace.sh: $* $how: another digest"; failed=1; }
    python3 "$here/trace.py" trace.json answer.json "$ranks" "$busy" || { echo "trace.sh: $* $how"; failed=1; }
}
how="--threads 1" check 1 1
how="--threads 3 --group 1" check 3 3
how="--threads 2 --group 2 --partitions 2 --executor conservative" check 2 2
mpi="$ARCH_MPIEXEC --oversubscribe -n"
how="--group 1" check 2 2 $mpi 2
how="--group 2 --partitions 2 --executor conservative" check 2 2 $mpi 2
how="--group 1 --replications 3" check 4 3 $mpi 4

# One that cannot be written is known before the run, and said once, on any number of ranks.
timeout 60 $mpi 2 architech run design.json --duration 9h --trace no/such/folder/trace.json > out 2> err < /dev/null
[ $? -eq 3 ] || { echo "trace.sh: an impossible trace: exit status is not 3"; failed=1; }
[ "$(grep -c "no/such/folder/trace.json: cannot be written" err)" -eq 1 ] || { echo "trace.sh: not said once"; failed=1; }
exit $failed

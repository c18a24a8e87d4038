#!/bin/sh
# sweep.sh - a sweep on the test cluster by scripts/slurm/sweep.sbatch: workers on both nodes; told by USR1 it goes back to the
# queue and on from its journal, and ends with the digest of a sweep that never met Slurm.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
cluster=$root/tests/slurm/cluster.sh
up=$("$cluster" up) || exit $?
eval "$up"
work=$(mktemp -d) || exit 2
job=
finish() {
    [ -z "$job" ] || scancel "$job" 2> /dev/null
    rm -rf "$work"
}
trap finish EXIT
cd "$work" || exit 2
chmod 755 .

fail() {
    echo "sweep.sh: $*"
    cat ./*.out 2> /dev/null
    exit 1
}
await() { # <tenths of a second> <what> <command ...>
    left=$1 what=$2
    shift 2
    until "$@" > /dev/null 2>&1; do
        [ $((left -= 1)) -gt 0 ] || fail "waited in vain until $what"
        sleep 0.1
    done
}
over() { case $(scontrol show job "$job" | sed -n 's/.*JobState=\([A-Z_]*\).*/\1/p') in COMPLETED | FAILED | CANCELLED | NODE_FAIL | TIMEOUT) ;; *) false ;; esac; }
says() { grep -qE -- "$1" ./*.out; }

cp "$root/examples/stage-2-horizontal.json" design.json
cat > sweep.json << 'END'
{"architech_sweep": 1, "design": "design.json", "replications": 4, "metrics": ["web lb/read mean"],
 "axes": {"rate": {"pointer": "/workloads/web/rate", "from": "100/s", "to": "1500/s", "steps": 60},
          "duration": {"pointer": "/run/duration", "values": ["40s"]}}}
END
digest=$(architech sweep sweep.json -o alone.h5 --threads 2 --no-progress | grep '^digest') || fail "no digest"

job=$(ARCHITECH_HOST=127.0.0.1 sbatch --parsable --nodes=2 --time=10 "$root/scripts/slurm/sweep.sbatch" sweep sweep.json -o out.h5) ||
    fail "not submitted"
await 1800 "there are answers" test -e out.h5.jobs/000001.h5
scancel --batch --signal=USR1 "$job"
await 900 "it was put back" says 'goes on when the queue has a place'
await 2400 "it is over" over
scontrol show job "$job" | grep -q 'ExitCode=0:0' || fail "it failed"
says "$digest" || fail "another digest than $digest"
[ ! -e out.h5.jobs ] || fail "its journal is still there"
h5diff alone.h5 out.h5 || fail "another file"
job=

#!/bin/sh
# gpu.sh - scripts/slurm/gpu.sbatch on the test cluster, which has no GPU: told to use cores, ranks on both nodes find the digest
# of a run that never met Slurm, and so does an experiment; told nothing, it says what is missing, and ends with 2.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
cluster=$root/tests/slurm/cluster.sh
up=$("$cluster" up) || exit $?
eval "$up"
unset OMPI_MCA_pml OMPI_MCA_btl CUDA_VISIBLE_DEVICES
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
chmod 755 .

fail() {
    echo "gpu.sh: $*"
    cat ./*.out 2> /dev/null
    exit 1
}
# job <exit status> <words in its output> <nodes> <what ...>
job() {
    wanted=$1 words=$2 nodes=$3
    shift 3
    rm -f ./*.out
    sbatch --wait --nodes="$nodes" --ntasks="$nodes" --time=10 "$root/scripts/slurm/gpu.sbatch" "$@" > submitted.txt
    status=$?
    [ $status = "$wanted" ] || fail "$*: exit status $status, expected $wanted"
    grep -qF -- "$words" ./*.out || fail "$*: does not say \"$words\""
}

cp "$root/examples/stage-2-horizontal.json" "$root/examples/stage-1-single.json" .
quick="--duration 20s --warmup 2s --replications 6"
# shellcheck disable=SC2086
{
    run=$(architech run stage-2-horizontal.json $quick --threads 1 | grep '^digest') || fail "no digest"
    compare=$(architech compare stage-1-single.json stage-2-horizontal.json $quick --threads 1 | grep 'digest' | head -1)
    ARCHITECH_EXECUTOR=cpu job 0 "$run" 2 run stage-2-horizontal.json $quick
    ARCHITECH_EXECUTOR=cpu job 0 "$compare" 1 compare stage-1-single.json stage-2-horizontal.json $quick
    job 2 "this job has no GPU" 1 run stage-2-horizontal.json $quick
    export CUDA_VISIBLE_DEVICES=0 # it says that there is one, and there is none
    job 2 "there is no GPU" 2 run stage-2-horizontal.json $quick
}

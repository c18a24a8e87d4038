#!/bin/sh
# same_digest.sh <phold> <mpiexec> - PHOLD gives one digest however it is computed: in one block or many, on threads or MPI
# ranks; and another digest for another seed.
set -u
phold=$1 mpiexec=$2
model="--lps 3000 --end 8 --remote 0.7"
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_rmaps_base_oversubscribe=1
failed=0

digest() { "$@" < /dev/null | sed -n 's/^digest //p'; }

expect() {
    wanted=$1
    shift
    got=$(digest "$@")
    if [ "$got" != "$wanted" ]; then
        echo "same_digest.sh: $*: digest '$got', expected '$wanted'"
        failed=1
    fi
}

reference=$(digest "$phold" $model)
[ -n "$reference" ] || { echo "same_digest.sh: no digest"; exit 1; }
for blocks in 2 3 7 100; do expect "$reference" "$phold" $model --blocks $blocks; done
for threads in 2 3 4 8; do expect "$reference" "$phold" $model --blocks 11 --threads $threads; done
for ranks in 2 3 4 8; do expect "$reference" "$mpiexec" -n $ranks --oversubscribe "$phold" $model --blocks 11; done
for threads in 1 2 3; do
    expect "$reference" "$phold" $model --blocks 24 --threads $threads --executor optimistic
done
for ranks in 2 3; do
    expect "$reference" "$mpiexec" -n $ranks --oversubscribe "$phold" $model --blocks 24 --executor optimistic
done
expect "$reference" "$mpiexec" -n 3 --oversubscribe "$phold" $model --blocks 2
for moving in balance wander; do
    expect "$reference" "$phold" $model --blocks 24 --threads 5 --moving $moving
    expect "$reference" "$mpiexec" -n 3 --oversubscribe "$phold" $model --blocks 24 --moving $moving
done
if [ "$(digest "$phold" $model --seed 2)" = "$reference" ]; then
    echo "same_digest.sh: the digest does not depend on the seed"
    failed=1
fi
exit $failed

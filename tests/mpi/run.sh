#!/bin/sh
# run.sh <mpiexec> <ranks> <first> <folder> <program> [arguments] - one run under MPI. Lines "digest ..." of its output are
# kept in <folder>; a run on <ranks> other than <first> must print those of the run on <first>.
set -u
mpiexec=$1 ranks=$2 first=$3 folder=$4
shift 4
mkdir -p "$folder"
out=$folder/n$ranks.txt
# What Open MPI leaves at its end lies in plugins that are unloaded by then, so no suppression can name it. Leaks of ours
# are looked for in the same code over threads.
ASAN_OPTIONS="detect_leaks=0:${ASAN_OPTIONS-}"
export ASAN_OPTIONS

# What MPI's plug-ins leave behind cannot be told from leaks of ours once they are unloaded; programs of one process tell.
export ASAN_OPTIONS=detect_leaks=0
"$mpiexec" -n "$ranks" --oversubscribe "$@" > "$out" 2> "$out.err" < /dev/null
status=$?
cat "$out" "$out.err"
[ $status -eq 0 ] || exit $status
grep '^digest' "$out" > "$folder/digest.n$ranks"
[ "$ranks" = "$first" ] && exit 0
if ! cmp -s "$folder/digest.n$first" "$folder/digest.n$ranks"; then
    echo "mpi/run.sh: digests on $first and on $ranks ranks differ:"
    diff "$folder/digest.n$first" "$folder/digest.n$ranks"
    exit 1
fi

#!/bin/sh
# experiments.sh - compare and sweep at the command line: answers and exit statuses, the same digest by workers and by
# threads, a sweep that is killed and begun again, files that others can read, JSON that obeys its schema.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
failed=0

fail() { echo "experiments.sh: $*"; failed=1; }
# expect <status> <words on either output> <command ...>
expect() {
    wanted=$1 words=$2
    shift 2
    "$@" > out.txt 2> err.txt < /dev/null
    status=$?
    [ $status = "$wanted" ] || { fail "$*: exit status $status, expected $wanted"; cat err.txt; }
    grep -qF -- "$words" out.txt err.txt || { fail "$*: does not say \"$words\""; cat out.txt err.txt; }
}

two=$root/examples/stage-2-horizontal.json three=$root/examples/stage-3-read-replicas.json
quick="--duration 2s --warmup 500ms --replications 3 --threads 2"

# compare
# shellcheck disable=SC2086
{
    expect 0 "where it arises" architech compare "$two" "$three" $quick
    expect 0 "set aside, all run as the base does" architech compare "$two" "$three" --replications 2 --threads 2
    expect 0 "only in stage-3-read-replicas: redis" architech compare "$two" "$three" $quick
    expect 0 "the same" architech compare "$two" "$two" $quick
    expect 0 "stage-3-read-replicas against stage-2-horizontal" architech compare "$two" "$three" "$two" $quick
    expect 2 "two or more designs" architech compare "$two"
    expect 2 "replications: found \"1\"" architech compare "$two" "$three" --replications 1
    expect 2 "/services/app/replicass" architech compare "$two" "$three" --set /services/app/replicass=3
    expect 2 "takes its whole duration" architech compare "$two" "$three" --duration 1s --warmup 1s
    expect 2 "cannot open" architech compare "$two" nowhere.json
    expect 3 "nowhere" architech compare "$two" "$three" $quick -o nowhere/out.h5
    architech compare "$two" "$three" $quick --format json -o compare.h5 > compare.json || fail "compare to files"
}
[ -s compare.h5 ] || fail "compare wrote no file"
if command -v python3 > /dev/null; then
    python3 "$here/schema.py" "$root/docs/architech-comparison.schema.json" compare.json || fail "JSON does not obey the schema"
fi

# capacity and sensitivity: one answer wherever it is simulated, and from a journal
small="--set /run/duration=4s --set /workloads/probe/rate=200/s"
# shellcheck disable=SC2086
{
    expect 0 "no more was tried" architech capacity "$two" $small --tolerance 20% --threads 2
    capacity=$(grep '^digest' out.txt)
    expect 0 "$capacity" architech capacity "$two" $small --tolerance 20% --workers 2 --journal capacity.jobs
    [ -e capacity.jobs ] && fail "the journal is left behind"
    expect 1 "are too much, and no load below" architech capacity "$two" --set /run/duration=1s \
        --set '/objectives/reads are quick/p95/below=1us' --tolerance 20% --threads 2
    expect 2 "must be above 1" architech capacity "$two" --overload 0.5 --threads 1
    expect 2 "a share, such as 95%" architech capacity "$two" --confidence 200%
    expect 2 "exclude each other" architech capacity "$two" --threads 1 --listen tcp://127.0.0.1:*
    expect 0 "Measure next: /" architech sensitivity "$two" $small --metric "web lb/read mean" --trajectories 6 --base 4 --threads 2
    sensitivity=$(grep '^digest' out.txt)
    expect 0 "$sensitivity" architech sensitivity "$two" $small --metric "web lb/read mean" --trajectories 6 --base 4 --workers 2
    expect 2 "there is no metric" architech sensitivity "$two" $small --metric "web lb/reed mean" --threads 1
    expect 2 "beginning of a JSON pointer" architech sensitivity "$two" --only db
    for command in capacity sensitivity; do
        architech $command "$two" $small --format json --threads 2 > answer.json 2> err.txt || { fail "$command"; cat err.txt; }
        ! command -v python3 > /dev/null || python3 -m json.tool answer.json > /dev/null || fail "$command: no JSON"
    done
}

# sweep
cat > sweep.json <<END
{"architech_sweep": 1, "design": "$two", "replications": 4, "metrics": ["web lb/read p95", "web lb/read mean"], "axes": {
  "replicas": {"pointer": "/services/app/replicas", "values": [1, 2, 3, 4, 5, 6, 7, 8]},
  "rate": {"pointer": "/workloads/web/rate", "from": "100/s", "to": "400/s", "steps": 2},
  "time": {"pointer": "/run/duration", "values": ["10s"]}}}
END
digest() { sed -n 's/^digest \([0-9a-f]*\) of.*/\1/p' "$1"; }
expect 0 "digest" architech sweep sweep.json --threads 2 -o threads.h5 --csv threads.csv
by_threads=$(digest out.txt)
[ -e threads.h5.jobs ] && fail "the journal is left behind"
[ "$(wc -l < threads.csv)" = 17 ] || fail "the CSV has $(wc -l < threads.csv) lines"
for n in 1 2; do
    expect 0 "digest $by_threads" architech sweep sweep.json --workers $n
done
expect 0 "points (cartesian)" architech sweep sweep.json --dry-run
expect 2 "web lb/reed p95" sh -c "sed 's|lb/read p95|lb/reed p95|' sweep.json > bad.json; architech sweep bad.json --threads 1"
expect 2 "expected one sweep file" architech sweep
expect 2 "\"text\" or \"csv\"" architech sweep sweep.json --format json

# Killed once some of its answers are kept, and begun again: the same end. A machine may be too fast for a short sweep.
for seconds in 10 60 360; do
    sed "s|\"10s\"|\"${seconds}s\"|" sweep.json > long.json
    rm -rf killed.h5 killed.h5.jobs
    architech sweep long.json --threads 1 -o killed.h5 > killed.txt 2>&1 &
    pid=$!
    while [ -z "$(find killed.h5.jobs -name '*.h5' 2> /dev/null)" ] && kill -0 $pid 2> /dev/null; do sleep 0.05; done
    kill -9 $pid 2> /dev/null
    wait $pid 2> /dev/null
    [ -e killed.h5 ] || break
done
[ -e killed.h5 ] && fail "the sweep was over before it was killed: nothing is proven"
[ -n "$(find killed.h5.jobs -name '*.h5' 2> /dev/null)" ] || fail "nothing was kept of the sweep that was killed"
expect 0 "digest" architech sweep long.json --threads 2 -o killed.h5
expect 0 "digest $(digest out.txt)" architech sweep long.json --threads 2 -o whole.h5
if command -v h5diff > /dev/null; then
    h5diff whole.h5 killed.h5 || fail "a sweep that was killed and begun again has another file"
fi
[ -e killed.h5.jobs ] && fail "the journal is left behind after the second run"
exit $failed

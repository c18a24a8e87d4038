#!/bin/sh
# run.sh - exit statuses and messages of the command: 0 done and objectives met, 1 an objective missed, 2 the input is at
# fault, 3 the machine is; every message on standard error, once, and nothing left behind.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 2
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work" || exit 2
failed=0

fail() { echo "cli/run.sh: $*"; sed 's/^/    /' out err; failed=1; }

# expect <status> <words on standard error, "" for none at all> <command ...>
expect() {
    wanted=$1 words=$2
    shift 2
    timeout 60 "$@" > out 2> err < /dev/null
    status=$?
    [ $status -eq "$wanted" ] || fail "$*: exit status $status, expected $wanted"
    if [ -z "$words" ]; then
        [ ! -s err ] || fail "$*: says something on standard error"
    else
        grep -qF -- "$words" err || fail "$*: does not say '$words'"
    fi
}
prints() { grep -qE -- "$1" out || fail "standard output lacks '$1'"; }
nothing_new() { [ "$(ls)" = "$files" ] || fail "files were left behind: $(ls)"; }

cat > good.json << 'END'
{"architech": 1, "services": {"app": {"endpoints": {"serve": [{"cpu": "1ms"}]}}},
 "workloads": {"web": {"rate": "100/s", "mix": {"app/serve": 1}}}, "run": {"duration": "2s", "replications": 3}}
END
sed 's/"run"/"objectives": {"quick": {"workload": "web", "mean": {"below": "LIMIT"}}}, "run"/' good.json > objective.json
sed 's/LIMIT/10ms/' objective.json > met.json
sed 's/LIMIT/10us/' objective.json > missed.json
sed 's/"rate": "100\/s"/"rate": "-5", "rte": 1/' good.json > bad.json
sed 's/100\/s/2000\/s/' good.json > overloaded.json
sed 's/"100\/s"/"200000\/s"/; s/"2s"/"1000s"/' good.json > flood.json
rm objective.json
touch out err
files=$(ls)

# Done, met and missed.
expect 0 "" architech run good.json
prints '^digest [0-9a-f]{16}$'
expect 0 "" architech run met.json
expect 1 "" architech run missed.json
expect 1 "" architech run --quiet missed.json
[ ! -s out ] || fail "--quiet prints"
expect 0 "" architech run good.json --format json
prints '^  "digest": "[0-9a-f]{16}"'
expect 0 "" architech run good.json --explain
prints '"discipline"'
expect 0 "" architech explain good.json
prints '"replications"'
expect 0 "" architech validate good.json
prints '^ok$'
expect 0 "" architech validate overloaded.json
prints 'warning: app needs 200 % of its cores'
expect 0 "" architech partition good.json -n 4
prints '^balance'
expect 0 "" architech partition good.json --dot -
prints '^graph architech'
nothing_new

# Settings from the command line.
expect 0 "" architech run good.json --seed 7 --replications 2 --duration 1s --warmup 100ms --threads 2 --group 1 --format json
prints '"replications": 2'
expect 0 "" architech run good.json --seed 7 --explain
prints '"seed": ("7"|7)'

# The input is at fault: the command line, the file, what stands in it. All problems in one go, each with its place.
expect 2 "Usage: architech" architech
expect 2 'there is no command "walk"' architech walk
expect 2 "there is no option --fast" architech run good.json --fast
expect 2 "there is no option -x" architech run good.json -x
expect 2 "--seed needs a value" architech run good.json --seed
expect 2 '--seed: found "-1", expected a whole number' architech run good.json --seed -1
expect 2 '--duration: found "5", expected a time' architech run good.json --duration 5
expect 2 '--format: found "xml", expected "text" or "json"' architech run good.json --format xml
expect 2 '--memory: found "lots", expected a size' architech run good.json --memory lots
expect 2 '--threads: found "0", expected' architech run good.json --threads 0
expect 2 '--executor: found "fast", expected "auto", "cpu", "gpu"' architech run good.json --executor fast
if ! nvidia-smi > /dev/null 2>&1; then # where there is a GPU, tests/gpu has more to say
    expect 2 "there is no GPU to run on" architech run good.json --executor gpu
    expect 2 "there is no GPU to run on" architech compare good.json good.json --executor gpu
fi
expect 2 "a GPU and workers exclude each other" architech capacity good.json --executor gpu --workers 2
expect 2 '--executor: found "optimistic", expected "auto", "cpu" or "gpu"' architech capacity good.json --executor optimistic
expect 2 "expected one design, found 0" architech run
expect 2 "expected one design, found 2" architech validate good.json good.json
expect 2 "expected two result files, found 1" architech diff a.h5
expect 2 "/run/warmup" architech run good.json --warmup 10s
expect 2 "missing.json" architech run missing.json
expect 2 "missing.h5" architech diff missing.h5 missing.h5
expect 2 "good.json" architech diff good.json good.json
expect 2 "architech: bad.json: /workloads/web/rate: " architech run bad.json -o bad.h5
expect 2 "architech: bad.json: /workloads/web/rte: " architech run bad.json -o bad.h5
[ "$(grep -c '^architech: ' err)" -eq 2 ] || fail "two problems, two lines"
[ ! -s out ] || fail "a bad design prints on standard output"
nothing_new

# The machine is at fault: found out before the run where that can be.
expect 3 "no/such/folder" architech run good.json -o no/such/folder/run.h5
mkdir folder
expect 3 "is a folder" architech run good.json -o folder
rmdir folder
if [ "$(id -u)" -ne 0 ]; then
    mkdir locked && chmod a-w locked
    expect 3 "cannot be written" architech run good.json -o locked/run.h5
    rmdir locked
fi
if [ -c /dev/full ]; then
    architech run good.json > /dev/full 2> err
    [ $? -eq 3 ] || fail "a full disk under standard output is no success"
    grep -q "standard output: No space left" err || fail "does not say that standard output is full"
fi
expect 3 "app holds" architech run flood.json --memory 16MiB
expect 3 "expected utilisation 200" architech run flood.json --memory 16MiB
nothing_new

# A trace is a file like the results: found to be impossible before the run, written whole or not at all.
expect 3 "no/such/folder" architech run flood.json --trace no/such/folder/trace.json
mkdir folder
expect 3 "is a folder, not a file to write a trace to" architech run flood.json --trace folder
rmdir folder
expect 2 "--trace needs a value" architech run good.json --trace
expect 2 '--output and --trace name the same file, "a.h5"' architech run good.json -o a.h5 --trace a.h5
expect 2 "/workloads/web/rate" architech run bad.json --trace trace.json
expect 0 "" architech run good.json --trace trace.json --explain
nothing_new
expect 1 "" architech run missed.json --quiet --trace trace.json
[ -s trace.json ] || fail "--quiet --trace writes nothing"
[ ! -s out ] || fail "--quiet --trace prints"
rm trace.json
nothing_new

# What the engine did, when asked for.
expect 0 "" architech run good.json --engine-stats
prints '^engine  sequential'
prints '^work '
expect 0 "" architech run good.json --engine-stats --format json
prints '^  "engine": \{'
expect 0 "" architech run good.json --format json
grep -q '"engine"' out && fail "statistics of the engine that nobody asked for"
nothing_new

# A reader that went away is no failure of ours.
architech run missed.json 2> err | true
[ ! -s err ] || fail "a closed pipe is complained about"

# Results: written whole or not at all, and comparable.
expect 0 "" architech run good.json -o one.h5 --threads 1
expect 0 "" architech run good.json -o two.h5 --threads 2
expect 0 "" architech diff one.h5 two.h5
prints '^equal'
expect 0 "" architech run good.json -o two.h5 --seed 2
expect 1 "" architech diff one.h5 two.h5
[ -s out ] || fail "diff does not say what differs"
rm one.h5 two.h5
nothing_new

# Stopped by a signal: said once, nothing written.
for signal in INT TERM; do
    architech run flood.json --memory 64GiB --threads 2 -o stopped.h5 > out 2> err &
    sleep 0.5
    kill -s $signal $!
    wait $!
    [ $? -eq 3 ] || fail "SIG$signal: exit status, expected 3"
    grep -q "stopped by SIG$signal" err || fail "does not say that SIG$signal stopped it"
done
nothing_new

# Help is for everyone, on standard output.
for command in run validate explain partition diff help version; do
    expect 0 "" architech help $command
    prints "^Usage: architech"
    cp out page
    expect 0 "" architech $command --help
    cmp -s out page || fail "architech $command --help and architech help $command differ"
    rm page
done
expect 0 "" architech --help
expect 0 "" architech --version
prints '^architech [0-9]+\.[0-9]+\.[0-9]+$'
exit $failed

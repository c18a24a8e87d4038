#!/bin/sh
# schema.sh - what the commands print as JSON, and the files that they read, obey the schemas of docs/; what lacks a member, has
# one more or another type does not. Needs python3; else skipped (77).
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
command -v python3 > /dev/null || exit 77
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
failed=0

fail() { echo "schema.sh: $*"; failed=1; }
schema() { echo "$root/docs/architech-$1.schema.json"; }
# obeys <schema> <file ...>; refuses <schema> <file> <change ...>, see schema.py
obeys() { what=$1; shift; python3 "$here/schema.py" "$(schema "$what")" "$@" || fail "something does not obey the schema of $what"; }
refuses() {
    what=$1 file=$2
    shift 2
    python3 "$here/schema.py" --refuse "$(schema "$what")" "$file" "$@" || fail "the schema of $what lets too much pass"
}
# answers <file> <arguments ...>: 1 is an answer, too: objectives are missed.
answers() {
    file=$1
    shift
    architech "$@" --format json > "$file" 2> "$work/err.txt"
    [ $? -le 1 ] || { fail "$*"; cat "$work/err.txt"; }
}

# run
for design in mm1 stage-3-read-replicas testapp-all; do
    answers "$work/$design.json" run "$root/examples/$design.json" --duration 2s --warmup auto
done
answers "$work/single.json" run "$root/examples/mm1.json" --duration 1s --replications 1 --warmup 100ms
answers "$work/engine.json" run "$root/examples/stage-3-read-replicas.json" --duration 200ms --warmup 50ms --threads 2 --group 2 \
    --executor conservative --engine-stats
obeys results "$work"/*.json
refuses results "$work/engine.json" 'a["engine"]["ranks"][0].pop("events")' 'a["engine"].update(more=1)' 'a.pop("digest")' \
    'a["engine"]["ranks"][0].update(events=5)' 'a["operations"][0].update(mean_ns=5)'

# experiments
two=$root/examples/stage-2-horizontal.json
few="--set /run/duration=2s --set /run/warmup=500ms --set /workloads/probe/rate=200/s --threads 2"
# shellcheck disable=SC2086
{
    answers "$work/comparison" compare "$two" "$root/examples/stage-3-read-replicas.json" --duration 1s --warmup 200ms --replications 3
    answers "$work/carried" capacity "$two" $few --tolerance 50%
    answers "$work/missed" capacity "$two" $few --tolerance 50% --set '/objectives/reads are quick/p95/below=1us'
    answers "$work/sensitivity" sensitivity "$two" $few --metric "web lb/read mean" --trajectories 4 --base 4 --most 2
    answers "$work/plan" plan "$two" --change "$root/examples/plan/stage-2-changes.json" $few --most 16
    answers "$work/none" plan "$two" --change "$root/examples/plan/stage-2-changes.json" $few --most 16 \
        --set '/objectives={"never": {"workload": "web", "operation": "lb/read", "p95": {"below": "1us"}}}'
}
obeys comparison "$work/comparison"
refuses comparison "$work/comparison" 'a["designs"][0].pop("digest")' 'a["comparisons"][0]["metrics"][0].update(effect="?")'
obeys capacity "$work/carried" "$work/missed"
refuses capacity "$work/carried" 'a.pop("knee")' 'a.update(more=1)' 'a["points"][0].update(verdict="?")' 'a.update(requests=5)' \
    'a["points"][0]["mean_ns"].pop("half_width")' 'a["capacity"].update(carried="1")' 'a.pop("recovery")'
obeys sensitivity "$work/sensitivity"
refuses sensitivity "$work/sensitivity" 'a["parameters"][0].pop("total")' 'a.update(parameters=[])' 'a.update(measure_next="db")' \
    'a["parameters"][0].update(total=0.5)' 'a.update(points="5")' 'a.update(more=1)'
obeys plan "$work/plan" "$work/none"
refuses plan "$work/plan" 'a.pop("nearest")' 'a.update(answer=-1)' 'a["cases"][0].update(verdict="?")' 'a.update(cases=[])' \
    'a["changes"][0]["options"][0].update(cost=5)' '[c for c in a["cases"] if c["verdict"] == "feasible"][0].pop("reason")' \
    '[c for c in a["cases"] if c["verdict"] == "dominated"][0].pop("by")' 'a["simulated"].update(requests=5)' 'a.update(more=1)'

# files that are read
obeys design "$root"/examples/*.json "$root/examples/embed/flash-crowd.json" "$root"/tests/golden/*/design.json
refuses design "$two" 'a.pop("architech")' 'a["services"]["app"].update(replicass=1)' 'a["services"]["app"].update(cores="many")' \
    'a["databases"]["db"]["queries"]["find"].update(cpu=5)'
n=0
for method in '"paired"' '{"latin_hypercube": {"points": 8, "seed": 5}}' '{"sobol": {"points": 8}}'; do
    n=$((n + 1))
    cat > "$work/$n.sweep" << END
{"architech_sweep": 1, "design": {"architech": 1}, "method": $method, "axes": {
  "a": {"pointer": "/services/app/replicas", "from": 1, "to": 4, "whole": true}, "b": {"pointers": ["/x", "/y"], "values": [1, "2s"]}}}
END
done
obeys sweep "$root/examples/experiments/sweep.json" "$work"/*.sweep
refuses sweep "$root/examples/experiments/sweep.json" 'a.pop("axes")' 'a.update(axes={})' 'a.update(replications=0)' \
    'a.update(method="guess")' 'a.update(method={"sobol": {}})' 'list(a["axes"].values())[0].update(more=1)' \
    'list(a["axes"].values())[0].update(pointers=["/x"])' 'list(a["axes"].values())[0].update(pointer="x")'
obeys changes "$root/examples/plan/stage-2-changes.json"
refuses changes "$root/examples/plan/stage-2-changes.json" 'a.update(changes=[])' 'a["changes"][0].pop("name")' \
    'a["changes"][0].update(cost="a lot")' 'a["changes"][0].update(boring=0)' 'a.update(more=1)'
exit $failed

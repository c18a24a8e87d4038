#!/bin/sh
# plan.sh - architech plan: exit statuses, what it refuses, the same words from workers and from threads.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
failures=0
design=$root/examples/stage-2-horizontal.json

fail() { echo "$1"; failures=1; }
changes() { # <list>: a file of changes
    printf '{"architech_changes": 1, "changes": [%s]}\n' "$1" > "$work/changes.json"
}
plan() { # <status> <arguments>: its words in out.txt and err.txt
    want=$1
    shift
    architech plan "$design" --change "$work/changes.json" --set /run/duration=2s --set /run/warmup=500ms "$@" \
        > "$work/out.txt" 2> "$work/err.txt"
    got=$?
    [ $got = "$want" ] || { fail "plan $*: exit status $got, expected $want"; cat "$work/err.txt"; }
}
says() { grep -qF -- "$2" "$work/$1.txt" || { fail "expected \"$2\" in"; cat "$work/$1.txt"; }; }

replicas='{"name": "app replicas", "pointer": "/services/app/replicas", "values": [2, 3, 4], "cost": "$30/month"}'
lenient='/objectives={"reads are quick": {"workload": "web", "operation": "lb/read", "p95": {"below": "50ms"}}}'
strict='/objectives={"reads are quick": {"workload": "web", "operation": "lb/read", "p95": {"below": "1ms"}}}'

changes "$replicas"
plan 0 --threads 2 --set "$lenient" -o "$work/plan.h5"
says out '2 app replicas meet all objectives at 95 % confidence for $60 a month.'
[ -s "$work/plan.h5" ] || fail "plan -o wrote no file"
cp "$work/out.txt" "$work/threads.txt"
plan 0 --workers 2 --set "$lenient"
cmp -s "$work/out.txt" "$work/threads.txt" || { fail "workers and threads differ"; diff "$work/out.txt" "$work/threads.txt"; }
plan 1 --threads 2 --most 16 --set "$strict"
says out 'None of 3 configurations is shown to meet all objectives'
plan 2 --threads 2 --confidence 40%
says err 'a share above 50%'
changes '{"name": "x", "set": {"/services/ap/cores": 2}, "cost": 0}'
plan 2
says err '/changes/0/set: with "with" the design is not sound'
says err 'did you mean "app"?'
architech plan "$design" > "$work/out.txt" 2> "$work/err.txt"
[ $? = 2 ] || fail "plan without --change is accepted"
says err 'expected --change FILE'
exit $failures

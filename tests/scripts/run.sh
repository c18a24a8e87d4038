#!/bin/sh
# run.sh - scripts/run from another folder, twice, with a design of the caller's folder; its exit status is the answer's.
# Only where the build under test is the one that scripts/run uses; elsewhere skipped (77).
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
[ "$ARCH_BUILD" = "$root/build/release" ] || exit 77
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
failed=0

expect() { # <exit status> <words in the answer> <arguments>
    wanted=$1 words=$2
    shift 2
    "$root/scripts/run" "$@" > answer 2>&1 < /dev/null
    status=$?
    if [ $status -ne "$wanted" ] || ! grep -q "$words" answer; then
        echo "scripts/run $*: exit status $status, expected $wanted and \"$words\":"
        cat answer
        failed=1
    fi
}

cat > "my design.json" << 'END'
{"architech": 1, "name": "mine", "run": {"duration": "100s", "replications": 2},
 "services": {"web": {"endpoints": {"get": [{"cpu": "1ms"}]}}},
 "workloads": {"users": {"rate": "100/s", "mix": {"web/get": 1}}},
 "objectives": {"room": {"element": "web", "utilisation": {"below": 0.5}}}}
END
expect 0 "^digest" "my design.json"
expect 0 "^digest" "./my design.json" -o mine.h5
[ -s mine.h5 ] || { echo "scripts/run -o: wrote nothing"; failed=1; }
sed 's/"below": 0.5/"below": 0.05/' "my design.json" > late.json
expect 1 MISSED late.json
expect 2 "missing.json: cannot open" missing.json
expect 2 "there is no option" late.json --frobnicate
expect 2 "expected a whole number" late.json --restarts
expect 1 MISSED late.json --restarts 2
grep -q "starting again" answer && { echo "scripts/run --restarts: starts again for nothing"; failed=1; }
"$root/scripts/run" late.json --restarts 1 --duration 100000s --checkpoint-every 100ms > answer 2>&1 < /dev/null &
for attempt in 1 2; do
    n=0
    until { pid=$(pgrep -P $!) && [ -n "$(ls checkpoints/mine-*/run$attempt-* 2> /dev/null)" ]; } || [ $((n += 1)) -gt 200 ]; do
        sleep 0.05
    done
    kill -9 "$pid"
done
wait $!
[ $? -eq 137 ] && [ "$(grep -c "starting again" answer)" -eq 1 ] && grep -q "going on from run1" answer ||
    { echo "scripts/run --restarts 1: killed twice:"; cat answer; failed=1; }
rm -rf checkpoints
"$root/scripts/run" --duration 1s --replications 2 < /dev/null 2>&1 | grep -q "^stage-2-horizontal" ||
    { echo "scripts/run without a design does not run the main example"; failed=1; }
exit $failed

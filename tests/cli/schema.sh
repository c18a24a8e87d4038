#!/bin/sh
# schema.sh - what `architech run --format json` prints obeys docs/architech-results.schema.json, with and without statistics
# of the engine; an answer that lacks a member or has one more does not. Needs python3; else skipped (77).
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
command -v python3 > /dev/null || exit 77
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
failed=0

check() { python3 "$here/schema.py" "$root/docs/architech-results.schema.json" "$@"; }
fail() { echo "schema.sh: $*"; failed=1; }

for design in mm1 stage-3-read-replicas testapp-all; do
    architech run "$root/examples/$design.json" --duration 2s --warmup auto --format json > "$work/$design.json"
done
architech run "$root/examples/mm1.json" --duration 1s --replications 1 --warmup 100ms --format json > "$work/single.json"
architech run "$root/examples/stage-3-read-replicas.json" --duration 200ms --warmup 50ms --threads 2 --group 2 --executor conservative \
    --engine-stats --format json > "$work/engine.json"
check "$work"/*.json || fail "an answer does not obey the schema"
python3 - "$root/docs/architech-results.schema.json" "$work" << 'END' || fail "the schema lets too much pass"
import json, subprocess, sys
# It can fail: each of these is an answer spoilt in one place.
spoilt = [lambda a: a["engine"]["ranks"][0].pop("events"), lambda a: a["engine"].update(more=1), lambda a: a.pop("digest"),
          lambda a: a["engine"]["ranks"][0].update(events=5), lambda a: a["operations"][0].update(mean_ns=5)]
passed = 0
for i, spoil in enumerate(spoilt):
    answer = json.load(open(f"{sys.argv[2]}/engine.json"))
    spoil(answer)
    json.dump(answer, open(f"{sys.argv[2]}/spoilt", "w"))
    command = [sys.executable, sys.argv[1].replace("docs/architech-results.schema.json", "tests/cli/schema.py"), sys.argv[1],
               f"{sys.argv[2]}/spoilt"]
    passed += subprocess.run(command, stdout=subprocess.DEVNULL).returncode == 0
sys.exit(passed)
END
exit $failed

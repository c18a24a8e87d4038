#!/bin/bash
# workers.sh - the commands around workers: keys that are made once and kept, workers that say why they leave, and a run that is
# watched while it goes on, with keys and without, on a terminal that is left as it was.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
failed=0

fail() { echo "cli/workers.sh: $*"; sed 's/^/    /' out err; failed=1; }

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

# Keys.
expect 0 "" architech keys k laptop cluster
prints '^k/laptop\.key +secret'
[ "$(stat -c %a k/coordinator.key k/laptop.key k/cluster.key | sort -u)" = 600 ] || fail "others may read secret keys"
[ "$(ls k/allowed)" = "$(printf 'cluster.pub\nlaptop.pub')" ] || fail "not all are let in"
cp -r k before
expect 0 "" architech keys k laptop
prints 'was there'
diff -r k before > out || fail "keys that were there have changed"
expect 2 'expected a name' architech keys k a/b

# Workers that cannot work.
expect 2 '--connect ENDPOINT is missing' architech worker
expect 2 'needs keys' architech worker --connect tcp://203.0.113.1:5555
expect 2 'go together' architech worker --connect tcp://127.0.0.1:1 --key k/laptop.key
expect 2 'nothing.key: No such file' architech worker --connect tcp://127.0.0.1:1 --key nothing.key --server-key k/coordinator.pub
expect 2 'has a secret key' architech worker --connect tcp://127.0.0.1:1 --key k/laptop.key --server-key k/coordinator.key
chmod 644 k/cluster.key
expect 2 'chmod 600 k/cluster.key' architech worker --connect tcp://127.0.0.1:1 --key k/cluster.key --server-key k/coordinator.pub
chmod 600 k/cluster.key
expect 2 'expected an endpoint' architech worker --connect nowhere
expect 3 'nothing heard of a coordinator for 0.2 s' architech worker --connect ipc://nobody --patience 200ms
expect 2 'expected a time' architech worker --connect ipc://nobody --patience soon

# A worker that is told to leave does so at once, with status 0.
architech worker --connect ipc://nobody > out 2> err &
worker=$!
sleep 0.3
kill -TERM $worker
wait $worker || fail "a worker that is told to leave has status $?"

# A run that is watched.
cat > design.json << 'END'
{"architech": 1, "services": {"app": {"endpoints": {"serve": [{"cpu": "1ms"}]}}},
 "workloads": {"web": {"rate": "500/s", "mix": {"app/serve": 1}}}, "run": {"duration": "100000s", "replications": 2}}
END
expect 2 'needs keys' architech run design.json --show 'tcp://0.0.0.0:*'
expect 2 '--show, which is missing' architech run design.json --key k/coordinator.key --allow k/allowed

watched() { # <options of run> -- <options of top>: what top --once prints of it
    local of_run=()
    while [ "$1" != -- ]; do of_run+=("$1"); shift; done
    shift
    architech run design.json --no-progress --show ipc://run.show "${of_run[@]}" > run.out 2> run.err &
    run=$!
    expect "$1" "$2" architech top ipc://run.show --once "${@:3}"
    kill -INT $run
    wait $run
    [ ! -e run.show ] || fail "the run left its endpoint behind"
}
watched -- 0 "" --patience 20s
prints '^design.json +[0-9.]+ %.*events/s'
watched --key k/coordinator.key --allow k/allowed -- 0 "" --key k/laptop.key --server-key k/coordinator.pub
prints '^design.json'
architech keys other stranger > out
watched --key k/coordinator.key --allow k/allowed -- 3 'does not take this key' --key other/stranger.key \
    --server-key k/coordinator.pub
# A command that is killed says no last word: top ends all the same, long before its patience does.
architech run design.json --no-progress --show ipc://run.show > run.out 2> run.err &
run=$!
timeout 100 architech top ipc://run.show --patience 10min > out 2> err &
top=$!
for _ in $(seq 500); do grep -q left out && break; sleep 0.1; done
kill -KILL $run
wait $run 2> err
wait $top || fail "top waits for a command that was killed: exit status $?"
prints 'left  gone$'
rm -f run.show
expect 3 'nothing heard for 0.2 s' architech top ipc://nobody --patience 200ms

# On a terminal: the other screen is entered and left again, the cursor is shown again.
architech run design.json --no-progress --show ipc://run.show > run.out 2> run.err &
run=$!
python3 - > out 2> err << 'END' || fail "top on a terminal"
import os, pty, select, signal, time
pid, terminal = pty.fork()
if pid == 0:
    os.execlp("architech", "architech", "top", "ipc://run.show")
seen, until, told = b"", time.time() + 30, False
while time.time() < until:
    if select.select([terminal], [], [], 0.1)[0]:
        try:
            more = os.read(terminal, 65536)
        except OSError:
            break
        if not more:
            break
        seen += more
    if not told and b" left" in seen:
        os.kill(pid, signal.SIGINT)
        told = True
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(seen.decode(errors="replace"))
assert status == 0 and told, status
assert seen.count(b"\x1b[?1049h") == 1 and seen.count(b"\x1b[?1049l") == 1 and seen.count(b"\x1b[?25h") == 1
assert b"\x1b" not in seen.split(b"\x1b[?1049l")[1]
END
kill -INT $run
wait $run
exit $failed

"""trace.py TRACE.json ANSWER.json RANKS BUSY - is the trace what a viewer needs, and what the engine's statistics say?

Every rank has a named track; spans of a track do not overlap and have known names; those of RUN and WAIT take no longer than
the rank was at work; their events are those of the rank; replications are marked."""
import json
import sys

trace = json.load(open(sys.argv[1]))
engine = json.load(open(sys.argv[2]))["engine"]
n_ranks, n_busy = int(sys.argv[3]), int(sys.argv[4])
KINDS = {"run", "mail", "wait", "back", "move", "save"}
failures = 0


def check(holds, what):
    global failures
    if not holds:
        failures += 1
        print("trace.py:", what)


def ns(microseconds):
    return round(microseconds * 1000)


def check_rank(rank, spans, marks):
    statistics = engine["ranks"][rank]
    spans.sort(key=lambda e: ns(e["ts"]))
    for before, after in zip(spans, spans[1:]):
        check(ns(before["ts"]) + ns(before["dur"]) <= ns(after["ts"]), f"rank {rank}: spans overlap at {after['ts']} us")
    seconds = {kind: sum(ns(e["dur"]) for e in spans if e["name"] == kind) * 1e-9 for kind in KINDS}
    wall, slack = statistics["wall_seconds"], 1e-9 * (len(spans) + 1000)
    check(sum(seconds.values()) <= wall + slack, f"rank {rank}: {seconds} are longer than {wall} s")
    check(abs(seconds["wait"] - statistics["wait_seconds"]) <= slack, f"rank {rank}: waits {seconds['wait']} s")
    check(sum(e["args"]["events"] for e in spans) == int(statistics["events"]), f"rank {rank}: events are missing")
    check(all(0 <= e["args"]["simulated_s"] for e in spans), f"rank {rank}: simulated time")
    check(all(e["args"]["merged"] >= 1 for e in spans), f"rank {rank}: spans that stand for none")
    check(len(marks) == statistics["replications"], f"rank {rank}: {len(marks)} replications are marked")
    check(all(e["name"].startswith("replication ") for e in marks), f"rank {rank}: other marks")
    check((len(spans) > 0 and seconds["run"] > 0) == (int(statistics["events"]) > 0), f"rank {rank}: ran or not")


def main():
    events = trace["traceEvents"]
    named = {e["tid"]: e["args"]["name"] for e in events if e["ph"] == "M" and e["name"] == "thread_name"}
    hosts = {e["pid"]: e["args"]["name"] for e in events if e["ph"] == "M" and e["name"] == "process_name"}
    check(named == {rank: f"rank {rank}" for rank in range(n_ranks)}, f"tracks are {named}")
    check(set(hosts.values()) == {r["host"] for r in engine["ranks"]}, f"processes are {hosts}")
    check({e["ph"] for e in events} == {"M", "X", "i"}, "phases")
    spans = [e for e in events if e["ph"] == "X"]
    check({e["name"] for e in spans} <= KINDS, "names of spans")
    check(all(e["pid"] in hosts and e["tid"] in named for e in events if e["ph"] != "M"), "spans without a track")
    check(len({e["tid"] for e in spans}) == n_busy, f"{n_busy} ranks should have something to do")
    for rank in range(n_ranks):
        marks = [e for e in events if e["ph"] == "i" and e["tid"] == rank]
        check_rank(rank, [e for e in spans if e["tid"] == rank], marks)
    other = trace["otherData"]
    check(other["spans_written"] == len(spans), "spans_written")
    check(other["spans_noted"] == sum(e["args"]["merged"] for e in spans), "spans_noted")
    check(len(spans) <= 16384 * n_ranks, "the trace is not bounded")


main()
sys.exit(failures != 0)

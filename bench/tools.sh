#!/bin/sh
# tools.sh - bench/versus and bench/table: a ratio that is known, what they refuse, and one row of the table, in which the
# engine's runs and the floor must agree. Exit status 77 without python3.
set -u
cd "$(dirname "$0")/.." || exit 2
command -v python3 > /dev/null || exit 77
failed=0

expect() { # <exit status> <words in the answer> <command ...>
    wanted=$1 words=$2
    shift 2
    answer=$("$@" 2>&1 < /dev/null)
    status=$?
    if [ $status -ne "$wanted" ] || ! echo "$answer" | grep -q -- "$words"; then
        echo "$*: exit status $status, expected $wanted and \"$words\":"
        echo "$answer"
        failed=1
    fi
}

expect 0 "^ratio 3.0000$" bench/versus --pairs 2 'echo events/s 6e6' 'echo events_per_second 2,000,000'
expect 0 "^ratio 0.5000$" bench/versus --pairs 1 --less-is-better --pattern 'took ([0-9]+)' 'echo took 4' 'echo took 2'
expect 0 "^ratio_covered 0.969$" bench/versus --pairs 6 'echo events/s 1' 'echo events/s 1'
expect 2 "exit status 3" bench/versus 'exit 3' 'echo events/s 1'
expect 2 "no figure" bench/versus 'echo events/s 1' 'echo none'
expect 2 "must have 1" bench/versus --pattern '[0-9]' 'echo 1' 'echo 1'
expect 2 "at least 1" bench/versus --pairs 0 'echo events/s 1' 'echo events/s 1'
expect 2 "required" bench/versus 'echo events/s 1'
expect 0 "^usage" bench/versus --help
expect 2 "no program" bench/table --build nowhere
expect 2 "no row" bench/table --build "$ARCH_BUILD" --rows 77
expect 0 "^usage" bench/table --help
[ -n "${ARCH_SANITIZE-}" ] || expect 0 "^| 1,024 |" bench/table --build "$ARCH_BUILD" --quick --repetitions 1 --rows "1,024"
expect 0 "^usage" bench/generate --help
expect 2 "at least as many links as components" bench/generate --components 1000 --links 10
expect 1 "need at least" bench/generate --components 1000 --links 1000
expect 0 "^usage" bench/size --help
expect 0 "^usage" bench/checkpoints --help
expect 2 "no program" bench/checkpoints --build nowhere
expect 1 "none was written" bench/checkpoints --build "$ARCH_BUILD" --users 1000 --duration 10 --every 1h
expect 0 "^| 0.00" bench/checkpoints --build "$ARCH_BUILD" --users 20000 --duration 20 --recut
expect 2 "no program" bench/size --build nowhere
work=$(mktemp -d) || exit 2
trap 'rm -r "$work"' EXIT
expect 0 "" bench/generate --components 500 --seed 7 --named 0.5 --replicas 2 -o "$work/a.json"
expect 0 "" bench/generate --components 500 --seed 7 --named 0.5 --replicas 2 -o "$work/b.json"
expect 0 "" cmp "$work/a.json" "$work/b.json"
expect 0 "" bench/generate --preset services-200 -o "$work/s.json"
if [ -x "$ARCH_BUILD/architech" ]; then
    expect 0 "^ok$" "$ARCH_BUILD/architech" validate "$work/a.json"
    expect 0 "^ok$" "$ARCH_BUILD/architech" validate "$work/s.json"
fi
[ -n "${ARCH_SANITIZE-}" ] || expect 0 "^| mm1 |" bench/table --build "$ARCH_BUILD" --repetitions 1 --rows design
exit $failed

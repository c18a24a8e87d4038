#!/bin/sh
# instructions.sh - instructions per event, counted by callgrind, against the limits of instructions.txt.
# A count is the difference of two runs' instructions over the difference of their events, so what a start costs cancels.
# Exit status 1 when one is above its limit; 77 ("skipped") without valgrind, or with a compiler that nobody has measured.
# Reads the build folder $ARCH_BUILD, the sanitizers $ARCH_SANITIZE and the compiler $ARCH_COMPILER, such as gcc-12.
set -u
cd "$(dirname "$0")/.." || exit 2
limits=${1:-bench/instructions.txt}
slack=5 # per cent
command -v valgrind > /dev/null && [ -z "${ARCH_SANITIZE-}" ] || exit 77
if ! grep -qx "compiler ${ARCH_COMPILER-}" "$limits"; then
    echo "$limits knows nothing of ${ARCH_COMPILER:-this compiler}"
    exit 77
fi
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

# count <key> <program> <arguments ...>: instructions and events of one run
count() {
    key=$1 program=$ARCH_BUILD/$2
    shift 2
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$@" > "$work/out" 2>&1 < /dev/null
    instructions=$(sed -n 's/^==.*Collected : *\([0-9][0-9]*\).*/\1/p' "$work/out")
    events=$(sed -n "s/^ *\"*$key\"*:* *\"*\\([0-9][0-9]*\\).*/\\1/p" "$work/out" | head -n 1)
    if [ -z "$instructions" ] || [ -z "$events" ]; then
        echo "$program $*: no instructions or no events counted:" >&2
        cat "$work/out" >&2
        return 1
    fi
    echo "$instructions $events"
}

# check <name> <measured> <key> <option> <short> <long> <program> <arguments ...>
check() {
    name=$1 measured=$2 key=$3 option=$4 short=$5 long=$6
    shift 6
    less=$(count "$key" "$@" "$option" "$short") && more=$(count "$key" "$@" "$option" "$long") || return 1
    echo "$less $more" | awk -v name="$name" -v measured="$measured" -v slack="$slack" '{
        n = ($3 - $1) / ($4 - $2)
        at_most = measured * (1 + slack / 100)
        printf "%-14s %6.1f instructions per event, at most %.1f\n", name, n, at_most
        if (n < measured * (1 - slack / 100))
            print "    better than what is written down: write it down"
        exit !(n <= at_most)
    }'
}

failed=0
while read -r row; do
    case $row in "" | "#"* | "compiler "*) continue ;; esac
    # shellcheck disable=SC2086
    check $row || failed=1
done < "$limits"
[ $failed -eq 0 ] || echo "more than $limits allows"
exit $failed

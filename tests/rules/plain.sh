#!/bin/sh
# plain.sh - what no formatter decides for us: 125 columns at the very most (aim at 120), spaces, no blanks at the end of a line, a newline at the end of a
# file, functions of at most 60 lines.
set -u
cd "${1:-$(dirname "$0")/../..}" || exit 2

find engine include model partition kernels io workers coordinator cli bench examples tests -name '*.[ch]' 2> /dev/null |
sort | LC_ALL=C.UTF-8 xargs awk '
function complain(what) { printf "%s:%d: %s\n", FILENAME, FNR, what; bad = 1 }
FNR == 1 { start = 0 }
length($0) > 125 { complain("is " length($0) " columns wide, at most 125") }
/\t/ { complain("has a tab") }
/[ \r]$/ { complain("ends in a blank") }
/^{/ { start = FNR }
/^}/ {
    if (start != 0 && FNR - start - 1 > 60)
        complain("ends a function of " FNR - start - 1 " lines, at most 60")
    start = 0
}
END { exit bad }
' || exit 1

#!/bin/sh
# plain.sh - what no formatter decides for us: 125 columns at the very most (aim at 120), spaces, no blanks at the end of a line, a newline at the end of a
# file, functions of at most 60 lines; and tests that can fail.
set -u
cd "${1:-$(dirname "$0")/../..}" || exit 2

find engine include model partition kernels io workers coordinator experiments cli bench examples tests -name '*.[ch]' 2> /dev/null |
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

# A registry that is cleaned up has no failures any more: a test that asks it then cannot fail.
find tests -name '*.c' | sort | LC_ALL=C.UTF-8 xargs awk '
FNR == 1 { clean = 0 }
/CU_cleanup_registry/ { clean = 1 }
/CU_get_number_of_/ && clean { printf "%s:%d: asks for failures after they are forgotten\n", FILENAME, FNR; bad = 1 }
END { exit bad }
' || exit 1

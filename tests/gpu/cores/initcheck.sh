#!/bin/sh
# initcheck.sh <bench_on_cores> - no kernel decides by, or brings home, what it finds in memory that nobody has written: valgrind
# watches the kernels on cores. Exit status 77 without valgrind.
set -u
command -v valgrind > /dev/null || { echo "skipped: no valgrind"; exit 77; }
failed=0
watched() {
    valgrind -q --error-exitcode=9 --expensive-definedness-checks=yes "$@" --on gpu > /dev/null ||
        { echo "initcheck.sh: $*: exit status $?"; failed=1; }
}
for design in stage-1-single testapp-all; do
    watched "$1" --design "$ARCH_SOURCE/examples/$design.json" --members 4 --end 1
done
watched "$1" --model phold --size 64 --end 2 --members 4
watched "$1" --model mm1 --size 50 --members 4
exit $failed

#!/bin/sh
# subset.sh cxx|nvcc - the model's files, and the engine's that run beside them, are C11 that is also C++17 and CUDA C++.
# cxx checks each header alone with the C compiler in $ARCH_CC, so that it includes what it needs, and with the C++ compiler in
# $ARCH_CXX and clang++, where there is one, the files and all headers together; nvcc compiles for sm_90 with the nvcc in
# $ARCH_NVCC, without fused multiply-add. Exit status 77 ("skipped") where nvcc is not found.
set -u
cd "$(dirname "$0")/../.." || exit 2
out=$(mktemp -d) || exit 2
trap 'rm -rf "$out"' EXIT

headers=$(grep -lE 'ARCH_HD|archi_handler_t' engine/*.h model/*.h kernels/*.h)

# Of one that does not say all that it includes C speaks as well as C++, in a third of the time.
alone() {
    for header in $headers include/architech/*.h; do
        echo "$header"
    done | xargs -P "$(nproc)" -I FILE "${ARCH_CC:-cc}" -x c -std=c11 -fsyntax-only -D_GNU_SOURCE -Wall -Werror \
        -Wno-unused-function -I. -Iinclude FILE
}
together() {
    for header in $headers include/architech/*.h; do
        echo "#include \"${header#include/}\""
    done > "$out/headers.c"
}
# A file that says "Host only." where it says what it is never runs beside events: it makes the plan before them.
files() { find "$out" model -name '*.c' | sort | xargs grep -L 'Host only\.'; }

cxx() { # <compiler>
    files | xargs -P "$(nproc)" -I FILE "$1" -x c++ -std=c++17 -fsyntax-only -ffp-contract=off -D_GNU_SOURCE \
        -Wall -Werror -Wno-unused-function -I. -Iinclude FILE
}
nvcc() {
    files | xargs -P "$(nproc)" -I FILE sh -c '
        "$0" -x cu -std=c++17 -fmad=false -gencode=arch=compute_90,code=sm_90 -D_GNU_SOURCE -I. -Iinclude \
            -Xcompiler -ffp-contract=off -c "$1" -o "$2/$(echo "$1" | tr / _).o"' "$ARCH_NVCC" FILE "$out"
}

case ${1-} in
cxx)
    alone || exit 1
    together
    cxx "${ARCH_CXX:-c++}" || exit 1
    ! command -v clang++ > /dev/null || clang++ -x c++ -std=c++17 -fsyntax-only -D_GNU_SOURCE -Wall -Werror \
        -Wno-unused-function -I. -Iinclude "$out/headers.c" || exit 1
    ;;
nvcc)
    case ${ARCH_NVCC-} in "" | *NOTFOUND) echo "no nvcc on this machine"; exit 77 ;; esac
    together
    nvcc || exit 1
    ;;
*) echo "usage: subset.sh cxx|nvcc" >&2; exit 2 ;;
esac

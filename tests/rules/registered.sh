#!/bin/sh
# registered.sh - no source lies about unbuilt and no test unrun: every .c file of the rooms, the tests, the benchmarks and
# the examples is compiled in this build, every script of the tests is run by ctest. Reads the build folder $ARCH_BUILD. Tests
# compile tests/consumer and examples/embed, against an installed library.
set -u
cd "$(dirname "$0")/../.." || exit 2
commands=$ARCH_BUILD/compile_commands.json
bad=0

for file in $(find engine model partition kernels/cpu io workers coordinator experiments cli bench examples tests -name '*.c' \
              ! -path 'tests/consumer/*' ! -path 'examples/embed/*' | sort); do
    if ! grep -qF "/$file\"" "$commands"; then
        echo "$file: is in no CMakeLists.txt, so nothing compiles it"
        bad=1
    fi
done

ctest --test-dir "$ARCH_BUILD" --show-only=json-v1 > "$ARCH_BUILD/tests.json" || exit 2
for file in $(find tests -name '*.sh' ! -path 'tests/lib/*' | sort); do
    if ! grep -qF "/$file\"" "$ARCH_BUILD/tests.json"; then
        echo "$file: no test runs it"
        bad=1
    fi
done
exit $bad

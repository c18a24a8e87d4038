#!/bin/sh
# run.sh [-u] - the programs of examples/embed, compiled as their page says against the build in $ARCH_BUILD, installed into
# an empty folder: they print what the page says, and the same when CMake has built them. -u: write what they print into it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$ARCH_BUILD" --prefix "$work/installed" > "$work/log"
PKG_CONFIG_PATH=$(dirname "$(find "$work/installed" -name architech.pc)")
LD_LIBRARY_PATH=$(pkg-config --with-path="$PKG_CONFIG_PATH" --variable=libdir architech)
CC="${ARCH_CC:-cc}"
case ${ARCH_SANITIZE-} in ?*) CC="$CC -fsanitize=$ARCH_SANITIZE" ;; esac
PATH=$work/installed/bin:$PATH
export PKG_CONFIG_PATH LD_LIBRARY_PATH CC PATH
"$root/tests/docs/run.sh" "$@" examples/embed/README.md

cmake -S "$root/examples/embed" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/installed" -DCMAKE_C_COMPILER="${ARCH_CC:-cc}" \
    -DCMAKE_C_FLAGS="${ARCH_SANITIZE:+-fsanitize=$ARCH_SANITIZE}" >> "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
cmake --build "$work/build" >> "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
cd "$root"
for source in examples/embed/*.c; do
    [ -x "$work/build/$(basename "$source" .c)" ] || { echo "$source: is not in its CMakeLists.txt"; exit 1; }
done
sed -n 's/^\$ \.\/\([a-z-]* examples\)/\1/p' examples/embed/README.md > "$work/commands"
[ -s "$work/commands" ] || { echo "examples/embed/README.md runs no program"; exit 1; }
while read -r command; do
    # shellcheck disable=SC2086
    PATH=$work/build:$PATH $command > "$work/printed" < /dev/null
    awk -v command="\$ ./$command" '$0 == command { on = 1; next } /^\$ |^```/ { on = 0 } on' examples/embed/README.md |
        diff - "$work/printed" || { echo "$command prints something else when CMake has built it"; exit 1; }
done < "$work/commands"

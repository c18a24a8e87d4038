#!/bin/sh
# run.sh - install the build in $ARCH_BUILD into an empty folder, move it, and embed it from outside the tree in the two ways
# that users have: find_package() and pkg-config, each as C and as C++. All four programs must give the same answer.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$ARCH_BUILD" --prefix "$work/first" > "$work/log"
mv "$work/first" "$work/installed"
cp -R "$here" "$work/source"
prefix=$work/installed

cmake -S "$work/source" -B "$work/build" -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_C_COMPILER="$ARCH_CC" -DCMAKE_CXX_COMPILER="$ARCH_CXX" >> "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
cmake --build "$work/build" >> "$work/log" 2>&1 || { cat "$work/log"; exit 1; }

PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name architech.pc)")
export PKG_CONFIG_PATH
libdir=$(pkg-config --variable=libdir architech)
flags="-Wall -Wextra -Werror $(pkg-config --cflags architech)"
libs="$(pkg-config --libs architech) -Wl,-rpath,$libdir"
"$ARCH_CC" -std=c11 -pedantic $flags "$work/source/main.c" -o "$work/pc_c" $libs
"$ARCH_CXX" -x c++ -std=c++17 $flags "$work/source/main.c" -o "$work/pc_cxx" $libs

"$work/build/consumer_c" "$root/examples/mm1.json" > "$work/expected.txt"
cat "$work/expected.txt"
for program in "$work/build/consumer_cxx" "$work/pc_c" "$work/pc_cxx"; do
    "$program" "$root/examples/mm1.json" | diff "$work/expected.txt" -
done

# The command, its manual and its data came along, and the command finds its library.
"$prefix/bin/architech" --version
for file in share/man/man1/architech.1 share/architech/examples/mm1.json share/bash-completion/completions/architech; do
    [ -s "$prefix/$file" ] || { echo "not installed: $file"; exit 1; }
done

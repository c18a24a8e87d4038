#!/bin/sh
# run.sh <folder> - the API reference from the public headers, as HTML in <folder>/html. Whatever Doxygen complains of is an
# error: comments it cannot follow, functions, types, enumerations and macros that say nothing of themselves. Members that
# their name explains need no words. Exit status 77 ("skipped") without doxygen.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
out=$1
command -v doxygen > /dev/null || { echo "docs/api/run.sh: no doxygen; scripts/packages --tests installs it"; exit 77; }

mkdir -p "$out"
version=$(sed -n 's/.*define ARCH_VERSION  *"\(.*\)".*/\1/p' "$root/include/architech/version.h")
sed "s|@SOURCE@|$root|; s|@OUTPUT@|$out|; s|@VERSION@|$version|" "$root/docs/api/Doxyfile.in" > "$out/Doxyfile"
doxygen "$out/Doxyfile" > "$out/log" 2>&1 || { cat "$out/log"; exit 1; }
if grep -v '(variable) of .* is not documented' "$out/log" | sed "s|$root/||" | grep .; then
    exit 1
fi
for name in arch_run arch_design_change arch_simulation_branch; do
    grep -rq "$name" "$out/html" || { echo "$out/html says nothing of $name()"; exit 1; }
done

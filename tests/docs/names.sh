#!/bin/sh
# names.sh <page.md> ... - every `folder/file.c: function()` of a page names a function that this file defines, and every
# `folder/file.c` a file that exists. Selftest: a page that names what does not exist is refused.
set -u
cd "$(dirname "$0")/../.." || exit 2
bad=0
complain() { echo "$1"; bad=1; }

# defines <file> <function>: does a line that begins in the first column, or its macro, define or call it into being?
defines() { grep -Eq "^[A-Za-z_].*[ *]$2\(|^#define $2\(|^$2\(" "$1"; }

check() { # <page>
    names=$(grep -oE '`[A-Za-z0-9_./-]+\.[ch](: [a-z0-9_]+\(\))?`' "$1" | tr -d '`' | sort -u)
    [ -n "$names" ] || complain "$1: names no file"
    while IFS= read -r name; do
        file=${name%%:*}
        function=${name#*: }
        if [ ! -f "$file" ]; then
            complain "$1: there is no $file"
        elif [ "$function" != "$name" ] && ! defines "$file" "${function%()}"; then
            complain "$1: $file has no $function"
        fi
    done <<EOF
$names
EOF
}

for page in "$@"; do check "$page"; done
[ $bad = 0 ] || exit 1

# It can fail.
page=$(mktemp) || exit 2
trap 'rm -f "$page"' EXIT
for wrong in 'cli/main.c: no_such_function()' 'cli/no_such_file.c'; do
    echo "See \`$wrong\`." > "$page"
    bad=0
    check "$page" > /dev/null
    [ $bad = 1 ] || { echo "names.sh accepts $wrong"; exit 1; }
done

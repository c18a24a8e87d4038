#!/bin/sh
# selftest.sh - run.sh accepts a page that tells the truth and refuses one that does not.
set -u
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
failures=0

page() { # <what it says the command prints>
    printf 'Text.\n\n```console\n$ echo not tested\nno\n```\n<!-- test -->\n```console\n$ seq \\\n  3\n%s\n```\n' "$1" \
        > "$work/page.md"
    "$here/run.sh" "$work/page.md" > "$work/said.txt" 2>&1
}
accepts() { page "$1" || { echo "refused a true page"; cat "$work/said.txt"; failures=1; }; }
refuses() { page "$1" && { echo "accepted: $1"; failures=1; }; }

accepts '1
2
3'
accepts '1
...
3'
accepts '...'
refuses '1
2'
refuses '1
2
4'
refuses '1
...
2'

# The exit status of the command before is what $? says.
printf '<!-- test -->\n```console\n$ sh -c "exit 3"\n$ echo $?\n%s\n```\n' 3 > "$work/page.md"
"$here/run.sh" "$work/page.md" || { echo "lost an exit status"; failures=1; }

# An update makes a page true, and touches nothing else of it.
page '1
2'
"$here/run.sh" -u "$work/page.md" > /dev/null
"$here/run.sh" "$work/page.md" || { echo "an updated page is not true"; failures=1; }
[ "$(sed -n '1,11p' "$work/page.md" | tr '\n' '|')" = \
  'Text.||```console|$ echo not tested|no|```|<!-- test -->|```console|$ seq \|  3|1|' ] ||
    { echo "an update touched other text:"; cat "$work/page.md"; failures=1; }

echo 'no block' > "$work/page.md"
"$here/run.sh" "$work/page.md" > /dev/null && { echo "accepted a page without a block"; failures=1; }
exit $failures

#!/bin/sh
# machine_paths.sh [tree] - no file of the repository names a place of one machine.
set -u
cd "${1:-$(dirname "$0")/../..}" || exit 2

if git rev-parse --is-inside-work-tree > /dev/null 2>&1; then
    files() { git ls-files -co --exclude-standard; }
else
    files() { find . -type f ! -path './build/*' ! -path './.git/*'; }
fi
# A home folder, a mount, a job's scratch folder; /tmp only where something below it is named.
pattern='(^|[^A-Za-z0-9_.$}])/(home|root|Users|mnt|scratch|work|workspace)/[A-Za-z0-9_.-]+|(^|[^A-Za-z0-9_.$}])/tmp/[A-Za-z0-9_-]+'
found=$(files | grep -v '^tests/rules/machine_paths.sh$' | tr '\n' '\0' | xargs -0 grep -nHIE "$pattern" 2> /dev/null)
[ -z "$found" ] && exit 0
echo "$found"
echo "a path of one machine: use a path from the root of the repository, or mktemp"
exit 1

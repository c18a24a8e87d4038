#!/bin/sh
# manual.sh - the manual page names every subcommand and every option of the command's own help, and this version.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
page=$(sed 's/\\-/-/g; s/\\f[A-Z]//g' "$root/docs/man/architech.1")
failed=0

says() { echo "$page" | grep -qE -- "$1" || { echo "docs/man/architech.1 does not mention $2"; failed=1; }; }

version=$(architech --version)
says "\"$version\"" "$version"
for command in $(architech help | awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }'); do
    says "^\.B $command\$" "architech $command"
    for option in $(architech help "$command" | grep -oE '^ +(-[a-z], )? *--[a-z-]+' | grep -oE -- '--[a-z-]+'); do
        says "$option( |,|\$)" "$option of architech $command"
    done
done
exit $failed

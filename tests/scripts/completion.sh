#!/bin/bash
# completion.sh - bash offers what the command knows: every subcommand, every option of its help, no other.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
source "$root/scripts/completion/architech.bash"
failed=0

offers() { # <words of the command line so far, the last one being completed>: what is offered, sorted, in one line
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    _architech
    printf '%s\n' "${COMPREPLY[@]}" | sort | xargs
}
expect() { # <what> <wanted> <offered>
    [ "$2" = "$3" ] || { printf '%s\n  offered:  %s\n  expected: %s\n' "$1" "$3" "$2"; failed=1; }
}

commands=$(architech help | awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }' | sort | xargs)
expect "subcommands" "$commands" "$(offers architech "")"
for command in $commands; do
    known=$( (architech help "$command" | grep -oE '^ +(-[a-z], )? *--[a-z-]+' | grep -oE -- '--[a-z-]+'; echo --help) | sort -u | xargs)
    expect "options of $command" "$known" "$(offers architech "$command" --)"
done
expect "formats" "json text" "$(offers architech run --format "")"
exit $failed

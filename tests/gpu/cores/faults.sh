#!/bin/sh
# faults.sh <faults_on_cores> - cores in place of a GPU calculate as its instructions are defined, and stop at what a GPU must
# not be asked to do. What ptx_to_c does not know it refuses, with the line.
set -u
root=$(cd "$(dirname "$0")/../../.." && pwd)
faults=$1
folder=$(mktemp -d) || exit 3
trap 'rm -rf "$folder"' EXIT
failed=0
fail() { echo "faults.sh: $*"; failed=1; }

"$faults" fine || fail "fine: exit status $?"
noticed() { # <what> <words>
    "$faults" "$1" > "$folder/out" 2>&1 && fail "$1: not noticed"
    grep -q -- "$2" "$folder/out" || fail "$1: does not say \"$2\" but: $(cat "$folder/out")"
}
noticed host 'faults.ptx:[0-9]*: block 0, thread 0: 0x[0-9a-f]*: not in the device'
noticed unaligned 'not aligned'
noticed stack 'more local memory than the host has asked for'
noticed copy 'a copy outside of what was taken'
noticed way 'cudaErrorInvalidValue'
noticed threads 'cudaErrorInvalidConfiguration'
noticed leak '1 pieces of the device.s memory were not given back, 1024 bytes'
# A page that nobody may touch, or an address that the host does not have: the signal is all that is said.
for what in beyond freed look; do
    sh -c '"$0" "$1"' "$faults" $what > "$folder/out" 2>&1
    [ $? = 139 ] || fail "$what: not noticed: $(cat "$folder/out")"
done
# What nobody has written decides nothing.
if command -v valgrind > /dev/null; then
    valgrind -q --error-exitcode=9 "$faults" fine > "$folder/out" 2>&1 || fail "fine, watched: $(cat "$folder/out")"
    valgrind -q --error-exitcode=9 "$faults" unset > "$folder/out" 2>&1
    [ $? = 9 ] || fail "unset: not noticed: $(cat "$folder/out")"
fi

printf '.version 9.0\n.target sm_90\n.address_size 64\n.visible .entry k()\n{\n.reg .b32 %%r<3>;\natom.add.u32 %%r1, [%%r2], 1;\nret;\n}\n' \
    > "$folder/atom.ptx"
"$root/tests/gpu/cores/ptx_to_c" "$folder/atom.ptx" "$folder/atom" 2> "$folder/out"
[ $? = 2 ] || fail "atom.ptx: not refused"
grep -q 'atom.ptx:7: cannot be translated: operand \[%r2\]' "$folder/out" || fail "atom.ptx: $(cat "$folder/out")"
exit $failed

#!/bin/sh
# includes_selftest.sh - includes.sh must find what is planted, name it, and pass what is allowed.
set -u
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d) || exit 2
trap 'rm -rf "$tree"' EXIT
failures=0

plant() { # <file> <line> <text>: the text stands in that line of the file
    mkdir -p "$tree/$(dirname "$1")"
    awk -v n="$2" -v text="$3" 'BEGIN { for (i = 1; i < n; i++) print ""; print text }' > "$tree/$1"
}
expect() { # <sentence>: includes.sh must say exactly this ("" for nothing at all)
    said=$("$here/includes.sh" "$tree" 2>&1)
    status=$?
    [ -n "$1" ] && wanted=1 || wanted=0
    if [ "$said" != "$1" ] || [ $status -ne $wanted ]; then
        printf 'expected: %s\nsaid (%d):  %s\n' "$1" $status "$said"
        failures=$((failures + 1))
    fi
    rm -rf "${tree:?}"/*
}
refuses() { plant "$1" "$2" "$3"; expect "$1:$2: $4"; }
allows() { plant "$1" 1 "$2"; expect ""; }

refuses engine/queue.c 7 '#include <hdf5.h>' 'engine/ may not include <hdf5.h>; io/ may'
refuses engine/run.c 3 '# include <mpi.h>' 'engine/ may not include <mpi.h>; engine/net_mpi.c may'
refuses model/cache.c 1 '#include <Random123/philox.h>' 'model/ may not include <Random123/philox.h>; engine/draw.h may'
refuses model/step.c 2 '#include "io/arena.h"' 'model/ may not include "io/arena.h"; coordinator/, experiments/, cli/ may'
refuses engine/run.c 1 '#include "model/model.h"' 'engine/ may not include "model/model.h"; kernels/, coordinator/, experiments/, cli/ may'
refuses io/read.c 9 '#include "engine/block.h"' \
    'io/ may not include "engine/block.h"; model/, kernels/, coordinator/, experiments/, cli/ may'
refuses io/read.c 1 '#include <metis.h>' 'io/ may not include <metis.h>; partition/ may'
refuses include/architech/run.h 4 '#include <unistd.h>' 'include/ may not include <unistd.h>; it may use the C standard library'
refuses examples/embed.c 1 '#include "engine/block.h"' \
    'examples/ may not include "engine/block.h"; model/, kernels/, coordinator/, experiments/, cli/ may'
refuses engine/a.c 1 '#include "b.h"' 'engine/ may not include "b.h"; write the path from the root, "room/x.h", or <architech/x.h>'
refuses cli/main.c 1 '#include <curl/curl.h>' 'cli/ may not include <curl/curl.h>; tests/rules/includes.sh does not know it'

allows engine/net_mpi.c '#include <mpi.h>'
allows engine/draw.h '#include <Random123/philox.h>'
allows model/step.c '#include "engine/run.h"'
allows coordinator/run.c '#include "partition/partition.h"'
allows io/results_h5.c '#include <hdf5.h>'
allows partition/cut_metis.c '#include <metis.h>'
allows include/architech/run.h '#include <architech/status.h>'
allows cli/main.c '#include "coordinator/run.h"'

[ $failures -eq 0 ]

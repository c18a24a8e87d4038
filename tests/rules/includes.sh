#!/bin/sh
# includes.sh [tree] - every room includes only what the table of its room allows:
#   engine/queue.c:7: engine/ may not include <hdf5.h>; io/ may
# Without an argument it reads this checkout. Exit status 1 when something is where it may not be.
set -u
cd "${1:-$(dirname "$0")/../..}" || exit 2

find include engine model partition kernels io workers coordinator experiments cli examples -name '*.[ch]' -o -name '*.cu' -o \
    -name '*.cuh' -o -name '*.hpp' -o -name '*.cpp' 2> /dev/null | sort |
xargs awk '
BEGIN {
    # room -> the rooms whose headers it may include by "room/x.h"
    rooms["include"] = ""
    rooms["engine"] = "engine"
    rooms["model"] = "engine model"
    rooms["partition"] = "partition"
    rooms["kernels"] = "engine model kernels"
    rooms["io"] = "io"
    rooms["workers"] = "workers"
    rooms["coordinator"] = "engine model partition kernels io coordinator"
    rooms["experiments"] = "engine model kernels io workers coordinator experiments"
    rooms["cli"] = "engine model partition kernels io workers coordinator experiments cli"
    rooms["examples"] = ""
    n_rooms = split("engine model partition kernels io workers coordinator experiments cli", room_list, " ")

    # a library of others -> the files (by prefix) that may include it
    lib["mpi\\.h"] = "engine/net_mpi.c"
    lib["Random123/.*"] = "engine/draw.h"
    lib["metis\\.h"] = "partition/"
    lib["(cjson/)?cJSON\\.h"] = "io/"
    lib["hdf5.*\\.h"] = "io/"
    lib["yaml\\.h"] = "io/"
    lib["zmq.*\\.h|czmq\\.h"] = "workers/"
    lib["cuda.*\\.h"] = "kernels/cuda/"
    libs_in_order = "mpi\\.h Random123/.* metis\\.h (cjson/)?cJSON\\.h hdf5.*\\.h yaml\\.h zmq.*\\.h|czmq\\.h cuda.*\\.h"
    n_libs = split(libs_in_order, lib_list, " ")

    split("assert ctype errno fenv float inttypes limits locale math setjmp signal stdalign stdarg stdatomic stdbool " \
          "stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype", c, " ")
    for (i in c)
        standard[c[i] ".h"] = 1
    split("cpuid dirent dlfcn fcntl fnmatch getopt glob immintrin libgen malloc poll pthread pwd sched strings sys/file " \
          "sys/ioctl sys/mman sys/prctl sys/random sys/resource sys/socket sys/stat " \
          "sys/statvfs sys/sysinfo sys/time sys/types sys/un sys/utsname " \
          "sys/wait termios unistd x86intrin", p, " ")
    for (i in p)
        posix[p[i] ".h"] = 1
}

function complain(what, who) {
    printf "%s:%d: %s/ may not include %s; %s\n", FILENAME, FNR, room, what, who
    bad = 1
}
function in_list(word, list) { return index(" " list " ", " " word " ") > 0 }
function room_of(path, parts) { split(path, parts, "/"); return parts[1] }
function who_may(other,   i, who) {
    for (i = 1; i <= n_rooms; i++)
        if (room_list[i] != other && in_list(other, rooms[room_list[i]]))
            who = who (who == "" ? "" : ", ") room_list[i] "/"
    return (who == "" ? "nobody else" : who) " may"
}

function quoted(header,   other, mine) {
    mine = FILENAME
    sub("/[^/]*$", "/", mine)
    other = header ~ /\// ? room_of(header) : ""
    if (other != "" && other in rooms) {
        if (!in_list(other, rooms[room]))
            complain("\"" header "\"", who_may(other))
    } else if (room != "examples" && system("test -f " mine header) != 0)
        complain("\"" header "\"", "write the path from the root, \"room/x.h\", or <architech/x.h>")
}

function bracketed(header,   i) {
    if (header ~ /^architech\// || header in standard)
        return
    for (i = 1; i <= n_libs; i++)
        if (header ~ ("^(" lib_list[i] ")$")) {
            if (room != "cli" && index(FILENAME, lib[lib_list[i]]) != 1)
                complain("<" header ">", lib[lib_list[i]] " may")
            return
        }
    if (header in posix) {
        if (room == "include" || room == "examples" || room == "model")
            complain("<" header ">", "it may use the C standard library")
        return
    }
    if (room == "kernels" && FILENAME ~ /^kernels\/cuda\//)
        return
    complain("<" header ">", "tests/rules/includes.sh does not know it")
}

FNR == 1 { room = room_of(FILENAME) }
/^[ \t]*#[ \t]*include[ \t]*"/ { split($0, w, "\""); quoted(w[2]) }
/^[ \t]*#[ \t]*include[ \t]*</ { split($0, w, "[<>]"); bracketed(w[2]) }
END { exit bad }
' || exit 1

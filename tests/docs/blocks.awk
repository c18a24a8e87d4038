# blocks.awk - the marked console blocks of a page, all or the one numbered `only`. want=text: their lines; want=count: how
# many; want=script: a shell script that runs their commands and prints each command line before what it prints. Each
# command finds the exit status of the one before it in $?.

function quote(s) { gsub(/'/, "'\\''", s); return "'" s "'" }

/^<!-- test -->[ \t]*$/ { marked = 1; next }
/^```console[ \t]*$/ && marked { inside = 1; marked = 0; n_blocks++; next }
/^```/ && inside { inside = 0; command = ""; continued = 0; next }
!inside { if ($0 !~ /^[ \t]*$/) marked = 0; next }

only && n_blocks != only { next }
want == "text" { print; next }
want != "script" { next }

continued || /^\$ / {
    line = $0
    print "printf '%s\\n' " quote(line)
    if (!continued)
        sub(/^\$ /, "", line)
    continued = line ~ /\\$/
    if (continued)
        sub(/\\$/, "", line)
    command = command line
    if (!continued) {
        print "(exit ${page_status-0})"
        print command
        print "page_status=$?"
        command = ""
    }
}
END { if (want == "count") print n_blocks + 0 }

# blocks.awk - the marked console blocks of a page. want=text: their lines; want=script: a shell script that runs their
# commands and prints each command line before what it prints.

function quote(s) { gsub(/'/, "'\\''", s); return "'" s "'" }

/^<!-- test -->[ \t]*$/ { marked = 1; next }
/^```console[ \t]*$/ && marked { inside = 1; marked = 0; next }
/^```/ && inside { inside = 0; command = ""; continued = 0; next }
!inside { if ($0 !~ /^[ \t]*$/) marked = 0; next }

want == "text" { print; next }

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
        print command
        command = ""
    }
}

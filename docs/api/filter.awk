# filter.awk - the headers' plain comments as Doxygen reads them: those before a declaration, those behind a member, and the
# one at the top of a file. Rules between sections are dropped. Lines keep their numbers.
function mark(text, how) { sub(/\/\*/, how, text); return text }

inside { # a comment that began on an earlier line
    if (/\*\//) inside = 0
    print
    next
}
FNR == 1 && /^\/\* architech\// {
    sub(/^\/\* architech\/[a-z_]*\.h - /, "/** @top ") # see ALIASES
}
/^ *\/\* ---- / { print ""; next }
/^ *\/\*/ && !/\/\*\*/ {
    match($0, /^ */)
    $0 = mark($0, RLENGTH > 16 ? "/**<" : "/**") # far to the right it goes on about the member above
}
/^#define X\(/ { print "/** @cond */"; print; print "/** @endcond */"; next } # a helper of lists
/[^ ].*\/\* / && !/\/\*\*/ && !/extern "C"/ { $0 = mark($0, "/**<") }
/\/\*/ && !/\*\// { inside = 1 }
{ print }

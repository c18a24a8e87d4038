# replace.awk <new text> <page> - the page with its marked console block number `only` replaced by the new text.

FNR == NR { text[++n_text] = $0; next }
/^<!-- test -->[ \t]*$/ { marked = 1; print; next }
/^```console[ \t]*$/ && marked {
    marked = 0
    print
    if (++n_blocks == only) {
        inside = 1
        for (i = 1; i <= n_text; i++)
            print text[i]
    }
    next
}
/^```/ && inside { inside = 0 }
!inside { if ($0 !~ /^[ \t]*$/) marked = 0; print }

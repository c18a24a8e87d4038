# match.awk <page> <run> - are they the same line by line, where a line "..." of the page stands for any lines?

FNR == NR { page[++n_page] = $0; next }
{ run[++n_run] = $0 }

# Does the page from p on match the run from r on?
function matches(p, r) {
    while (p <= n_page) {
        if (page[p] == "...") {
            for (; r <= n_run + 1; r++)
                if (matches(p + 1, r))
                    return 1
            return 0
        }
        if (r > n_run || page[p] != run[r])
            return 0
        p++
        r++
    }
    return r > n_run
}
END { exit !matches(1, 1) }

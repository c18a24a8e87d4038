# normalise.sed - what may differ between two runs of one command: how long it took, how fast, where, with what.
s/\x1b\[[0-9;]*m//g
s/[ \t]*$//
s/^([0-9.]+ ?[kMG]? events) in .*/\1 in .../
/"provenance": \{/,/\}/s/("(wall_seconds|events_per_second|peak_bytes|host|started|version|executor|ranks|threads|partitions|windows|messages)": *)("[^"]*"|[^,]*)/\1.../
# The tables behind an answer that say how often and how fast, rank by rank: figures become N, and blanks single.
/^(work|traffic|running ahead)  |^  (rank|group) [0-9]|^  all \([0-9]/{
s/  +[0-9][0-9.]*( (ns|us|ms|s|B|[KMGT]iB|M|%))?/ N/g
s/ +/ /g
}
# The line of them that says how long all around the simulation took.
/^around  /s/[0-9][0-9.,]* (ns|us|ms|s|min)/T/g
/^  "engine": \{/,/^  \}/s/("(event_rate_per_s|read_seconds|compile_seconds|cut_seconds|blocks_seconds|end_seconds|windows|events_per_window|wall_seconds|wait_seconds|wait_share|peak_bytes|bytes|host)": *)("[^"]*"|[^,]*)/\1.../

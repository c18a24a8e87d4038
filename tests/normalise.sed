# normalise.sed - what may differ between two runs of one command: how long it took, how fast, where, with what.
s/\x1b\[[0-9;]*m//g
s/[ \t]*$//
s/^([0-9.]+ ?[kMG]? events) in .*/\1 in .../
/"provenance": \{/,/\}/s/("(wall_seconds|events_per_second|peak_bytes|host|started|version|executor|ranks|threads|partitions|windows|messages)": *)("[^"]*"|[^,]*)/\1.../

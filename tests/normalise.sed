# normalise.sed - what may differ between two runs of one command: times, rates, names of the machine.
s/\x1b\[[0-9;]*m//g
s/[ \t]*$//

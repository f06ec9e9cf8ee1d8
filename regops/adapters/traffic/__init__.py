"""Access logs counted by columns: the values of some thousand lines at once, in numpy's arrays.

Read in this order: `plan` says how a format's values are found, `columns` finds them in a block of lines, `codes` turns
what stands there into numbers of a table, `tables` counts by them, and `counter` puts it together; `words` holds the
arithmetic on eight bytes at a time. Every line that this cannot vouch for is handed back, to be read by the parser.
"""

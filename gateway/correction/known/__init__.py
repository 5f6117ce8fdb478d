"""What models write instead of what was asked for: names, words, noise and wrappers. Data only.

Keys are folded (`names.folded`): `filename` stands for `fileName`, `file_name` and `FILENAME`. The
general entry of a table has the key `*`; a tool's own entry, under its folded name, goes first.
"""

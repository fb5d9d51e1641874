"""The catalogue of data: every field of every table, what it is for, who sees it, how long it stays, in what form.

data/tables/*.toml is held against the database by a test: a new column without a row fails, and so does a row without a column.
"""

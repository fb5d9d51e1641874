"""Directories: the structures and professionals that take part, by their national number.

    layouts/      what each published file looks like: a line in, a row or a fault out
    files         the file itself: plain or ZIP, read line by line, bounded
    loading       a file into its table: staged, compared, taken in one transaction, or refused
    lookups       what others ask: an establishment, the laboratories of departments, a professional, mailboxes
    sites         the establishments of one laboratory, which may speak for each other
    policy        what is refused, what is stale (data/directories.toml)

Nothing here is about a patient. What is kept of professionals is what the State publishes of them as open data.
"""

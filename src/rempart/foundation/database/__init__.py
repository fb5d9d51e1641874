"""The database: a PostgreSQL of our own with nothing to install, or the one that DATABASE_URL names.

`connection` is the door; `embedded` keeps the server under ./var; `roles` makes the two roles that
every room relies on; `bulk` writes many rows at once.
"""

"""What can go wrong with the database, in words for the operator."""

from __future__ import annotations


class DatabaseError(Exception):
    """The database cannot be used; the message says what was wrong, where, and what to do."""

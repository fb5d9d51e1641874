"""Identities that may be of one person though no exact rule joins them: found by several keys, scored, decided by a person.

Nothing is joined here by a score. What a person decided is done by `joining`, and can be undone.
"""

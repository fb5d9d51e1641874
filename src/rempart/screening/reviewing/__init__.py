"""Reviewing identities that may be of one person: somebody looks at both, decides, and can undo it."""

"""Audit: who did what to what, when and why; written in the transaction of the act, never changed."""

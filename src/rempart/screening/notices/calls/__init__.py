"""Whom a laboratory is to telephone: its positives whom nobody else could tell."""

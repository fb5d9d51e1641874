"""Counting each day, and reading what was counted."""

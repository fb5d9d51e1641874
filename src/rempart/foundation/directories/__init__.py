"""Directories: the structures that take part, by their national number."""

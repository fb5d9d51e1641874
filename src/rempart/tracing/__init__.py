"""Tracing: cases to call, by the people who call them (the Contact Covid of the house)."""

"""Checking certificates: a page that works in the browser alone, and the list of keys that it trusts."""

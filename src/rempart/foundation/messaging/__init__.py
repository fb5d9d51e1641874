"""Messaging: what is said to people outside, sealed until it is sent and after."""

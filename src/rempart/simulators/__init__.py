"""Simulators: invented laboratories and people, who speak the real protocols. No person in them exists."""

"""Signing in of agents: two factors, sessions bounded in time, and the way back in when something is lost."""

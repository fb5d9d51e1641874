"""The demonstration: an invented country on the real platform."""

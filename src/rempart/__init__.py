"""Rempart: a national epidemic-response platform."""

"""Surveillance: what the facts say of the epidemic, for everybody."""

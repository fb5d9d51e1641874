"""Signing certificates: which keys there are, how one comes into force, and the service that holds them apart."""

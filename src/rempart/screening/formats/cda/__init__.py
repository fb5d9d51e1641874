"""CDA R2: laboratory reports (CR-BIO) and rapid tests (BIO-TROD), level 3."""

from rempart.screening.formats.cda.decoding import decode, read, recognises

__all__ = ["decode", "read", "recognises"]

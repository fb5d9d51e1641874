"""CDA R2: laboratory reports (CR-BIO) and rapid tests (BIO-TROD), level 3, in and out."""

from rempart.screening.formats.cda.decoding import decode, read, recognises
from rempart.screening.formats.cda.encoding import encode

__all__ = ["decode", "encode", "read", "recognises"]

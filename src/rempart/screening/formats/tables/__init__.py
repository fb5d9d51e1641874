"""Tables of results: CSV as spreadsheets write it, and XLSX. One row is one message."""

from rempart.screening.formats.tables.decoding import decode
from rempart.screening.formats.tables.sheets import recognises

__all__ = ["decode", "recognises"]

"""HPRIM Médecin 3.0, the flat text of 1997: the decoder."""

from rempart.screening.formats.hprim_medecin.decoding import decode
from rempart.screening.formats.hprim_medecin.lines import looks_like_hprim as recognises

__all__ = ["decode", "recognises"]

"""HPRIM Santé 2.1 to 2.4, ORU: the decoder and the acknowledgement (ERR)."""

from rempart.screening.formats.hprim_sante.decoding import decode
from rempart.screening.formats.hprim_sante.files import holds_a_message as recognises

__all__ = ["decode", "recognises"]

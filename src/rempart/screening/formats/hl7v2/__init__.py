"""HL7 v2.3 to 2.5.1, ORU^R01: the decoder and the acknowledgement."""

from rempart.screening.formats.hl7v2.decoding import decode
from rempart.screening.formats.hl7v2.files import holds_a_message as recognises

__all__ = ["decode", "recognises"]

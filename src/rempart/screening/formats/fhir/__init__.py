"""FHIR R4 in JSON: Bundles, DiagnosticReports and Observations, in and out."""

from rempart.screening.formats.fhir.decoding import decode, recognises
from rempart.screening.formats.fhir.encoding import encode

__all__ = ["decode", "encode", "recognises"]

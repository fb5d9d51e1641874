"""FHIR R4 in JSON: Bundles, DiagnosticReports and Observations."""

from rempart.screening.formats.fhir.decoding import decode, recognises

__all__ = ["decode", "recognises"]

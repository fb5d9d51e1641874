"""Proofs: signed certificates of test results, issued, printed and verified. A library: no table, no web."""

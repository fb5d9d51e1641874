"""Every document on paper: pure functions from frozen values to PDF bytes, the same bytes for the same values."""

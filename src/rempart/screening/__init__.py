"""Screening: laboratories deliver results, people receive theirs (the SI-DEP of the house)."""

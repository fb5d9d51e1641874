"""Declaration codes: issued to whoever has a positive result, kept as keyed digests, linked to nobody (decision 047)."""

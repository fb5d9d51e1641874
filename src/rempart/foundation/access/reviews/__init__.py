"""The access review: each quarter, whoever keeps accounts looks at every one again, and signs."""

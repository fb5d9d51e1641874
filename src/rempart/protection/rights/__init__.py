"""Rights: what persons ask of their data, answered within the month the law gives."""

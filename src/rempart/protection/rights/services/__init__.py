"""What a person and those who answer him can do."""

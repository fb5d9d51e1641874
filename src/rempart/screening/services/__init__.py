"""What can be done in screening: one function per thing a person or a machine can do."""

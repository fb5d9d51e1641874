"""What can be done in tracing."""

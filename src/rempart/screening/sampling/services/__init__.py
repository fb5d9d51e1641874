"""What can be done by hand: enter a result, correct it, take it back."""

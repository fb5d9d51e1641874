"""What is true of a result: pure functions, which know no format, no table and no clock."""

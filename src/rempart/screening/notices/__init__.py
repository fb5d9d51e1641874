"""What is said of a result: to whom, by which channels, in which words."""

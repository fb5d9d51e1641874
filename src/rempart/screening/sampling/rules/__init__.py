"""What is taken down of a person, what is entered of a test, how tubes are numbered."""

"""What is done at the laboratory's desk."""

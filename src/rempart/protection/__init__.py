"""Protection: what is kept and for how long, people's rights over it, and those who watch over its use."""

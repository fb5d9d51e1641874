"""Tables that a laboratory brings on a page: which column is which, the whole file looked at, then kept or not at all."""

"""Secure health mail (MSSanté): who is in its trust space, how a message is named, packed and brought."""

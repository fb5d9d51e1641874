"""Access: who acts, in what role, over which departments, and for what purpose."""

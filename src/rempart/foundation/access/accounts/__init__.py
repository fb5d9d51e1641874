"""The life of an account: who opens it, what it needs, when it ends, and who looks again."""

"""Which mailbox, how long, in what words: pure functions, and what a laboratory's own computer needs of them."""

"""All ways in under load, while whatever runs is killed: what the chaos test and `make soak` share.

platform.py   one database and the processes around it, each of which may be struck and is started again
sending.py    laboratories that send over every way in, and repeat what was not acknowledged
standing.py   what must hold afterwards
striking.py   the blows, drawn from a seed
"""

"""Exchange: files handed from one account to named others, sealed, expiring and audited, inside the platform.

1.4 million people's data left through a public file-sharing site, because there was no way inside to hand a
file on. There is one here.
"""

"""The person's own portal: results, certificates, what to do, and what else is hers to take away (decisions 007 and 046).

services    opening (link, birth date, code), recognition (FranceConnect), showing, certifying, downloads
visits      what a visit keeps in its session
"""

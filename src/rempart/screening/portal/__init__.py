"""The person's own portal: results, certificates, what to do, and what else is hers to take away (decisions 007 and 046).

services     opening (link, birth date, code), recognition (FranceConnect); listing, showing; certifying, sheets, downloads;
             declaring (codes, from proximity)
visits       what a visit keeps in its session
application  what goes into the application of the person's telephone, and how
languages    which pages speak four languages, and which one is chosen
"""

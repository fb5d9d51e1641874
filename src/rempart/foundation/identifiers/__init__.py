"""French identifiers of persons, places and professionals: read, check, explain.

Pure functions on text. Each identifier has its own module; what a number says is returned as a
frozen value with its faults, so that the rules can name every one of them at once.

    nir     social security number (NIR) and waiting number (NIA)
    ins     national health identity: matricule, assigning authority, agreement with the traits
    finess  number of a health establishment
    rpps    professionals (RPPS, ADELI) and the prefixed national identifiers
    luhn    the key that FINESS, RPPS, ADELI and LOINC share
"""

"""Signing in by somebody else's word: Pro Santé Connect for professionals, FranceConnect for citizens.

    provider.py      what a deployment says of a provider: issuer, client, level, algorithms
    refusals.py      every reason for which a sign-in ends
    claims.py        reading claims that nobody vouched for the shape of
    professional.py  Pro Santé Connect's claims → a Professional          (rules, pure)
    pivot.py         FranceConnect's claims → a PivotIdentity             (rules, pure)
    tokens.py        signatures and what an identity token must say       (rules, pure)
    attempt.py       what one browser must bring back                     (rules, pure)
    outgoing.py      requests to a provider, bounded
    party.py         the relying party: discovery, code, userinfo, logout
    phone.py         a request to a professional's phone (CIBA)

Nothing here knows a page or an account.
"""

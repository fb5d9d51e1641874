"""Two identity providers that only a nation owns, imitated by a real OpenID provider.

npm's certified `oidc-provider` runs under Node, set up as Pro Santé Connect (its discovery path, its claims,
eidas1, PKCE, requests to a phone) and as FranceConnect v2 (signed userinfo, pairwise subjects, short
lifetimes, logout). Whoever signs in picks an invented person; nothing of it is official.

    provider/    the provider itself, in JavaScript: services.mjs says what each service asks and answers
    node.py      Node and npm, the pinned packages
    running.py   start both, until told to stop
"""

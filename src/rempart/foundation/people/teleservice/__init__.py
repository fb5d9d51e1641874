"""The national INS teleservice (INSi): from traits to the national identity, beside the road of results.

    rules       what to ask next, which answers hold, when to try again, when to leave it alone: pure
    policy      the figures (data/teleservice.toml)
    envelope    SOAP 1.2, out and in: nothing of what comes back is trusted
    client      one request over mutual TLS, bounded in time and size
    queue       who is to be asked about; what became of it
    gaining     an answer becomes a new identity record of the person, reversible
    asking      the queue worked off, a few at once

Nothing waits for it: identities are picked from what is kept, minutes later. docs/decisions/029-ins-teleservice.md says
what of the protocol is known, and from where.
"""

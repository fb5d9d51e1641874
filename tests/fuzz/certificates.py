"""Certificates on bytes that libFuzzer makes from good ones, beside the decoders of messages (`make fuzz`).

Whatever the bytes: a reason and JSON for a text of any format; keys, a list of authorities or a named error for a file of
trust. What nobody signed never holds.
"""

from __future__ import annotations

import json
import sys

import atheris

with atheris.instrument_imports(include=["rempart.proofs"]):
    from tests.certificates import AT, DSC, SEAL, TRUST, issued
    from tests.fuzz.engine import fuzz
    from tests.service_lists import Entry, Layout, party, signed
    from tests.unit.proofs.test_shc import KEY, card
    from tests.unit.proofs.test_twoddoc_binary import FIELDS, HEADER, sealed

    from rempart.proofs import trust, tsl
    from rempart.proofs.trust import jwks
    from rempart.proofs.verdict import verify

GOOD = {issued().hc1, issued().twoddoc, card(), sealed(HEADER + FIELDS)}
OPERATOR = party("Agence de test")
LIST = Layout(entries=(Entry(authority="FR9A", certificate=party("FR9A", ca=True).der),)).xml()


def certificate(data: bytes) -> None:
    """What must hold of any text."""
    text = data.decode("iso-8859-1")
    verdict = verify(text, trust=TRUST, at=AT)
    json.dumps([verdict.claims, verdict.warnings])
    assert not verdict.valid or text.strip().upper().rstrip("=") in {one.upper() for one in GOOD}


def trusted(data: bytes) -> None:
    """What must hold of any file of trust."""
    trust.parse(data)
    trust.parse_key_list(data)
    jwks.parse(data)
    for signer in (None, OPERATOR.der):
        try:
            tsl.parse(data, signer=signer, at=AT)
        except tsl.TslError:
            continue


TARGETS = {
    "certificates": (certificate, [text.encode("iso-8859-1") for text in GOOD]),
    "trust": (
        trusted,
        [
            DSC.certificate,
            SEAL.certificate,
            LIST,
            signed(LIST, OPERATOR),
            jwks.key_set([KEY], issuer="https://x"),
        ],
    ),
}

if __name__ == "__main__":
    target, seeds = TARGETS[sys.argv[1]]
    fuzz(sys.argv[1], seeds, target, seconds=int(sys.argv[2]))

"""Issue the SMART Health Card of a test: one patient, one result, nothing else that could identify either."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime

from rempart.proofs.shc import jws
from rempart.proofs.signing import Signer

DETECTED = {"P": "260373001", "N": "260415000"}  # SNOMED CT, value set "lab-qualitative-result"
# From the framework's 1.3 on, readers tell cards by what they hold; older ones look for these types.
_TYPES = ("health-card", "laboratory", "covid19")
_ISSUER = re.compile(r"https://[^\s/?#]+(/[^\s?#]*[^\s/?#])?")
_PERFORMER = 30  # characters of the laboratory's name (invariant "should be under 30 characters")
# Longest JWS in a QR code of version 22, by error correction (framework, FAQ on QR codes).
_CORRECTIONS = (("Q", 670), ("M", 927), ("L", jws.LONGEST))


@dataclass(frozen=True, slots=True, kw_only=True)
class TestContent:
    """What a card says. The sex is left out: the guide forbids it where no law asks for it."""

    first_names: tuple[str, ...]
    birth_name: str
    birth_date: date
    loinc: str  # 94500-6
    result: str  # P or N
    sampled_at: datetime  # aware, with the offset of the place of sampling
    laboratory_name: str


def issue(content: TestContent, signer: Signer, *, issuer: str, issued_at: datetime) -> str:
    """The `shc:/` text of a card, signed with ES256; it does not expire, as what it says stays true.

    `issuer` is the https address below which the key set is published, without a slash at its end. Raises
    ValueError for another issuer, a result other than P or N, a card too long for one QR code.
    """
    if not _ISSUER.fullmatch(issuer):
        raise ValueError(f"The issuer is an https address without a slash at its end, not {issuer!r}.")
    payload = {
        "iss": issuer,
        "nbf": int(issued_at.timestamp()),
        "vc": {
            "type": [f"https://smarthealth.cards#{name}" for name in _TYPES],
            "credentialSubject": {"fhirVersion": "4.0.1", "fhirBundle": _bundle(content)},
        },
    }
    token = jws.sign(payload, signer)
    if len(token) > jws.LONGEST:
        raise ValueError(
            f"The card has {len(token)} characters, one QR code holds {jws.LONGEST}: it would have to be cut into parts, "
            "which the framework gave up and few readers know. Shorten the names."
        )
    return jws.digits(token)


def correction(text: str) -> str:
    """The best error correction that keeps a card's QR code within version 22: Q, M or L."""
    length = (len(text) - len(jws.PREFIX)) // 2
    return next(level for level, longest in _CORRECTIONS if length <= longest or level == "L")


def _bundle(content: TestContent) -> dict[str, object]:
    if content.result not in DETECTED:
        raise ValueError("A SMART Health Card says that something was detected (P) or not (N).")
    family, given = _text(content.birth_name), [_text(name) for name in content.first_names]
    patient = {
        "resourceType": "Patient",
        "name": [_filled({"family": family, "given": [name for name in given if name]})],
        "birthDate": content.birth_date.isoformat(),
    }
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": _coded("http://loinc.org", content.loinc),
        "subject": {"reference": "resource:0"},
        "effectiveDateTime": content.sampled_at.isoformat(timespec="seconds"),
        "performer": [{"display": _text(content.laboratory_name)[:_PERFORMER].rstrip()}],
        "valueCodeableConcept": _coded("http://snomed.info/sct", DETECTED[content.result]),
    }
    entries = [
        {"fullUrl": f"resource:{number}", "resource": resource}
        for number, resource in enumerate((patient, observation))
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _coded(system: str, code: str) -> dict[str, object]:
    return {"coding": [{"system": system, "code": code}]}


def _filled(values: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value}


def _text(value: str) -> str:
    return unicodedata.normalize("NFC", value.strip())

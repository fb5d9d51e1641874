"""The white list of the trust space: which domains take health mail, and whose certificate their servers show.

The published file is XML (namespace https://listeblanche.mssante.fr/schema); beside it `checksum` holds its SHA-256.
A domain may stand there several times, once for each certificate that its operator uses. Some published files lack
their last closing tag; names may hold letters beyond ASCII (reference certificates.md §7.1).
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from importlib import resources

from lxml import etree

from rempart.foundation.messaging.mssante.subjects import Subject, subject_of_text

MOST_BYTES = 64_000_000
"""Of a file; the one of 2025 has 3.7 MB."""

_SPACE = "{https://listeblanche.mssante.fr/schema}"
_DOMAIN = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}")
_ENDS = (b"</ListeBlancheMSSante>", b"</ListeDomaines>")


class Refused(Exception):
    """The list was not taken. `code` is stable; the message says what was wrong and what to do."""

    def __init__(self, code: str, what: str) -> None:
        super().__init__(what)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class WhiteList:
    """`domains`: those that take health mail, in ASCII and lower case, each with the subjects its servers may show, as
    the list writes them. `skipped`: entries without a readable name or subject."""

    generated_at: datetime
    domains: Mapping[str, tuple[str, ...]]
    skipped: int = 0

    def subjects(self, domain: str) -> frozenset[Subject]:
        """Whose certificate a server of a domain shows; empty when the domain is not on the list."""
        return frozenset(subject_of_text(text) for text in self.domains.get(domain, ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """See data/whitelist.toml."""

    shrink: float
    stale_days: int


@lru_cache(maxsize=8)
def policy(on: date) -> Policy:
    """The policy of a day. Raises ValueError for a day before the first."""
    text = (resources.files(__package__) / "data" / "whitelist.toml").read_text("utf-8")
    held = [row for row in tomllib.loads(text)["version"] if row["from"] <= on]
    if not held:
        raise ValueError(f"no policy for the white list on {on}")
    latest = max(held, key=lambda row: row["from"])
    return Policy(shrink=latest["shrink"], stale_days=latest["stale_days"])


def domain_of(address: str) -> str:
    """The domain of an address, in ASCII and lower case; "" when there is none that could exist."""
    return ascii_domain(address.rpartition("@")[2]) if "@" in address else ""


def ascii_domain(name: str) -> str:
    """A domain as servers know it: `hôpital.mssante.fr` as `xn--hpital-xxa.mssante.fr`; "" for what is none."""
    name = name.strip().rstrip(".")
    if len(name) > 253:
        return ""
    try:
        plain = name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""
    return plain if _DOMAIN.fullmatch(plain) else ""


def parse(raw: bytes, *, checksum: str | None) -> WhiteList:
    """The list that a published file is.

    `checksum` is the published SHA-256, in hexadecimal; None when there is none. Raises Refused: `too_large`,
    `checksum`, `truncated`, `unreadable`, `empty`. A file whose checksum holds may lack its closing tags: so it was
    published.
    """
    if len(raw) > MOST_BYTES:
        raise Refused("too_large", f"it has {len(raw)} bytes; at most {MOST_BYTES} are read")
    if checksum is not None and hashlib.sha256(raw).hexdigest() != checksum.strip().lower():
        raise Refused("checksum", "its SHA-256 is not the published one: fetch both files again")
    if checksum is None and not raw.rstrip().endswith(_ENDS):
        raise Refused("truncated", "it stops before its end: fetch it again, with its checksum")
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise Refused("unreadable", "it declares entities, which the published list does not")
    root = _root(raw)
    domains: dict[str, dict[str, None]] = {}
    skipped = 0
    for entry in root.iterfind(f"{_SPACE}ListeDomaines/{_SPACE}Domaine"):
        name = ascii_domain(_text(entry, "Nom"))
        subject = _text(entry, "DNCertificatOperateur")
        if not name or not _is_subject(subject):
            skipped += 1
            continue
        domains.setdefault(name, {})[subject] = None
    if not domains:
        raise Refused("empty", "it names no domain")
    return WhiteList(
        generated_at=_generated(root),
        domains={name: tuple(subjects) for name, subjects in domains.items()},
        skipped=skipped,
    )


def judge(new: WhiteList, last: WhiteList | None, *, policy: Policy) -> None:
    """Whether a list may take the place of the last one. Raises Refused: `older`, `shrunk`."""
    if last is None:
        return
    if new.generated_at < last.generated_at:
        raise Refused(
            "older",
            f"it is of {new.generated_at:%Y-%m-%d %H:%M}, the one in use of {last.generated_at:%Y-%m-%d %H:%M}",
        )
    gone = len(last.domains.keys() - new.domains.keys())
    if gone > len(last.domains) * policy.shrink:
        raise Refused("shrunk", f"it lacks {gone} of the {len(last.domains)} domains of the one in use")


def _root(raw: bytes) -> etree._Element:
    parser = etree.XMLParser(
        recover=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
    )
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError:
        root = None
    if root is None or root.tag != f"{_SPACE}ListeBlancheMSSante":
        raise Refused("unreadable", "it is not the white list: ListeBlancheMSSante is expected")
    return root


def _text(entry: etree._Element, name: str) -> str:
    return (entry.findtext(f"{_SPACE}{name}") or "").strip()


def _is_subject(text: str) -> bool:
    try:
        return bool(subject_of_text(text))
    except ValueError:
        return False


def _generated(root: etree._Element) -> datetime:
    try:
        at = datetime.fromisoformat(_text(root, "DateDeGeneration"))
    except ValueError:
        raise Refused("unreadable", "DateDeGeneration is missing or no date") from None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)

"""A result as health software takes it in: an IHE_XDM.ZIP with its CDA document, beside the PDF that people read.

An option, and for persons with a qualified INS only: the archive files a result under that number (reference
certificates.md §7.5, ECO.2.1.2 to .6). Codes: data/archive.toml.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from rempart.foundation.messaging.letters import Enclosure, Letter
from rempart.foundation.messaging.mssante import conventions, xdm
from rempart.foundation.messaging.mssante.ebrim import Code, Codes, Document, Patient, Submission, oid_of
from rempart.foundation.people.content import IdentityRecord
from rempart.screening.formats import cda
from rempart.screening.formats.cda.header import Kind
from rempart.screening.formats.exports import Exported
from rempart.screening.services.published import PublishedResult

_LOINC = "2.16.840.1.113883.6.1"


def with_archive(
    letter: Letter,
    *,
    result: PublishedResult,
    identity: IdentityRecord,
    details: Mapping[str, Any],
    archive: Enclosure,
) -> Letter:
    """A letter of health mail that also carries `archive`, with the subject, the fields and the names of documents that
    software looks for. The INS is qualified."""
    kind = _kind(device=details.get("device", ""))
    first_name = identity.first_names[0] if identity.first_names else ""
    named = [
        replace(
            one,
            name=conventions.document_name(
                acted_on=result.sampled_on,
                kind=_data()[kind.value]["short"],
                family_name=identity.birth_name,
                first_name=first_name,
                number=str(details["record"]),
            ),
        )
        for one in letter.enclosures
    ]
    return replace(
        letter,
        subject=conventions.subject(
            _data()["label"],
            family_name=identity.birth_name,
            first_name=first_name,
            born=identity.birth_date,
        ),
        headers={**letter.headers, **conventions.of_documents([kind.value], qualified=True)},
        enclosures=(*named, archive),
    )


def archive(exported: Exported, *, author: str, url: str, now: datetime) -> bytes:
    """The archive of a result whose person has a qualified INS; `url`: of this platform, which makes its identifier."""
    person = exported.report.person
    kind = _kind(device=exported.report.device)
    said, every = _data()[kind.value], _data()["every"]
    document = Document(
        id=exported.key("document"),
        name="DOC0001.XML",
        media_type="text/xml",
        title=said["title"],
        content=cda.encode(exported),
        codes=Codes(
            document_class=Code(**every["document_class"]),
            document_type=Code(code=kind.value, system=_LOINC, label=said["title"]),
            format=Code(**said["format"]),
            facility=Code(**every["facility"]),
            practice=Code(**every["practice"]),
            confidentiality=Code(**every["confidentiality"]),
        ),
        made_at=exported.made_at,
    )
    return xdm.write(
        Submission(
            id=exported.key("submission"),
            patient=Patient(
                matricule=person.ins,
                authority=person.ins_authority,
                family_name=person.birth_name,
                first_names=" ".join(person.first_names),
                sex=person.sex.value if person.sex else "U",
                born=person.birth_date,
            ),
            documents=(document,),
            content=Code(**every["content"]),
            author=author,
            source=oid_of(uuid5(NAMESPACE_URL, url)),
            sent_at=now,
        )
    )


def _kind(*, device: str) -> Kind:
    """As the encoder writes it: a rapid test where a device was used."""
    return Kind.RAPID_TEST if device else Kind.REPORT


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads((files(__package__) / "data" / "archive.toml").read_text("utf-8"))

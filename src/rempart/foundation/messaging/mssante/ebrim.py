"""The metadata of an IHE_XDM.ZIP: documents and their submission, as ebRIM writes them (IHE ITI TF-3 4.2).

The identifiers of schemes are those of IHE. Which codes a document has is its maker's business: they are passed in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID

from lxml import etree
from lxml.builder import ElementMaker

LCM = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
_REGREP = "urn:oasis:names:tc:ebxml-regrep"
_DOCUMENT = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
_SUBMISSION = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
ENTRY_PATIENT = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"
ENTRY_UNIQUE = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"
ENTRY_CLASS = "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a"
ENTRY_TYPE = "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983"
ENTRY_FORMAT = "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d"
ENTRY_FACILITY = "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1"
ENTRY_PRACTICE = "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead"
ENTRY_CONFIDENTIALITY = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"
ENTRY_AUTHOR = "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d"
SET_PATIENT = "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446"
SET_UNIQUE = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8"
SET_SOURCE = "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832"
SET_CONTENT = "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500"
SET_AUTHOR = "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d"

_E = ElementMaker(namespace=RIM, nsmap={None: RIM})


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A code of a nomenclature; `system`: its object identifier."""

    code: str
    system: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """What kind of document, in the six codes that IHE asks for."""

    document_class: Code
    document_type: Code
    format: Code
    facility: Code
    practice: Code
    confidentiality: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """Whose the documents are. `authority`: object identifier of who assigned the matricule; `sex`: "M", "F" or "U"."""

    matricule: str = field(repr=False)
    authority: str
    family_name: str = field(repr=False)
    first_names: str = field(repr=False)
    sex: str
    born: date | None = field(repr=False)

    @property
    def id(self) -> str:
        """As HL7 writes an identifier (CX): number, authority, and that it is the national health one."""
        return f"{_piece(self.matricule)}^^^&{_piece(self.authority)}&ISO^NH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """`name`: of the file in the archive, of letters, digits, points, hyphens and underscores; `made_at`: aware."""

    id: UUID
    name: str
    media_type: str
    title: str = field(repr=False)
    content: bytes = field(repr=False)
    codes: Codes
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """Documents sent together. `author`: who sends them, a structure; `source`: object identifier of our platform."""

    id: UUID
    patient: Patient
    documents: tuple[Document, ...]
    content: Code
    author: str
    source: str
    sent_at: datetime


def metadata(submission: Submission) -> bytes:
    """METADATA.XML, in UTF-8; the same for the same submission."""
    objects = _E.RegistryObjectList()
    for number, document in enumerate(submission.documents, start=1):
        objects.append(_entry(f"Document{number:02d}", document, submission))
    objects.append(_set(submission))
    objects.append(
        _E.Classification(
            id="Classification00",
            classifiedObject="SubmissionSet01",
            classificationNode=_SUBMISSION,
            objectType=f"{_REGREP}:ObjectType:RegistryObject:Classification",
        )
    )
    for number, _ in enumerate(submission.documents, start=1):
        objects.append(
            _E.Association(
                _slot("SubmissionSetStatus", "Original"),
                id=f"Association{number:02d}",
                associationType=f"{_REGREP}:AssociationType:HasMember",
                sourceObject="SubmissionSet01",
                targetObject=f"Document{number:02d}",
                objectType=f"{_REGREP}:ObjectType:RegistryObject:Association",
            )
        )
    root = ElementMaker(namespace=LCM, nsmap={"lcm": LCM, None: RIM}).SubmitObjectsRequest(objects)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)  # type: ignore[no-any-return]


def _entry(key: str, document: Document, submission: Submission) -> etree._Element:
    patient = submission.patient
    codes = document.codes
    content = document.content
    name = f"{_piece(patient.family_name)}^{_piece(patient.first_names)}^^^^^L"
    return _E.ExtrinsicObject(
        _slot("creationTime", _moment(document.made_at)),
        _slot("hash", hashlib.sha1(content, usedforsecurity=False).hexdigest()),
        _slot("languageCode", "fr-FR"),
        _slot("size", str(len(content))),
        _slot("sourcePatientId", patient.id),
        _slot(
            "sourcePatientInfo",
            f"PID-5|{name}",
            f"PID-7|{patient.born:%Y%m%d}" if patient.born else "PID-7|",
            f"PID-8|{_piece(patient.sex)}",
        ),
        _slot("URI", document.name),
        _text("Name", document.title),
        _classified(key, ENTRY_AUTHOR, None, _slot("authorInstitution", submission.author)),
        _classified(key, ENTRY_CLASS, codes.document_class),
        _classified(key, ENTRY_CONFIDENTIALITY, codes.confidentiality),
        _classified(key, ENTRY_FORMAT, codes.format),
        _classified(key, ENTRY_FACILITY, codes.facility),
        _classified(key, ENTRY_PRACTICE, codes.practice),
        _classified(key, ENTRY_TYPE, codes.document_type),
        _identified(key, ENTRY_PATIENT, "XDSDocumentEntry.patientId", patient.id),
        _identified(key, ENTRY_UNIQUE, "XDSDocumentEntry.uniqueId", oid_of(document.id)),
        id=key,
        mimeType=document.media_type,
        objectType=_DOCUMENT,
        status=f"{_REGREP}:StatusType:Approved",
    )


def _set(submission: Submission) -> etree._Element:
    key = "SubmissionSet01"
    return _E.RegistryPackage(
        _slot("submissionTime", _moment(submission.sent_at)),
        _classified(key, SET_AUTHOR, None, _slot("authorInstitution", submission.author)),
        _classified(key, SET_CONTENT, submission.content),
        _identified(key, SET_PATIENT, "XDSSubmissionSet.patientId", submission.patient.id),
        _identified(key, SET_SOURCE, "XDSSubmissionSet.sourceId", submission.source),
        _identified(key, SET_UNIQUE, "XDSSubmissionSet.uniqueId", oid_of(submission.id)),
        id=key,
        objectType=f"{_REGREP}:ObjectType:RegistryObject:RegistryPackage",
        status=f"{_REGREP}:StatusType:Approved",
    )


def oid_of(id: UUID) -> str:
    """A UUID as an object identifier (ITU-T X.667)."""
    return f"2.25.{id.int}"


def _slot(name: str, *values: str) -> etree._Element:
    return _E.Slot(_E.ValueList(*(_E.Value(_clean(value)) for value in values)), name=name)


def _text(tag: str, value: str) -> etree._Element:
    return _E(tag, _E.LocalizedString(value=_clean(value)))


def _classified(key: str, scheme: str, code: Code | None, *slots: etree._Element) -> etree._Element:
    inside = list(slots)
    if code is not None:
        inside += [_slot("codingScheme", code.system), _text("Name", code.label)]
    return _E.Classification(
        *inside,
        id=f"{key}-{scheme.rpartition(':')[2][:8]}",
        classificationScheme=scheme,
        classifiedObject=key,
        nodeRepresentation=code.code if code is not None else "",
        objectType=f"{_REGREP}:ObjectType:RegistryObject:Classification",
    )


def _identified(key: str, scheme: str, name: str, value: str) -> etree._Element:
    return _E.ExternalIdentifier(
        _text("Name", name),
        id=f"{key}-{scheme.rpartition(':')[2][:8]}",
        identificationScheme=scheme,
        registryObject=key,
        value=value,
        objectType=f"{_REGREP}:ObjectType:RegistryObject:ExternalIdentifier",
    )


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%d%H%M%S}"


def _clean(value: str) -> str:
    """Without what XML cannot hold, in one line."""
    return " ".join("".join(one if one.isprintable() else " " for one in value).split())


def _piece(value: str) -> str:
    """Without what separates the pieces of an HL7 field."""
    return _clean("".join(" " if one in "^&|~\\" else one for one in value))


def _values(entry: etree._Element, name: str) -> Sequence[str]:
    return [
        value.text or ""
        for value in entry.iterfind(f"{{{RIM}}}Slot[@name='{name}']/{{{RIM}}}ValueList/{{{RIM}}}Value")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What metadata say of one document; "" or None for what they leave out."""

    name: str
    media_type: str
    title: str = field(repr=False)
    type_code: str
    patient: str = field(repr=False)  # as HL7 writes it
    digest: str  # SHA-1, hexadecimal
    size: int | None


def entries(root: etree._Element) -> Iterable[Entry]:
    """The documents that metadata speak of."""
    for found in root.iterfind(f".//{{{RIM}}}ExtrinsicObject"):
        size = "".join(_values(found, "size"))
        kind = found.find(f"{{{RIM}}}Classification[@classificationScheme='{ENTRY_TYPE}']")
        patient = found.find(f"{{{RIM}}}ExternalIdentifier[@identificationScheme='{ENTRY_PATIENT}']")
        title = found.find(f"{{{RIM}}}Name/{{{RIM}}}LocalizedString")
        yield Entry(
            name="".join(_values(found, "URI")),
            media_type=found.get("mimeType", ""),
            title=title.get("value", "") if title is not None else "",
            type_code=kind.get("nodeRepresentation", "") if kind is not None else "",
            patient=patient.get("value", "") if patient is not None else "",
            digest="".join(_values(found, "hash")).lower(),
            size=int(size) if size.isascii() and size.isdigit() and len(size) < 12 else None,
        )

"""The archive of documents: what is in it, and what an archive made by somebody hostile cannot do."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from rempart.foundation.messaging.mssante import xdm
from rempart.foundation.messaging.mssante.ebrim import (
    LCM,
    RIM,
    Code,
    Codes,
    Document,
    Patient,
    Submission,
    metadata,
)

NOW = datetime(2021, 4, 9, 7, 30, tzinfo=UTC)
_CODE = Code(code="11502-2", system="2.16.840.1.113883.6.1", label="CR d'examens biologiques")
CODES = Codes(
    document_class=_CODE,
    document_type=_CODE,
    format=_CODE,
    facility=_CODE,
    practice=_CODE,
    confidentiality=_CODE,
)
PATIENT = Patient(
    matricule="284037512012368",
    authority="1.2.250.1.213.1.4.8",
    family_name="LEFÈVRE^&|",
    first_names="Zoé",
    sex="F",
    born=date(1984, 3, 1),
)
CDA, PDF = (
    Document(
        id=UUID(int=number), name=name, media_type=media_type, title="Résultat <1>", content=content, codes=CODES, made_at=NOW
    )
    for number, name, media_type, content in (
        (1, "DOC0001.XML", "text/xml", b"<ClinicalDocument/>"),
        (2, "DOC0002.PDF", "application/pdf", bytes(range(256)) * 40),
    )
)  # fmt: skip
SUBMISSION = Submission(
    id=UUID(int=3),
    patient=PATIENT,
    documents=(CDA, PDF),
    content=_CODE,
    author="Rempart",
    source="1.2.3",
    sent_at=NOW,
)
RAW = xdm.write(SUBMISSION)


def _archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _files() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(RAW)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_an_archive_is_laid_out_as_ihe_says_and_read_back():
    assert list(_files()) == [
        "INDEX.HTM", "README.TXT", "IHE_XDM/SUBSET01/METADATA.XML",
        "IHE_XDM/SUBSET01/DOC0001.XML", "IHE_XDM/SUBSET01/DOC0002.PDF",
    ]  # fmt: skip
    held = xdm.read(RAW)
    assert [one.content for one in held] == [CDA.content, PDF.content]
    assert [(one.entry.name, one.entry.media_type, one.entry.type_code) for one in held] == [
        ("DOC0001.XML", "text/xml", "11502-2"),
        ("DOC0002.PDF", "application/pdf", "11502-2"),
    ]
    assert held[0].entry.patient == "284037512012368^^^&1.2.250.1.213.1.4.8&ISO^NH"
    assert held[0].entry.title == "Résultat <1>"
    assert b"LEF" not in _files()["INDEX.HTM"]


def test_metadata_hold_one_submission_of_every_document():
    root = etree.fromstring(metadata(SUBMISSION))
    assert root.tag == f"{{{LCM}}}SubmitObjectsRequest"
    targets = [one.get("targetObject") for one in root.iter(f"{{{RIM}}}Association")]
    assert targets == ["Document01", "Document02"]
    assert len(root.findall(f".//{{{RIM}}}RegistryPackage")) == 1
    ids = [one.get("id") for one in root.iter() if one.get("id")]
    assert len(ids) == len(set(ids))
    assert "PID-5|LEFÈVRE^Zoé^^^^^L" in [one.text for one in root.iter(f"{{{RIM}}}Value")]


def test_the_same_submission_gives_the_same_bytes():
    assert xdm.write(replace(SUBMISSION)) == RAW


@pytest.mark.parametrize(
    "names", [[], ["a.xml", "A.XML"], ["metadata.xml"], ["../a"], ["a/b"], ["é"], [""], ["a b"]]
)
def test_names_that_a_file_cannot_have_are_not_written(names: list[str]):
    documents = tuple(replace(CDA, name=name) for name in names)
    with pytest.raises(ValueError, match="name"):
        xdm.write(replace(SUBMISSION, documents=documents))


def _changed(name: str, old: bytes, new: bytes) -> bytes:
    files = _files()
    assert old in files[f"IHE_XDM/SUBSET01/{name}"]
    files[f"IHE_XDM/SUBSET01/{name}"] = files[f"IHE_XDM/SUBSET01/{name}"].replace(old, new)
    return _archive(files)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "no_archive"),
        (RAW[:-30], "no_archive"),
        (_archive({"a": b"b"}), "no_metadata"),
        (_archive({f"f{number}": b"" for number in range(101)}), "too_many"),
        (_archive({**_files(), "IHE_XDM/SUBSET01/DOC0001.XML": bytes(40_000_000)}), "too_large"),
        (_archive({"IHE_XDM/SUBSET01/METADATA.XML": bytes(40_000_000)}), "too_large"),
        (_archive({"IHE_XDM/SUBSET01/METADATA.XML": b"<a>"}), "metadata"),
        (_archive({"IHE_XDM/SUBSET01/METADATA.XML": b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>'}), "metadata"),
        (_archive({"IHE_XDM/SUBSET01/METADATA.XML": b"<a/>"}), "no_document"),
        (_changed("METADATA.XML", b"DOC0001.XML", b"../../../etc/passwd"), "no_document"),
        (_changed("METADATA.XML", b"DOC0001.XML", b"/etc/passwd"), "no_document"),
        (_changed("METADATA.XML", b"DOC0001.XML", b"DOC0009.XML"), "no_document"),
        (_changed("DOC0001.XML", b"Clinical", b"Cynical_"), "altered"),
        (_changed("METADATA.XML", b">19<", b">20<"), "altered"),
    ],
)  # fmt: skip
def test_what_is_broken_or_hostile_is_said_by_its_code(raw: bytes, code: str):
    with pytest.raises(xdm.Broken) as broken:
        xdm.read(raw)
    assert broken.value.code == code


@given(st.integers(0, len(RAW) - 1), st.binary(max_size=8))
def test_an_altered_archive_never_does_worse_than_being_refused(at: int, put: bytes):
    try:
        held = xdm.read(RAW[:at] + put + RAW[at + len(put) :])
    except xdm.Broken:
        return
    assert {one.content for one in held} <= {CDA.content, PDF.content} or all(
        not one.entry.digest for one in held
    )

"""The white list: what is read of it, and what does not take the place of a good one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from tests.igc import Authority

from rempart.foundation.messaging.mssante import kept_list
from rempart.foundation.messaging.mssante.subjects import subject_of, subject_of_text
from rempart.foundation.messaging.mssante.whitelist import Refused, ascii_domain, domain_of, parse, policy

NOW = datetime(2025, 3, 14, 8, tzinfo=UTC)
MIPIH = "CN=medimail-asip.mipih.fr,OU=318310021300028,O=GIP MIPIH,ST=Haute-Garonne (31),C=FR"
SESAN = "CN=smtp-1.sesan.santnet.com,OU=1750048886,O=GIP SESAN,ST=Paris (75),C=FR"
OTHER = "CN=smtp-2.sesan.santnet.com,OU=1750048886,O=GIP SESAN,ST=Paris (75),C=FR"


def listed(
    entries: Sequence[tuple[str, str]], *, generated: str = "2025-03-13T14:54:10Z", end: str = ""
) -> bytes:
    """A white list as it is published."""
    rows = "".join(
        f"""
        <Domaine>
            <Nom>{name}</Nom>
            <Description>Établissement</Description>
            <DNCertificatOperateur>{subject}</DNCertificatOperateur>
            <ResponsableContact>08 10 61 50 50, a@b.fr</ResponsableContact>
            <SupportContact>08 10 61 50 50, a@b.fr</SupportContact>
            <DateMAJ>2025-03-13T14:54:10Z</DateMAJ>
        </Domaine>"""
        for name, subject in entries
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ListeBlancheMSSante xmlns="https://listeblanche.mssante.fr/schema">\n'
        f"    <DateDeGeneration>{generated}</DateDeGeneration>\n    <ListeDomaines>{rows}\n    </ListeDomaines>\n"
        f"{end or '</ListeBlancheMSSante>'}"
    ).encode()


ENTRIES = [
    ("ae.mssante.fr", MIPIH), ("UC-CMP.mssante.fr", MIPIH), ("15-20.mssante.fr", SESAN), ("15-20.mssante.fr", OTHER),
    ("15-20.mssante.fr", OTHER), ("hôpital.mssante.fr", MIPIH),
]  # fmt: skip


def test_a_domain_has_the_subjects_of_all_its_entries():
    found = parse(listed(ENTRIES), checksum=None)
    assert found.generated_at == datetime(2025, 3, 13, 14, 54, 10, tzinfo=UTC)
    assert len(found.domains) == 4
    assert found.subjects("15-20.mssante.fr") == {subject_of_text(SESAN), subject_of_text(OTHER)}
    assert found.subjects(domain_of("Labo@UC-CMP.MSSanté.fr".replace("é", "e"))) == {subject_of_text(MIPIH)}
    assert found.subjects(domain_of("accueil@hôpital.mssante.fr")) == {subject_of_text(MIPIH)}
    assert found.subjects("mssante.fr") == frozenset()


def test_what_has_no_readable_name_or_subject_is_left_out_and_counted():
    found = parse(
        listed([*ENTRIES, ("", MIPIH), ("a b.mssante.fr", MIPIH), ("x.mssante.fr", "?")]), checksum=None
    )
    assert (len(found.domains), found.skipped) == (4, 3)


def test_a_list_without_its_last_closing_tag_is_read():
    raw = listed(ENTRIES, end=" ")
    assert len(parse(raw, checksum=None).domains) == 4
    cut = listed(ENTRIES)[:-400]
    assert len(parse(cut, checksum=hashlib.sha256(cut).hexdigest().upper() + "\n").domains) >= 3


@pytest.mark.parametrize(
    ("raw", "checksum", "code"),
    [
        (listed(ENTRIES)[:-300], None, "truncated"),
        (listed(ENTRIES), "0" * 64, "checksum"),
        (listed(ENTRIES)[:-1], hashlib.sha256(listed(ENTRIES)).hexdigest(), "checksum"),
        (listed([]), None, "empty"),
        (b"", None, "truncated"),
        (b"<html></ListeDomaines>", None, "unreadable"),
        (listed(ENTRIES).replace(b"listeblanche.mssante.fr/schema", b"elsewhere"), None, "unreadable"),
        (listed(ENTRIES, generated="yesterday"), None, "unreadable"),
        (listed(ENTRIES).replace(b"<Liste", b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><Liste', 1), None, "unreadable"),
        (b"x" * 64_000_001, None, "too_large"),
    ],
)  # fmt: skip
def test_what_is_no_list_is_refused(raw: bytes, checksum: str | None, code: str):
    with pytest.raises(Refused) as refusal:
        parse(raw, checksum=checksum)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    "same",
    [
        "C=FR,ST=Haute-Garonne (31),O=GIP MIPIH,OU=318310021300028,CN=medimail-asip.mipih.fr",
        "/C=FR/ST=Haute-Garonne (31)/O=GIP MIPIH/OU=318310021300028/CN=medimail-asip.mipih.fr",
        "CN=Medimail-ASIP.mipih.fr, OU=318310021300028, O=GIP  Mipih, S=Haute-Garonne (31), C=fr",
        r"2.5.4.3=medimail-asip.mipih.fr,OU=318310021300028+O=GIP\20MIPIH,ST=Haute-Garonne \(31\),C=FR",
    ],
)
def test_subjects_are_the_same_however_they_are_written(same: str):
    assert subject_of_text(same) == subject_of_text(MIPIH)


@pytest.mark.parametrize(
    "other",
    [
        MIPIH.replace("318310021300028", "318310021300029"),
        MIPIH.replace("Haute-Garonne (31)", "Paris (75)"),
        MIPIH + ",OU=more",
        MIPIH.replace("ST=Haute-Garonne (31),", ""),
        MIPIH.replace("CN=", "CN=x,CN="),
        MIPIH.replace(",O=GIP MIPIH", ",O=GIP,O=MIPIH"),
    ],
)
def test_subjects_that_differ_in_one_part_are_not_the_same(other: str):
    assert subject_of_text(other) != subject_of_text(MIPIH)


def test_a_comma_that_nobody_escaped_belongs_to_its_value():
    assert subject_of_text("CN=mx.fr,O=DUPONT, FILS ET CIE,C=FR") == subject_of_text(
        r"C=FR,O=DUPONT\, FILS ET CIE,CN=mx.fr"
    )


@pytest.mark.parametrize("text", ["", "mx.example", "hello CN=mx", "=,="])
def test_what_is_no_subject(text: str):
    with pytest.raises(ValueError, match="not a subject"):
        subject_of_text(text)


def test_the_subject_of_a_certificate_is_that_of_the_list(tmp_path: Path):
    path = Authority(tmp_path).sign(
        "CN=mss.enovacom.fr,OU=344368557300034,O=ENOVACOM,ST=Bouches-du-Rhône (13),C=FR"
    )
    certificate = x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)
    assert subject_of(certificate) == subject_of_text(
        "C=FR, ST=Bouches-du-Rhône (13), O=ENOVACOM, OU=344368557300034, CN=mss.enovacom.fr"
    )


@pytest.mark.parametrize(
    "name", ["", ".", "a", "-a.fr", "a..fr", "a_b.fr", "é" * 300 + ".fr", "a.fr\r\nx", "x" * 64 + ".fr"]
)
def test_what_is_no_domain(name: str):
    assert ascii_domain(name) == ""


def _load(folder: Path, raw: bytes, *, sure: bool = False, now: datetime = NOW) -> kept_list.Loaded:
    (folder / "listeblanchemssante.xml").write_bytes(raw)
    (folder / "checksum").write_text(hashlib.sha256(raw).hexdigest() + "\n")
    return kept_list.load(
        folder / "listeblanchemssante.xml",
        checksum=folder / "checksum",
        folder=folder / "kept",
        now=now,
        sure=sure,
    )


MANY = [(f"d{number}.mssante.fr", MIPIH) for number in range(100)]


def test_a_good_list_comes_into_use_and_says_what_it_changed(tmp_path: Path):
    in_use = kept_list.Current(tmp_path / "kept")
    assert in_use() is None
    assert (_load(tmp_path, listed(MANY)).added, len(in_use().domains)) == (100, 100)  # type: ignore[union-attr]
    loaded = _load(tmp_path, listed([*MANY[2:-1], ("d99.mssante.fr", SESAN), ("new.mssante.fr", SESAN)]))
    assert (loaded.added, loaded.changed, loaded.gone) == (1, 1, 2)
    held = in_use()
    assert held is not None
    assert held.subjects("new.mssante.fr") == {subject_of_text(SESAN)}
    assert held == kept_list.current(tmp_path / "kept")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (listed(MANY[:90]), "shrunk"),
        (listed([("x" + name, subject) for name, subject in MANY] + MANY[6:]), "shrunk"),
        (listed(MANY, generated="2025-03-12T14:54:10Z"), "older"),
        (listed([]), "empty"),
    ],
)
def test_a_worse_list_leaves_the_last_good_one_in_use(tmp_path: Path, raw: bytes, code: str):
    _load(tmp_path, listed(MANY))
    with pytest.raises(Refused) as refusal:
        _load(tmp_path, raw)
    assert refusal.value.code == code
    found = kept_list.standing(tmp_path / "kept", now=NOW)
    assert found.domains == 100
    assert len(found.notes) == 1
    assert f"({code})" in found.notes[0]


def test_somebody_who_is_sure_may_shrink_it_and_the_note_goes(tmp_path: Path):
    _load(tmp_path, listed(MANY))
    with pytest.raises(Refused):
        _load(tmp_path, listed(MANY[:50]))
    assert _load(tmp_path, listed(MANY[:50]), sure=True).gone == 50
    assert kept_list.standing(tmp_path / "kept", now=NOW).notes == ()


def test_an_old_list_and_none_at_all_are_said(tmp_path: Path):
    assert "no white list" in kept_list.standing(tmp_path / "kept", now=NOW).notes[0]
    _load(tmp_path, listed(MANY))
    later = NOW + timedelta(days=policy(date(2025, 3, 14)).stale_days + 1)
    assert "days old" in kept_list.standing(tmp_path / "kept", now=later).notes[0]


def test_files_that_are_not_there_are_named(tmp_path: Path):
    with pytest.raises(Refused, match="No such file"):
        kept_list.load(tmp_path / "none.xml", checksum=None, folder=tmp_path, now=NOW)

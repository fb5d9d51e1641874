"""What is read from each line of the published files, and what is refused of it."""

from pathlib import Path

import pytest
from tests.directories import (
    MAILBOXES_HEAD,
    PROFESSIONALS_HEAD,
    entity,
    establishment,
    finess,
    finess_file,
    mailbox,
    position,
    practice,
    rpps,
    table,
)

from rempart.foundation.directories.layouts import LAYOUTS, layouts_of, published_on
from rempart.foundation.directories.layouts.rows import Fault, Row
from rempart.foundation.directories.policy import Directory
from rempart.foundation.identifiers.finess import is_valid

BY = {layout.directory: layout for layout in LAYOUTS}
SAMPLE = Path(__file__).parents[5] / "shared" / "corpora" / "certificates" / "finess" / "finess_et_sample.csv"
LAB = finess("69", 1)


def read(directory: Directory, content: bytes) -> list[dict[str, object] | str]:
    """The rows by their columns, the faults as they are shown."""
    found = BY[directory].read(enumerate(content.split(b"\n")[:-1], 1))
    return [
        str(one) if isinstance(one, Fault) else dict(zip(BY[directory].columns, one.values, strict=True))
        for one in found
    ]


def kinds(content: bytes) -> list[str]:
    return [layout.directory for layout in layouts_of(content.split(b"\n")[:2])]


def test_a_file_is_told_by_its_first_lines() -> None:
    assert kinds(finess_file([establishment(LAB)])) == ["establishments", "positions"]
    assert kinds(b"\xef\xbb\xbf" + finess_file([entity(LAB)])) == ["entities"]
    assert kinds(table(PROFESSIONALS_HEAD, [])) == ["professionals"]
    assert kinds(table(MAILBOXES_HEAD, [])) == ["mailboxes"]
    for other in (b"", b"a;b\n1;2\n", b"Type de BAL|x\n", b"finess;etalab;1;2026-01-01\n"):
        assert kinds(other) == []


def test_a_file_of_finess_says_its_day() -> None:
    assert published_on([b"finess;etalab;111;2026-05-12"]) == "2026-05-12"
    assert published_on([b"Type de BAL|Adresse BAL"]) == published_on([]) == ""


def test_an_establishment() -> None:
    (row,) = read(Directory.ESTABLISHMENTS, finess_file([establishment(LAB)]))
    assert row == {
        "finess": LAB,
        "entity": "690000005",
        "name": "LBM DES TESTS",
        "department": "69",
        "commune": "69123",
        "address": "12 BIS R DES LILAS\n69003 LYON",
        "phone": "0472000000",
        "category": "611",
        "category_name": "Laboratoire de biologie médicale",
        "siret": "26010004500012",
        "opened_on": "1979-02-13",
    }


@pytest.mark.parametrize(
    ("code", "digits", "department", "commune"),
    [
        ("9A", "123", "977", "97701"),  # Saint-Barthélemy, of Guadeloupe until 2007
        ("9A", "127", "978", "97801"),
        ("9A", "105", "971", "97105"),
        ("9C", "302", "973", "97302"),
        ("9D", "411", "974", "97411"),
        ("9F", "606", "976", "97606"),
        ("9J", "613", "986", "98613"),
        ("2A", "004", "2A", "2A004"),
        ("01", "451", "01", "01451"),
        ("ZZ", "001", "", ""),
    ],
)
def test_departments_overseas_become_ours(code: str, digits: str, department: str, commune: str) -> None:
    content = finess_file([establishment(LAB, department=code, commune=digits)])
    (row,) = read(Directory.ESTABLISHMENTS, content)
    assert isinstance(row, dict)
    assert (row["department"], row["commune"]) == (department, commune)


def test_the_published_rows_are_read() -> None:
    if not SAMPLE.exists():
        pytest.skip("the sample of FINESS is not here")
    rows = read(Directory.ESTABLISHMENTS, SAMPLE.read_bytes())
    assert len(rows) == 6
    assert all(isinstance(row, dict) and is_valid(str(row["finess"])) for row in rows)
    by_number = {row["finess"]: row for row in rows if isinstance(row, dict)}
    assert by_number["980501506"]["name"] == 'LIEU DE VIE ET D\'ACCUEIL "MAVOUNA MEMA 1"'
    assert by_number["980600027"]["department"] == "986"
    assert by_number["010000024"]["address"] == "900 RTE DE PARIS\n01440 VIRIAT"


def test_a_juridical_entity() -> None:
    (row,) = read(Directory.ENTITIES, finess_file([entity("690000005")]))
    assert row == {
        "finess": "690000005",
        "name": "SELAS DES TESTS",
        "department": "69",
        "address": "1 AV DE LA PAIX\nBP 12\n69300 CALUIRE",
        "phone": "0472111111",
        "status": "95",
        "siren": "552100554",
    }


def test_positions_in_degrees() -> None:
    """The first is Ambérieu-en-Bugey as published in Lambert 93 and as a geographer's tool turns it."""
    content = finess_file(
        [
            establishment(LAB),
            position(LAB, 882408.3, 6543019.6),
            position(finess("974", 1), 338000.0, 7690000.0, projection="UTM_S40"),
            position(finess("69", 2), 1.0, 2.0, projection="MOON_7"),
            "geolocalisation;" + finess("69", 3) + ";;;;2021-01-04",
            f"geolocalisation;{finess('69', 4)};842000.0;6519000.0;1;ATLASANTE;100;IGN;BD_ADRESSE;V2.1;LAMBERT_93;2016-02-29",
        ]
    )
    rows = [row for row in read(Directory.POSITIONS, content) if isinstance(row, dict)]
    assert [(row["projection"], row["longitude"], row["latitude"]) for row in rows[:3]] == [
        ("LAMBERT_93", 5.355651, 45.962402),
        ("UTM_S40", 55.442594, -20.883145),
        ("MOON_7", None, None),
    ]
    assert rows[3]["source"] == "1,ATLASANTE,100,IGN,BD_ADRESSE,V2.1,LAMBERT_93"
    assert len(rows) == 4


def test_windows_1252_is_read_too() -> None:
    content = finess_file([establishment(LAB, name="HÔPITAL Cœur")]).decode().encode("cp1252")
    (row,) = read(Directory.ESTABLISHMENTS, content)
    assert isinstance(row, dict)
    assert row["name"] == "HÔPITAL Cœur"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("structureet;690000013;690000005;HALF", "3 fields instead of 31 or 30"),
        (establishment("69000001"), "the number, or that of its entity, is not a FINESS"),
        (establishment(LAB, "x"), "the number, or that of its entity, is not a FINESS"),
        ("hello", "not a row of FINESS"),
        ('structureet;a"\rb;c', "a line break within it"),
        (establishment(LAB, name="A\0B"), "not text in UTF-8 or Windows-1252"),
        (establishment(LAB, name="\x81"), ""),
    ],
)
def test_faulty_rows_of_finess_are_named_by_their_line(line: str, why: str) -> None:
    found = read(Directory.ESTABLISHMENTS, finess_file([establishment(LAB), line]))
    if why:
        assert found[1] == f"line 3: {why}"
    else:
        assert isinstance(found[1], dict)


@pytest.mark.parametrize("x", ["here", "nan", "1e999"])
def test_a_position_that_is_no_number_is_a_fault(x: str) -> None:
    line = f"geolocalisation;{LAB};{x};6519000.0;1,LAMBERT_93;2021-01-04"
    assert read(Directory.POSITIONS, finess_file([line])) == ["line 2: the coordinates are not numbers"]


def test_a_professional() -> None:
    number = rpps(1)
    (row,) = read(Directory.PROFESSIONALS, table(PROFESSIONALS_HEAD, [practice(number)]))
    assert row == {
        "number": number,
        "register": "8",
        "title": "Docteur",
        "family_name": "MARTIN",
        "first_name": "Alix",
        "profession_code": "10",
        "profession": "Médecin",
        "specialty_code": "SM54",
        "specialty": "Médecine générale",
        "mode": "L",
        "siret": "",
        "finess": "",
        "entity": "",
        "structure": "R10000000000001",
        "structure_name": "CABINET MARTIN",
        "address": "9 Place VIOLET\n75015 PARIS",
        "commune": "",
        "phone": "0148237096",
    }


def test_the_extraction_may_change_its_columns() -> None:
    """Another order, other capitals, no speciality, no separator at the end: columns are found by their names."""
    columns = [
        column.replace("civilité d'exercice", "civilité exercice").upper()
        for column in PROFESSIONALS_HEAD.split("|")
        if "savoir-faire" not in column and column
    ][::-1]
    row = {
        key.replace("civilité d'exercice", "civilité exercice").upper(): value
        for key, value in practice(rpps(1)).items()
    }
    (found,) = read(Directory.PROFESSIONALS, table("|".join(columns), [row]))
    assert isinstance(found, dict)
    assert (found["number"], found["specialty"], found["title"], found["phone"]) == (
        rpps(1),
        "",
        "Docteur",
        "0148237096",
    )


def test_what_is_wrong_with_a_file_that_names_its_columns() -> None:
    head = PROFESSIONALS_HEAD.replace("Nom d'exercice|", "", 1)
    assert read(Directory.PROFESSIONALS, table(head, [practice(rpps(1))])) == [
        "line 1: no column “Nom d'exercice”"
    ]
    good = table(PROFESSIONALS_HEAD, [practice(rpps(1))])
    found = read(
        Directory.PROFESSIONALS,
        good
        + b"a|b\n"
        + b"\xff|\n"
        + table(PROFESSIONALS_HEAD, [practice("")])[len(PROFESSIONALS_HEAD.encode()) + 1 :],
    )
    assert found[1:] == [
        "line 3: 2 fields instead of 52",
        "line 4: not UTF-8 text",
        "line 5: no number, or too long a one (Identifiant PP)",
    ]


def test_mailboxes() -> None:
    content = table(
        MAILBOXES_HEAD,
        [
            mailbox("Alix.MARTIN@medecin.mssante.fr ", number=rpps(1)),
            mailbox("labo@lab.mssante.fr", structure=f"1{LAB}", service="Résultats @SIDEp"),
            mailbox("other@lab.mssante.fr", structure="R10000000000001"),
        ],
    )
    rows = [row for row in read(Directory.MAILBOXES, content) if isinstance(row, dict)]
    assert [(row["address"], row["kind"], row["number"], row["finess"]) for row in rows] == [
        ("alix.martin@medecin.mssante.fr", "PER", rpps(1), ""),
        ("labo@lab.mssante.fr", "ORG", "", LAB),
        ("other@lab.mssante.fr", "ORG", "", ""),
    ]
    assert rows[1]["service"] == "Résultats @SIDEp"


def test_faulty_mailboxes() -> None:
    bad = [mailbox("nobody"), {**mailbox("a@b.fr"), "Type de BAL": "???"}, mailbox("a@b.fr", number="9" * 40)]
    assert read(Directory.MAILBOXES, table(MAILBOXES_HEAD, bad)) == [
        "line 2: not an address of a mailbox",
        "line 3: the kind of mailbox is not PER, ORG, APP or CAB",
        "line 4: too long a number (Identifiant PP)",
    ]


def test_a_row_has_the_digest_of_what_it_says() -> None:
    one, other = Row(line=1, values=("a", "b")), Row(line=9, values=("a", "b"))
    assert one.digest == other.digest
    assert one.digest != Row(line=1, values=("ab", "")).digest

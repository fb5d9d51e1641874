"""Tables as laboratories send them: every dialect of a spreadsheet is read the same, and what is lost is said."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time
from typing import Any

import pytest
from openpyxl import Workbook
from tests import messages

from rempart.screening.formats import decode, sniff
from rempart.screening.formats.tables import decode as decode_table
from rempart.screening.formats.tables.columns import columns, recognise
from rempart.screening.rules.judging import judge
from rempart.screening.rules.report import (
    Format,
    Item,
    Outcome,
    Precision,
    Residence,
    Result,
    Sex,
    Status,
    Symptoms,
)

ROW = {
    "nom_naissance": "PAT-TROIS", "prenoms": "DOMINIQUE, MARIE-LOUISE", "sexe": "F", "date_naissance": "28/03/1979",
    "lieu_naissance": "51215", "ins": "279035121518989", "oid_ins": "1.2.250.1.213.1.4.10", "adresse": "28 AVENUE DE BRETEUIL",
    "code_postal": "75007", "commune": "PARIS", "mobile": "0600000000", "email": "dominique@example.org",
    "residence": "E", "professionnel_sante": "Non", "symptomes": "S2", "prescripteur": "10003456786",
    "numero_dossier": "21048BC000020", "date_prelevement": "08/04/2021 13:48", "date_validation": "08/04/2021 15:00",
    "finess": "690001235", "laboratoire": "LBM EXEMPLE", "analyse": "94500-6", "resultat": "POSITIF",
}  # fmt: skip


def table(*rows: dict[str, str], delimiter: str = ";", end: str = "\r\n", quote: bool = False) -> str:
    """A table whose columns are those of the first row."""
    header = list(rows[0])
    mark = '"' if quote else ""
    lines = [header, *([row[key] for key in header] for row in rows)]
    return end.join(delimiter.join(f"{mark}{cell}{mark}" for cell in line) for line in lines) + end


def workbook(*rows: list[Any]) -> bytes:
    book, file = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


def read(payload: bytes | str) -> list[Item]:
    content = payload.encode() if isinstance(payload, str) else payload
    assert sniff(content) is Format.TABLE
    return list(decode(content, context=messages.FRENCH))


def only(payload: bytes | str) -> Item:
    (item,) = read(payload)
    return item


def codes(item: Item) -> set[str]:
    return {said.code for said in item.findings}


def test_a_row_is_a_whole_report():
    item = only(table(ROW, delimiter=";", quote=True))
    (report,) = item.reports
    person = report.person
    assert (person.birth_name, person.first_names, person.sex) == (
        "PAT-TROIS",
        ("DOMINIQUE", "MARIE-LOUISE"),
        Sex.FEMALE,
    )
    assert (person.birth_date, person.birth_place) == (date(1979, 3, 28), "51215")
    assert (person.ins, person.ins_authority) == ("279035121518989", "1.2.250.1.213.1.4.10")
    assert (person.address.lines, person.address.postal_code, person.address.city) == (
        ("28 AVENUE DE BRETEUIL",),
        "75007",
        "PARIS",
    )
    assert (person.mobile, person.email) == ("0600000000", "dominique@example.org")
    assert (report.laboratory.finess, report.laboratory.name) == ("690001235", "LBM EXEMPLE")
    assert (report.loinc, report.result, report.status) == ("94500-6", Result.POSITIVE, Status.FINAL)
    assert report.validated_at is not None
    assert report.sampled_at is not None
    assert report.sampled_at.at.isoformat() == "2021-04-08T13:48:00+02:00"
    assert (report.residence, report.health_worker, report.symptoms) == (
        (Residence.CARE_HOME,),
        False,
        Symptoms.DAYS_2_TO_4,
    )
    assert (report.prescriber.rpps, report.record_number, report.location) == (
        "10003456786",
        "21048BC000020",
        "row 2",
    )
    assert item.findings == ()
    assert (
        judge(item, profile=messages.FRENCH.profile, pathogen=messages.COVID, now=messages.NOW).outcome
        is Outcome.ACCEPTED
    )


DIALECTS = {
    "semicolons": table(ROW).encode(),
    "tabs, as Excel copies": table(ROW, delimiter="\t").encode(),
    "bars": table(ROW, delimiter="|").encode(),
    "commas and quotation marks": table(ROW, delimiter=",", quote=True).encode(),
    "line feeds": table(ROW, end="\n").encode(),
    "carriage returns": table(ROW, end="\r").encode(),
    "byte order mark": b"\xef\xbb\xbf" + table(ROW).encode(),
    "UTF-16, as Excel's Unicode text": b"\xff\xfe" + table(ROW, delimiter="\t").encode("utf-16-le"),
    "Excel's line on the separator": b"sep=;\r\n" + table(ROW).encode(),
    "titles and blank lines above": b"Resultats du 8 avril;;\r\n;;\r\n\r\n" + table(ROW).encode(),
    "blank lines below": table(ROW).encode() + b";;;;\r\n\r\n;\r\n",
    "NUL bytes between": table(ROW).encode().replace(b"PARIS", b"PA\x00RIS"),
    "headers as people write them": table(ROW).encode().replace(b"nom_naissance", b'"Nom de naissance "')
    .replace(b"numero_dossier", "N° dossier".encode()).replace(b"resultat", "RÉSULTAT".encode()),
    "a column nobody knows": table(ROW | {"couleur": "bleu"}).encode(),
    "a workbook": workbook(list(ROW), list(ROW.values())),
    "a workbook with typed cells": workbook(
        list(ROW),
        [
            date(1979, 3, 28) if k == "date_naissance" else datetime.fromisoformat("2021-04-08 13:48") if k == "date_prelevement"
            else 279035121518989 if k == "ins" else 75007.0 if k == "code_postal" else v
            for k, v in ROW.items()
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("payload", DIALECTS.values(), ids=DIALECTS)
def test_every_dialect_says_the_same(payload):
    expected, found = only(table(ROW)).reports[0], only(payload).reports[0]
    for name in (
        "person",
        "laboratory",
        "record_number",
        "sampled_at",
        "validated_at",
        "result",
        "loinc",
        "prescriber",
    ):
        assert getattr(found, name) == getattr(expected, name)


@pytest.mark.parametrize("codec", ["utf-8", "cp1252", "cp850", "mac_roman"])
def test_accents_survive_their_encoding(codec):
    text = table(ROW | {"nom_naissance": "LEFÈVRE", "prenoms": "Hélène", "commune": "Orléans"})
    person = only(text.encode(codec)).reports[0].person
    assert (person.birth_name, person.first_names, person.address.city) == ("LEFÈVRE", ("Hélène",), "Orléans")


def test_each_row_is_a_message_that_can_be_read_again_by_itself():
    items = read(table(ROW, ROW | {"numero_dossier": "2", "commune": '"a;""b"""'}))
    assert items[1].reports[0].person.address.city == 'a;"b"'
    assert [item.position for item in items] == [0, 1]
    for item in items:
        (again,) = decode(item.raw, context=messages.FRENCH)
        assert again.reports[0].person == item.reports[0].person
        assert again.raw == item.raw


def test_what_a_spreadsheet_drops_is_given_back():
    lost = ROW | {"finess": "10780195", "code_postal": "1000", "mobile": "600000000"}
    item = only(table(lost))
    (report,) = item.reports
    assert (report.laboratory.finess, report.person.address.postal_code, report.person.mobile) == (
        "010780195", "01000", "0600000000",
    )  # fmt: skip
    assert codes(item) == {"T03"}


@pytest.mark.parametrize("key", ["ins", "numero_dossier", "prescripteur"])
def test_a_number_written_as_a_power_of_ten_is_lost(key):
    item = only(table(ROW | {key: "2,79035E+14"}))
    assert "T02" in codes(item)
    assert (
        judge(item, profile=messages.FRENCH.profile, pathogen=messages.COVID, now=messages.NOW).outcome
        is Outcome.REJECTED
    )


TIMES = [
    ("08/04/2021", "", "2021-04-08T00:00:00+02:00", Precision.DAY),
    ("2021-04-08", "13:48", "2021-04-08T13:48:00+02:00", Precision.MINUTE),
    ("8/4/2021", "13h48", "2021-04-08T13:48:00+02:00", Precision.MINUTE),
    ("08-04-2021", "9 h", "2021-04-08T09:00:00+02:00", Precision.HOUR),
    ("08.04.2021 13:48:05", "", "2021-04-08T13:48:05+02:00", Precision.SECOND),
    ("2021-04-08T13:48:05.250+02:00", "", "2021-04-08T13:48:05+02:00", Precision.SECOND),
    ("2021-04-08T11:48Z", "", "2021-04-08T13:48:00+02:00", Precision.MINUTE),
    ("202104081348", "", "2021-04-08T13:48:00+02:00", Precision.MINUTE),
    ("08/04/2021 00:00", "13:48", "2021-04-08T13:48:00+02:00", Precision.MINUTE),
]


@pytest.mark.parametrize(("day", "hour", "expected", "precision"), TIMES)
def test_times_of_every_form(day, hour, expected, precision):
    moment = only(table(ROW | {"date_prelevement": day, "heure_prelevement": hour})).reports[0].sampled_at
    assert moment is not None
    assert moment.at == datetime.fromisoformat(expected)
    assert moment.precision is precision


@pytest.mark.parametrize(
    ("day", "hour"),
    [("31/02/2021", ""), ("demain", ""), ("08/04/21", ""), ("08/04/2021", "25:00"), ("08/04/2021 10:00", "11:00"),
     ("44294", ""), ("12/20/2021", "")],
)  # fmt: skip
def test_a_time_that_cannot_be_read_is_said(day, hour):
    assert "S01" in codes(only(table(ROW | {"date_prelevement": day, "heure_prelevement": hour})))


def test_a_time_that_is_none_of_a_clock_s_in_a_workbook():
    rows = workbook(
        [*ROW, "heure_prelevement"], [*(ROW | {"date_prelevement": "08/04/2021"}).values(), time(13, 48)]
    )
    moment = only(rows).reports[0].sampled_at
    assert moment is not None
    assert moment.at.isoformat() == "2021-04-08T13:48:00+02:00"


@pytest.mark.parametrize("text", ["28/03/79", "28/13/1979", "28 mars 1979", "28938"])
def test_a_birth_date_nobody_can_be_sure_of_is_refused(text):
    assert "P03" in codes(only(table(ROW | {"date_naissance": text})))


def test_a_separator_inside_a_text_is_seen():
    text = table(ROW).replace("28 AVENUE DE BRETEUIL", "28 AVENUE; DE BRETEUIL")
    assert "T04" in codes(only(text))


def test_one_word_for_several_columns_is_refused():
    text = table(ROW).replace("laboratoire", "nom de naissance", 1)
    assert "T01" in codes(only(text))


@pytest.mark.parametrize(
    "key", ["prenoms", "date_naissance", "numero_dossier", "date_prelevement", "analyse", "resultat"]
)
def test_a_table_without_a_column_it_needs_is_not_read(key):
    item = only(table({k: v for k, v in ROW.items() if k != key}, {k: v for k, v in ROW.items() if k != key}))
    assert codes(item) == {"T01"}
    assert item.reports == ()


def test_a_laboratory_may_say_which_column_is_which_and_who_it_is():
    text = "A;B;C;D;E;F;G\r\nPAT-TROIS;DOMINIQUE;28/03/1979;1;08/04/2021;94500-6;N\r\n"
    payload = ("x;" * 3 + "nom;prenom;sexe;resultat\r\n").encode() + text.encode()
    keys = (
        "nom_naissance",
        "prenoms",
        "date_naissance",
        "numero_dossier",
        "date_prelevement",
        "analyse",
        "resultat",
    )
    items = list(
        decode_table(
            payload,
            context=messages.FRENCH,
            columns={key: n for n, key in enumerate(keys)},
            laboratory="690001235",
        )
    )
    assert (items[1].reports[0].person.birth_name, items[1].reports[0].result) == (
        "PAT-TROIS",
        Result.NEGATIVE,
    )
    assert items[1].sender == "690001235"


@pytest.mark.parametrize(
    ("written", "status"),
    [("", Status.FINAL), ("c", Status.CORRECTED), ("Annulé", Status.RETRACTED), ("?", Status.HELD)],
)
def test_statuses(written, status):
    assert only(table(ROW | {"statut": written})).reports[0].status is status


def test_letters_yes_and_no_and_a_trusted_relative():
    row = ROW | {
        "variant_a": "0", "variant_b": "0", "variant_c": "1,0", "variant_d": "0", "symptomes": "oui", "mobile": "",
        "mobile_proche": "611111111", "email_proche": "fille@example.org", "telephone": "199999999",
    }  # fmt: skip
    (report,) = only(table(row)).reports
    assert report.variants == (("A", "0"), ("B", "0"), ("C", "1"), ("D", "0"))
    assert report.symptoms is Symptoms.UNKNOWN
    person = report.person
    assert (person.relative_mobile, person.relative_email, person.phone) == (
        "0611111111",
        "fille@example.org",
        "0199999999",
    )


def test_every_column_is_recognised_by_its_own_key_and_no_two_share_a_name():
    keys = list(columns())
    assert recognise(keys) == {key: place for place, key in enumerate(keys)}


# Hostile tables


def zipped(**parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/"), content)
    return file.getvalue()


def far_cell() -> bytes:
    """A workbook whose second cell stands in the last row and column there can be."""
    good = workbook(list(ROW), list(ROW.values()))
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            content = old.read(part)
            if part.filename.endswith("sheet1.xml"):
                far = b'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
                content = content.replace(b"</sheetData>", far)
            new.writestr(part.filename, content)
    return file.getvalue()


def altered(part: str, content: bytes) -> bytes:
    """A good workbook, one part of which says something else."""
    good = workbook(list(ROW), list(ROW.values()))
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for one in old.infolist():
            new.writestr(one.filename, content if one.filename == part else old.read(one))
    return file.getvalue()


def far_cells(sheets: int) -> bytes:
    """A workbook of many sheets without a header, each with one cell far down."""
    book = Workbook()
    for _ in range(sheets):
        book.create_sheet().cell(row=200_000, column=1, value="x")
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


HOSTILE = {
    "a tree of styles": altered("xl/styles.xml", b"<styleSheet>%b</styleSheet>" % (b"<a/>" * 1_100_000)),
    "names of sheets": altered("xl/workbook.xml", b"<workbook>%b</workbook>" % (b"<a/>" * 1_100_000)),
    "much from little": altered("xl/worksheets/sheet1.xml", b"<a/>" * 2_600_000),
    "emptiness": far_cells(4),
    "a zip that is no workbook": zipped(**{"[Content_Types].xml": b"<x/>", "xl__workbook.xml": b"<x/>"}),
    "a zip bomb": zipped(
        **{"[Content_Types].xml": b"<x/>", "xl__worksheets__sheet1.xml": bytes(201_000_000)}
    ),
    "many parts": zipped(**{"[Content_Types].xml": b"<x/>"} | {f"xl__{n}": b"" for n in range(2_001)}),
    "a cut workbook": workbook(list(ROW), list(ROW.values()))[:-200],
    "entities": zipped(
        **{"[Content_Types].xml": b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>', "xl__workbook.xml": b"&a;"}
    ),
}


@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_workbook_is_refused_with_a_code(payload):
    item = only(payload)
    assert codes(item) == {"T05"}
    assert item.reports == ()


def test_a_far_cell_costs_nothing():
    item, *_rest = read(far_cell())
    assert item.reports[0].person.birth_name == "PAT-TROIS"


def test_a_quotation_mark_that_never_closes_ends_the_table_and_says_so():
    text = table(ROW, ROW | {"numero_dossier": "2"}) + '"never closed;' + "x" * 200_000
    items = read(text)
    assert [bool(item.reports) for item in items] == [True, True, False]
    assert codes(items[-1]) == {"T05"}


def test_too_many_rows_are_cut_and_it_is_said(monkeypatch):
    from rempart.screening.formats.tables import sheets

    monkeypatch.setattr(sheets, "MOST_ROWS", 2)
    items = read(table(ROW, *({**ROW, "numero_dossier": str(n)} for n in range(4))))
    assert [codes(item) for item in items] == [set(), set(), {"T05"}]


def test_a_cell_of_a_megabyte_is_refused():
    assert "F03" in codes(only(table(ROW | {"adresse": "x" * 5_000})))

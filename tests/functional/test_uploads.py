"""Tables that are brought on a page: looked at whole, kept whole or not at all, seen by their establishment only."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from tests.functional.accounts import account
from tests.functional.doors import SENDER, sign_in
from tests.unit.screening.formats.tables.test_decoding import ROW, table, workbook

from rempart.foundation.access.actor import Role

pytestmark = pytest.mark.django_db(transaction=True)

YESTERDAY = datetime.now(UTC) - timedelta(days=1)
GOOD = ROW | {
    "date_prelevement": YESTERDAY.strftime("%d/%m/%Y 08:00"),
    "date_validation": YESTERDAY.strftime("%d/%m/%Y 12:00"),
}


@pytest.fixture
def biologist(client, keyring):
    sign_in(client, account(Role.BIOLOGIST, establishment=SENDER))
    return client


def bring(client, content, name="resultats.csv"):
    payload = content if isinstance(content, bytes) else content.encode()
    return client.post(reverse("tables"), {"file": SimpleUploadedFile(name, payload)}, follow=True)


def address(answer, name):
    return reverse(name, args=[answer.redirect_chain[-1][0].rstrip("/").rpartition("/")[2]])


def test_a_table_whose_rows_are_right_is_kept_whole(biologist, query):
    shown = bring(biologist, table(GOOD, GOOD | {"numero_dossier": "2", "resultat": "Négatif"}))
    assert "Tout peut être gardé" in shown.content.decode()
    assert query("SELECT count(*) FROM screening_result") == [(0,)]
    answer = biologist.post(address(shown, "table-keep"), follow=True)
    assert "2 résultats sont gardés" in answer.content.decode()
    assert query("SELECT laboratory, result FROM screening_result ORDER BY result") == [
        (SENDER, "N"),
        (SENDER, "P"),
    ]
    assert query("SELECT DISTINCT format, channel FROM screening_message JOIN screening_delivery d ON d.id = delivery_id") == [
        ("table", "table")
    ]  # fmt: skip
    assert query("SELECT count(*) FROM screening_upload") == [(0,)]


def test_one_wrong_row_and_nothing_is_kept(biologist, query):
    shown = bring(biologist, table(GOOD, GOOD | {"numero_dossier": "2", "resultat": "peut-être"}))
    page = shown.content.decode()
    assert "Rien ne sera gardé" in page
    assert "Garder tous" not in page
    answer = biologist.post(address(shown, "table-keep"), follow=True)
    assert "Rien n’a été gardé" in answer.content.decode()
    assert query("SELECT count(*) FROM screening_result") == [(0,)]


def test_the_report_names_each_problem_by_row_and_column_and_nobody(biologist):
    rows = [
        GOOD,
        GOOD | {"numero_dossier": "2", "resultat": "peut-être"},
        GOOD | {"numero_dossier": "3", "ins": "2,79E+14"},
    ]
    shown = bring(biologist, table(*rows))
    answer = biologist.get(address(shown, "table-report"))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="rapport.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert [(line[0], line[1], line[3]) for line in lines[1:] if line[2] == "erreur"] == [
        ("3", "Résultat (P, N, I, X ou les mots du laboratoire)", "R01"),
        ("4", "Matricule INS", "T02"),
    ]
    for word in ("PAT-TROIS", "DOMINIQUE", "279035121518989", "peut-être"):
        assert word not in answer.content.decode()
        assert word not in shown.content.decode()


FOREIGN = {
    "nom_naissance": "Patient", "prenoms": "Petit nom", "date_naissance": "Jour", "numero_dossier": "Ref",
    "date_prelevement": "Quand", "analyse": "Quoi", "resultat": "Issue",
}  # fmt: skip


def test_columns_are_told_once_and_remembered_for_the_next_file(biologist, query):
    row = {FOREIGN[key]: GOOD[key] for key in FOREIGN}
    shown = bring(biologist, table(row))
    assert "Il manque des colonnes" in shown.content.decode()
    named = {f"colonne-{place}": key for place, key in enumerate(FOREIGN)}
    told = biologist.post(address(shown, "table-columns"), named, follow=True)
    assert "Tout peut être gardé" in told.content.decode()
    again = bring(
        biologist,
        workbook(list(row), [value if value != "21048BC000020" else "77" for value in row.values()]),
        "b.xlsx",
    )
    assert "Tout peut être gardé" in again.content.decode()
    biologist.post(address(again, "table-keep"))
    assert query("SELECT laboratory, result FROM screening_result") == [(SENDER, "P")]


@pytest.mark.parametrize(
    "named",
    [
        {"colonne-0": "nom_naissance", "colonne-1": "nom_naissance"},
        {"colonne-0": "mot_de_passe"},
        {"colonne-250": "prenoms"},
    ],
)
def test_columns_that_cannot_be_are_refused(biologist, query, named):
    shown = bring(biologist, table(GOOD))
    answer = biologist.post(address(shown, "table-columns"), named, follow=True)
    assert "Deux colonnes ne peuvent pas" in answer.content.decode()
    assert query("SELECT count(*) FROM screening_upload_columns") == [(0,)]


def test_brought_again_nothing_is_kept_twice(biologist, query):
    for told in ("1 résultat est gardé.", "1 l’était déjà."):
        shown = bring(biologist, table(GOOD))
        assert told in biologist.post(address(shown, "table-keep"), follow=True).content.decode()
    assert query("SELECT count(*) FROM screening_result") == [(1,)]


def test_a_table_of_another_laboratory_is_refused_by_its_rows(biologist, query):
    shown = bring(biologist, table(GOOD | {"finess": "130054323"}))
    biologist.post(address(shown, "table-keep"), follow=True)
    assert query("SELECT count(*) FROM screening_result") == [(0,)]


def test_another_establishment_sees_nothing_of_it(biologist, client, query):
    shown = bring(biologist, table(GOOD))
    addresses = {
        name: address(shown, name) for name in ("table", "table-report", "table-keep", "table-set-aside")
    }
    client.logout()
    sign_in(client, account(Role.BIOLOGIST, establishment="130054323"))
    assert client.get(addresses["table"]).status_code == 403
    assert client.get(addresses["table-report"]).status_code == 403
    assert client.post(addresses["table-keep"]).status_code == 403
    client.post(addresses["table-set-aside"])
    assert query("SELECT count(*) FROM screening_upload") == [(1,)]


def test_what_is_brought_is_sealed_and_goes_when_set_aside(biologist, query):
    shown = bring(biologist, table(GOOD))
    ((sealed,),) = query("SELECT sealed FROM screening_upload")
    assert b"PAT-TROIS" not in bytes(sealed)
    biologist.post(address(shown, "table-set-aside"))
    assert query("SELECT count(*) FROM screening_upload") == [(0,)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "vide"),
        (b"hello", "n’est pas un tableau"),
        (b"PK\x03\x04 [Content_Types].xml", "n’est pas un tableau"),
        (table(GOOD).encode() + b";;x\r\n" * 10_001, "plus de 10 000 lignes"),
        (b"x" * 10_000_001, "dépasse 10 Mo"),
    ],
)
def test_a_file_that_is_no_table_is_refused_at_once(biologist, query, content, said):
    assert said in bring(biologist, content).content.decode()
    assert query("SELECT count(*) FROM screening_upload") == [(0,)]


def test_so_many_may_wait_and_no_more(biologist, monkeypatch):
    monkeypatch.setattr("rempart.screening.upload.services._MOST_UNDER_WAY", 1)
    bring(biologist, table(GOOD))
    assert "Trop de tableaux" in bring(biologist, table(GOOD)).content.decode()


def test_the_example_is_recognised_by_all_its_columns(biologist):
    answer = biologist.get(reverse("table-example"))
    from rempart.screening.formats.tables.columns import columns, recognise

    assert set(recognise(answer.content.decode("utf-8-sig").strip().split(";"))) == set(columns())

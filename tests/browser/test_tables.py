"""A biologist brings a table with a wrong row, names a column, corrects the file and keeps it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect
from tests.browser.entering import enter
from tests.functional.accounts import account
from tests.functional.doors import SENDER
from tests.unit.screening.formats.tables.test_decoding import ROW, table

from rempart.foundation.access.rights import Role
from rempart.foundation.vault import KeyStore
from rempart.screening.api import intake_of

pytestmark = pytest.mark.django_db(transaction=True)

DAY = (datetime.now(UTC) - timedelta(days=1)).strftime("%d/%m/%Y")
GOOD = {**ROW, "date_prelevement": DAY, "date_validation": ""}
del GOOD["laboratoire"]


@pytest.fixture(autouse=True)
def keys(tmp_path, settings):
    settings.KEY_STORE = KeyStore(root=tmp_path / "keys")
    intake_of.cache_clear()
    yield
    intake_of.cache_clear()


def test_a_table_is_brought_corrected_and_kept(window, live_server, axe, picture):
    page = enter(window(), account(Role.BIOLOGIST, establishment=SENDER), live_server.url)
    page.goto(f"{live_server.url}/depot/")
    axe(page)
    picture(page, "table-bring")
    wrong = table(
        GOOD, GOOD | {"numero_dossier": "2", "resultat": "peut-être", "code_postal": "1000"}
    ).replace("prenoms", "Petit nom", 1)

    def bring(content):
        page.get_by_label("Votre tableau").set_input_files(
            {"name": "resultats.csv", "mimeType": "text/csv", "buffer": content.encode()}
        )
        page.get_by_role("button", name="Vérifier le tableau").click()

    bring(wrong)
    expect(page.get_by_text("Il manque des colonnes")).to_be_visible()
    axe(page)
    page.get_by_role("combobox", name="Petit nom").select_option("prenoms")
    page.get_by_role("button", name="Enregistrer ces colonnes").click()
    expect(page.get_by_text("Rien ne sera gardé tant que des lignes sont fausses")).to_be_visible()
    expect(page.get_by_role("row", name="erreur")).to_have_count(1)
    axe(page)
    picture(page, "table-wrong")
    with page.expect_download() as report:
        page.get_by_role("link", name="Télécharger toutes les remarques").click()
    assert "R01" in report.value.path().read_text("utf-8-sig")
    page.goto(f"{live_server.url}/depot/")
    bring(wrong.replace("peut-être", "Négatif"))
    page.get_by_role("button", name="Garder tous les résultats").click()
    expect(page.get_by_text("2 résultats sont gardés.")).to_be_visible()
    axe(page)

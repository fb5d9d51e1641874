"""The register that everybody may read, and the command that writes the catalogue."""

import pytest
from typer.testing import CliRunner

from rempart.site.cli import app


@pytest.mark.django_db
def test_everybody_reads_which_data_why_how_long_and_who(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        page = client.get("/vos-donnees/registre/").content.decode()
    for words in (
        "Le suivi des cas",
        "résultats positifs : 180",
        "Enquêteur de l’assurance maladie",
        "loi n° 2020-546",
        "Journal des accès : 184",
        "aucune identité",
    ):
        assert words in page.replace("\N{NO-BREAK SPACE}", " ")


def test_the_command_writes_the_catalogue():
    done = CliRunner().invoke(app, ["catalogue"])
    assert done.exit_code == 0
    assert done.stdout.startswith("store;table;field;form;")
    assert "postgresql;screening_result;sealed;sealed;" in done.stdout

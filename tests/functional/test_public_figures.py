"""The public page, its moving parts and the CSV.

No test here asks for the database: a query would fail it, so these pages make none.
"""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta

import pytest

from rempart.foundation import facts
from rempart.foundation.facts import Kind, Result, ResultFact
from rempart.surveillance import services

LAST = date(2020, 11, 15)  # a Sunday; long consolidated


@pytest.fixture
def root(tmp_path, settings):
    settings.FACTS_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def fortnight(root):
    """Every day for two weeks: in Nord 20 tests, in the second week 5 positives, before 2; one of nowhere."""
    batch, number = [], 0
    for days_ago in range(14):
        positives = 5 if days_ago < 7 else 2
        for rank in range(21):
            number += 1
            batch.append(
                ResultFact(
                    fact_id=f"{number:032x}",
                    version=1,
                    pathogen="covid19",
                    sampled_on=LAST - timedelta(days=days_ago),
                    received_at=datetime(2020, 11, 16, 8, tzinfo=UTC),
                    department="59" if rank < 20 else "",
                    kind=Kind.NAAT,
                    result=Result.POSITIVE if rank < positives else Result.NEGATIVE,
                )
            )
    facts.write_batch(root, batch, start="0001")
    return root


def text_of(response) -> str:
    """What a person reads: tags gone, white space single."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def table(response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.content.decode()), delimiter=";"))


def test_the_page_shows_the_key_figures_of_the_nation(client, fortnight):
    response = client.get("/indicateurs/")
    assert response.status_code == 200
    text = text_of(response)
    assert "France entière, du 9 novembre au 15 novembre 2020" in text
    assert "Tests en 7 jours 147 0,0 % en une semaine" in text
    assert "Tests positifs en 7 jours 35 +150,0 % en une semaine" in text
    assert "Positivité sur 7 jours 23,8 % +14,3 points en une semaine" in text


def test_a_department_leaves_out_the_tests_of_nowhere(client, fortnight):
    text = text_of(client.get("/indicateurs/", {"departement": "59"}))
    assert "Nord, du 9 novembre au 15 novembre 2020" in text
    assert "Tests en 7 jours 140 " in text
    assert "Positivité sur 7 jours 25,0 %" in text


def test_an_earlier_week_can_be_asked_for(client, fortnight):
    text = text_of(client.get("/indicateurs/", {"departement": "59", "au": "2020-11-08"}))
    assert "Nord, du 2 novembre au 8 novembre 2020" in text
    assert "Tests positifs en 7 jours 14 " in text


@pytest.mark.parametrize(
    "asked",
    [
        {"departement": "20"},
        {"departement": "<script>"},
        {"periode": "-1", "carte": "x", "au": "hier", "direct": "\x00"},
        {"au": "9999-12-31"},
        {"au": "0001-01-01"},
    ],
)
def test_what_cannot_be_read_is_as_if_not_asked(client, fortnight, asked):
    response = client.get("/indicateurs/", asked)
    assert response.status_code == 200
    assert b"<script>" not in response.content.replace(b'<script src="', b"")


def test_the_page_of_a_department_without_any_test(client, fortnight):
    text = text_of(client.get("/indicateurs/", {"departement": "2A"}))
    assert "Tests en 7 jours 0 pas de semaine à comparer" in text
    assert "Positivité sur 7 jours – " in text


def test_an_empty_store_says_so(client, root):
    response = client.get("/indicateurs/")
    assert response.status_code == 200
    assert "Aucun test n’est encore compté" in text_of(response)
    assert 'hx-trigger="every 5s"' in response.content.decode()
    assert len(table(client.get("/indicateurs.csv"))) == 0


def test_coordinates_are_written_with_points_whatever_the_language(client, fortnight):
    page = client.get("/indicateurs/").content.decode()
    for attribute in re.findall(r' (?:x|y|x1|x2|y1|y2|width|height|viewBox)="([^"]*)"', page):
        assert "," not in attribute
    assert re.search(r'<path class="rp-rate" d="M[\d.]+ [\d.]+L', page)


def test_each_department_says_its_value(client, fortnight):
    page = client.get("/indicateurs/").content.decode()
    assert "Nord (59) : incidence 1,4, positivité 25,0 % (35 positifs pour 140 tests)" in page
    assert "Paris (75) : aucun test en sept jours" in page


def test_the_moving_parts_come_alone_and_only_when_they_changed(client, fortnight):
    first = client.get("/indicateurs/chiffres")
    assert "<html" not in first.content.decode()
    seen = re.search(r"vu=(\w+)", first.content.decode())[1]
    assert client.get("/indicateurs/chiffres", {"vu": seen}).status_code == 204
    facts.write_batch(
        fortnight,
        [
            ResultFact(
                fact_id="f" * 32,
                version=1,
                pathogen="covid19",
                sampled_on=LAST,
                received_at=datetime(2020, 11, 16, 9, tzinfo=UTC),
                department="75",
                kind=Kind.ANTIGEN,
                result=Result.POSITIVE,
            )
        ],
        start="0002",
    )
    again = client.get("/indicateurs/chiffres", {"vu": seen})
    assert again.status_code == 200
    assert "Tests en 7 jours 148 " in text_of(again)


def test_facts_are_counted_once_as_long_as_they_do_not_change(client, fortnight, monkeypatch):
    asked = []
    query = facts.query
    monkeypatch.setattr(services.facts, "query", lambda *given: asked.append(1) or query(*given))
    for _ in range(3):
        client.get("/indicateurs/")
        client.get("/indicateurs.csv")
    assert len(asked) == 1


def test_the_csv_has_the_same_numbers_by_department(client, fortnight):
    response = client.get("/indicateurs.csv")
    assert response.content.startswith(b"dep;jour;pop;P;T;P_7j;T_7j;tp;ti\n")
    rows = table(response)
    assert {row["dep"] for row in rows} == {"59"}
    assert len(rows) == 14
    assert {name: rows[-1][name] for name in ("jour", "P", "T", "P_7j", "T_7j", "tp")} == {
        "jour": "2020-11-15",
        "P": "5",
        "T": "20",
        "P_7j": "35",
        "T_7j": "140",
        "tp": "25.00",
    }
    assert float(rows[-1]["ti"]) == pytest.approx(35 / int(rows[-1]["pop"]) * 100_000, abs=0.01)


def test_the_csv_of_the_nation_has_the_tests_of_nowhere(client, fortnight):
    rows = table(client.get("/indicateurs.csv", {"niveau": "fra"}))
    assert (rows[-1]["fra"], rows[-1]["T"], rows[-1]["T_7j"]) == ("FR", "21", "147")


def test_a_csv_of_no_department_says_what_a_code_is(client, fortnight):
    response = client.get("/indicateurs.csv", {"departement": "20"})
    assert response.status_code == 404
    assert "INSEE codes are 01 to 95" in response.content.decode()


def test_the_csv_may_be_cached_and_is_not_sent_twice(client, fortnight):
    response = client.get("/indicateurs.csv")
    assert response["Cache-Control"] == "public, max-age=30"
    again = client.get("/indicateurs.csv", headers={"If-None-Match": response["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("address", ["/indicateurs/", "/indicateurs/chiffres", "/indicateurs.csv"])
def test_figures_are_only_read(client, root, address):
    assert client.post(address).status_code == 405


@pytest.mark.parametrize("address", ["/", "/laboratoires/", "/nowhere"])
def test_pages_open_to_all_ask_the_database_nothing(client, address):
    page = client.get(address).content.decode()
    assert "Rempart" in page
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
    assert "{#" not in page
    assert "{%" not in page


def test_a_reader_of_english_is_answered_in_english(client, fortnight):
    response = client.get("/indicateurs/", headers={"Accept-Language": "en-GB,en;q=0.9"})
    assert '<html lang="en"' in response.content.decode()
    text = text_of(response)
    assert "Whole of France, 9 November to 15 November 2020" in text
    assert "7-day positivity 23.8 % +14.3 points in one week" in text

import zoneinfo

import pytest

from rempart.foundation import territories
from rempart.foundation.territories import (
    commune,
    communes_at,
    communes_of,
    department_of,
    departments,
    population_by_class,
    regions,
    shapes,
    zone_of,
)


def test_every_department_has_a_region_and_a_legal_time():
    assert len(departments()) == 109  # 96 metropolitan, 5 overseas, 8 collectivities
    assert {d.region for d in departments().values()} == set(regions())
    assert {d.zone for d in departments().values()} <= zoneinfo.available_timezones()
    assert list(departments())[:3] == ["01", "02", "03"]
    assert territories.department("2A").name == "Corse-du-Sud"
    assert territories.region(territories.department("69").region).name == "Auvergne-Rhône-Alpes"


@pytest.mark.parametrize("code", ["", "20", "96", "999", "1"])
def test_a_code_that_is_none_is_an_error(code):
    with pytest.raises(LookupError, match="no department"):
        territories.department(code)


@pytest.mark.parametrize(
    ("code", "zone"),
    [
        ("75", "Europe/Paris"),
        ("2B", "Europe/Paris"),
        ("971", "America/Guadeloupe"),
        ("973", "America/Cayenne"),
        ("974", "Indian/Reunion"),
        ("976", "Indian/Mayotte"),
        ("978", "America/Marigot"),
        ("987", "Pacific/Tahiti"),
        ("", "Europe/Paris"),
    ],
)
def test_legal_times(code, zone):
    assert zone_of(code).key == zone


@pytest.mark.parametrize(
    ("postal_code", "department"),
    [
        ("75007", "75"),
        ("75116", "75"),
        ("01000", "01"),
        ("20000", "2A"),
        ("20137", "2A"),
        ("20200", "2B"),
        ("20620", "2B"),
        ("20300", ""),  # not in Corsica any more
        ("97133", "977"),
        ("97150", "978"),
        ("97110", "971"),
        ("97600", "976"),
        ("98800", "988"),
        ("98000", ""),  # Monaco
        ("94390", "91"),  # a place of Essonne served from Val-de-Marne
        ("69434", "69"),  # CEDEX
        ("75 007", "75"),
        ("7500", ""),
        ("", ""),
        ("ABCDE", ""),
        ("٧٥٠٠٧", ""),
        ("00100", ""),
    ],
)
def test_departments_of_postal_codes(postal_code, department):
    assert department_of(postal_code) == department


@pytest.mark.parametrize(
    ("code", "department"),
    [("75111", "75"), ("2A004", "2A"), ("2b033", "2B"), ("97133", "971"), ("97701", "977"), ("99351", "")],
)
def test_departments_of_communes(code, department):
    assert department_of(commune=code) == department


def test_the_commune_wins_over_the_postal_code():
    assert department_of("42620", commune="03082") == "03"
    assert department_of("42620") == "42"
    assert department_of("42620", commune="XX") == "42"


def test_every_postal_code_of_every_commune_tells_its_department_or_one_that_shares_it():
    wrong = []
    for code in departments():
        for one in communes_of(code):
            for postal_code in one.postal_codes:
                sharing = {c.department for c in communes_at(postal_code)} | {one.department}
                if department_of(postal_code) not in sharing:
                    wrong.append((postal_code, one))
    assert wrong == []


def test_communes_and_municipal_districts():
    paris = commune("75056")
    assert paris.name == "Paris"
    assert paris.population > 2_000_000
    assert commune("75111").part_of == "75056"
    assert [c.name for c in communes_at("13001")] == ["Marseille 1er Arrondissement"]
    assert [c.code for c in communes_of("75")] == ["75056"]
    assert [c.code for c in communes_of("75", districts=True)][10] == "75111"
    assert "13055" not in {c.code for c in communes_of("13", districts=True)}
    assert commune("00000") is None
    assert communes_at("00000") == ()
    assert communes_of("20") == ()


def test_populations():
    total = sum(d.population for d in departments().values())
    assert 67_000_000 < total < 71_000_000
    classes = population_by_class("01")
    assert tuple(classes) == territories.AGE_CLASSES
    assert sum(classes.values()) == 656_955
    assert population_by_class("977")["09"] == pytest.approx(1017.3, abs=0.01)
    assert population_by_class("987") == {}


def test_every_department_of_the_open_data_has_a_shape():
    france = shapes()
    codes = [s.code for s in france.shapes]
    assert len(codes) == len(set(codes)) == 101
    assert set(codes) <= set(departments())
    assert [s.code for s in france.shapes if s.inset] == ["971", "972", "973", "974", "976"]
    assert all(s.path[0] in "mM" and s.path.rstrip()[-1] in "zZ" for s in france.shapes)
    assert "CC BY 4.0" in france.attribution

"""Ages and delays as the lists of cases say them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from rempart.tracing.templatetags.cases import age, ago

NOW = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)  # the 22nd in Paris


@pytest.mark.parametrize(
    ("born", "said"),
    [
        (date(1941, 6, 14), "85 ans"),
        (date(1941, 11, 22), "85 ans"),  # the birthday is today, in Paris
        (date(1941, 11, 23), "84 ans"),
        (date(2024, 11, 22), "2 ans"),
        (date(2024, 11, 23), "23 mois"),
        (date(2026, 11, 22), "0 mois"),
        (date(2026, 12, 24), "0 mois"),  # a wrong clock
        (date(1904, 2, 29), "122 ans"),
    ],
)
def test_age(born, said):
    assert age(born, NOW) == said


@pytest.mark.parametrize(
    ("delay", "said"),
    [
        (timedelta(seconds=-5), "à l’instant"),
        (timedelta(seconds=59), "à l’instant"),
        (timedelta(minutes=3, seconds=40), "il y a 3\xa0minutes"),
        (timedelta(hours=5, minutes=50), "il y a 5\xa0heures"),
        (timedelta(days=2, hours=3), "il y a 2\xa0jours"),
    ],
)
def test_how_long_ago(delay, said):
    assert ago(NOW - delay, NOW) == said

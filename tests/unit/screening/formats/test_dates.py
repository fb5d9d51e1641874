from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from rempart.screening.formats import dates
from rempart.screening.rules.report import Precision

PARIS = ZoneInfo("Europe/Paris")
CET = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("text", "at", "precision"),
    [
        ("2021", datetime(2021, 1, 1, tzinfo=PARIS), Precision.YEAR),
        ("202104", datetime(2021, 4, 1, tzinfo=PARIS), Precision.MONTH),
        ("20210408", datetime(2021, 4, 8, tzinfo=PARIS), Precision.DAY),
        ("2021040813", datetime(2021, 4, 8, 13, tzinfo=PARIS), Precision.HOUR),
        ("202104081348", datetime(2021, 4, 8, 13, 48, tzinfo=PARIS), Precision.MINUTE),
        ("20210408134805", datetime(2021, 4, 8, 13, 48, 5, tzinfo=PARIS), Precision.SECOND),
        ("20210408134805.1234", datetime(2021, 4, 8, 13, 48, 5, tzinfo=PARIS), Precision.SECOND),
        ("20210408134805+0100", datetime(2021, 4, 8, 13, 48, 5, tzinfo=CET), Precision.SECOND),
        ("20210408134805.1-0400", datetime(2021, 4, 8, 17, 48, 5, tzinfo=UTC), Precision.SECOND),
        ("202104081348Z", datetime(2021, 4, 8, 13, 48, tzinfo=UTC), Precision.MINUTE),
        ("20210408+0100", datetime(2021, 4, 8, tzinfo=CET), Precision.DAY),
    ],
)
def test_hl7_times_of_every_precision(text: str, at: datetime, precision: Precision) -> None:
    moment = dates.hl7_moment(text, PARIS)
    assert moment is not None
    assert (moment.at, moment.precision) == (at, precision)


@pytest.mark.parametrize(
    "text",
    ["", "0000", "DATE!", "20211308", "20210431", "202104082460", "2021040", "20210408134805.x", "99991231",
     "20210408134805+1500", "20210408134805+0160", "20210408134805+010", "20210408134805-050", "+0100", "Z", "٢٠٢١",
     "202104081348.5", "20210408 1348", "-0400", "20210408134860"],
)  # fmt: skip
def test_what_is_no_time_is_none(text: str) -> None:
    assert dates.hl7_moment(text, PARIS) is None


def test_the_same_time_without_a_zone_depends_on_the_laboratory() -> None:
    reunion = dates.hl7_moment("202104081348", ZoneInfo("Indian/Reunion"))
    paris = dates.hl7_moment("202104081348", PARIS)
    assert reunion is not None
    assert paris is not None
    assert paris.at - reunion.at == timedelta(hours=2)


def test_a_time_whose_zone_cannot_be_read_is_local() -> None:
    moment = dates.hl7_moment_without_zone("20230816123358-050", PARIS)
    assert moment is not None
    assert moment.at == datetime(2023, 8, 16, 12, 33, 58, tzinfo=PARIS)
    assert dates.hl7_moment_without_zone("le 8 avril", PARIS) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("19790328", date(1979, 3, 28)),
        ("197903281330", date(1979, 3, 28)),
        ("20230504131000", date(2023, 5, 4)),
        ("1979", None),
        ("197903", None),
        ("19790230", None),
        ("00000000", None),
        ("", None),
    ],
)
def test_hl7_dates(text: str, day: date | None) -> None:
    assert dates.hl7_date(text) == day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("28/03/1979", date(1979, 3, 28)),
        ("28-03-1979", date(1979, 3, 28)),
        ("28.3.1979", date(1979, 3, 28)),
        ("1979-03-28", date(1979, 3, 28)),
        ("19790328", date(1979, 3, 28)),
        (" 28/03/1979 ", date(1979, 3, 28)),
        ("28/03/79", date(1979, 3, 28)),
        ("28/03/20", date(2020, 3, 28)),
        ("28/03/22", date(1922, 3, 28)),
        ("31/02/1979", None),
        ("28/03/0079", None),
        ("hier", None),
        ("", None),
    ],
)
def test_french_dates(text: str, day: date | None) -> None:
    assert dates.french_date(text, not_after=2021) == day

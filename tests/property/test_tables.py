"""Tables: whatever the bytes or the cells, an outcome; and what was read once reads the same again."""

from __future__ import annotations

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st
from tests import messages

from rempart.screening.formats import decode
from rempart.screening.formats.tables import decode as decode_table
from rempart.screening.formats.tables.columns import columns
from rempart.screening.rules.judging import judge
from rempart.screening.rules.report import Format, Outcome

NEEDED = [
    "nom_naissance",
    "prenoms",
    "date_naissance",
    "numero_dossier",
    "date_prelevement",
    "analyse",
    "resultat",
]
CELLS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            "28/03/1979",
            "2021-04-08 13:48",
            "94500-6",
            "P",
            "NEG",
            "2,7E+14",
            "690001235",
            "10780195",
            "F",
            "",
            "=1+1",
            '"',
        ]
    ),
)
KEYS = st.lists(st.sampled_from(sorted(columns())), max_size=12, unique=True).map(
    lambda keys: [*NEEDED, *(key for key in keys if key not in NEEDED)]
)


def judged(payload: bytes) -> list[Outcome]:
    items = list(decode(payload, format=Format.TABLE, context=messages.FRENCH))
    assert items
    assert [item.position for item in items] == list(range(len(items)))
    return [
        judge(item, profile=messages.FRENCH.profile, pathogen=messages.COVID, now=messages.NOW).outcome
        for item in items
    ]


@given(
    st.binary(max_size=500),
    st.sampled_from([b"", b"PK\x03\x04", b"\xff\xfe", b"sep=;\r\n", ";".join(NEEDED).encode() + b"\n"]),
)
@settings(deadline=None)
def test_any_bytes_give_an_outcome(payload: bytes, start: bytes) -> None:
    judged(start + payload)


@given(st.data(), KEYS, st.sampled_from([";", ",", "\t", "|"]))
@settings(deadline=None)
def test_any_cells_give_an_outcome_and_each_row_reads_the_same_again(
    data: st.DataObject, keys: list[str], delimiter: str
) -> None:
    rows = data.draw(st.lists(st.lists(CELLS, min_size=len(keys), max_size=len(keys)), max_size=4))
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([keys, *rows])
    payload = text.getvalue().encode("utf-8", "replace")
    if rows and any(any(cell.split()) for row in rows for cell in row):
        judged(payload)
    for item in decode_table(payload, context=messages.FRENCH):
        if not item.reports:
            continue
        (again,) = decode_table(item.raw, context=messages.FRENCH)
        assert again.reports[0].person == item.reports[0].person
        assert again.raw == item.raw

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.foundation.terminology import is_presumptive, result_of
from rempart.foundation.terminology.spelling import normalise


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("P", "P"),
        ("n", "N"),
        ("I", "I"),
        ("X", "X"),
        ("10828004", "P"),
        ("260373001", "P"),
        ("720735008", "P"),
        ("462371000124108", "P"),
        ("260385009", "N"),
        ("260415000", "N"),
        ("373068000", "I"),
        ("419984006", "I"),
        ("455371000124106", "I"),
        ("125154007", "X"),
        ("373121007", "X"),
        ("LA6576-8", "P"),
        ("LA6577-6", "N"),
        ("POSITIF", "P"),
        ("Positif.", "P"),
        ("Détecté", "P"),
        ("DETECTE", "P"),
        ("De\u0301tecte\u0301", "P"),  # accents written apart
        ("Négatif", "N"),
        (" négatif (-) ", "N"),
        ("Non détecté", "N"),
        ("NDET", "N"),
        ("No 2019 nCoV RNA detected.", "N"),
        ("Negative *** High ***", "N"),
        ("Positive  *** Low ***", "P"),
        ("Positive (Alpha Abnormal)", "P"),
        ("Inconclusive Result", "I"),
        ("Ininterprétable", "I"),
        ("Indéterminé", "I"),
        ("Douteux", "I"),
        ("Non conforme", "X"),
        ("Prélèvement non-conforme", "X"),
        ("QNS", "X"),
    ],
)
def test_spellings_of_the_four_results(text, letter):
    assert result_of(text) == letter


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "Z",
        "ND",  # not detected, not done, not determined: nobody knows
        "840533007",  # the organism
        "840539006",  # the disease
        "non",
        "pas detecte ici",
        "positif ou négatif",
        "High",
        "12.5",
        "voir commentaire",
    ],
)
def test_anything_else_is_no_result(text):
    assert result_of(text) is None


def test_presumptive_positives_are_told():
    assert is_presumptive("720735008")
    assert is_presumptive("Presumptive positive")
    assert not is_presumptive("Positive")


@given(st.text(max_size=60))
def test_any_text_gives_an_answer(text):
    assert result_of(text) in {"P", "N", "I", "X", None}
    assert normalise(normalise(text)) == normalise(text)

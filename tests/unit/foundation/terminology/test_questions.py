import pytest

from rempart.foundation import terminology
from rempart.foundation.terminology import QuestionKind, loinc, question_of, residence_of, yes_no


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("95419-8", QuestionKind.SYMPTOMATIC),
        ("95418-0", QuestionKind.HEALTH_WORKER),
        ("95421-4", QuestionKind.CONGREGATE),
        ("65222-2", QuestionKind.ONSET_DATE),
        ("11368-8", QuestionKind.ONSET_DATE),
        ("75617-1", QuestionKind.RESIDENCE),
        ("95417-2", QuestionKind.FIRST_TEST),
        ("82810-3", QuestionKind.PREGNANT),
        ("SIDEP-SYMPT", QuestionKind.SYMPTOM_CLASS),
        ("SIDEP-PROSANTE", QuestionKind.HEALTH_WORKER),
        ("SIDEP-RESID", QuestionKind.RESIDENCE),
    ],
)
def test_questions_are_known_by_their_code(code, kind):
    question = question_of(code)
    assert question.kind is kind
    assert question.label_fr
    assert question.label_en
    assert code.startswith("SIDEP-") or loinc.is_valid(code)


def test_every_kind_has_a_code_and_no_question_is_an_analysis():
    found = {question_of(code).kind for code in terminology.questions._questions()}
    assert found == set(QuestionKind)
    assert question_of("94500-6") is None
    for name in terminology.pathogens():
        assert not [c for c in terminology.pathogen(name).analyses if question_of(c)]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Y", True),
        ("oui", True),
        ("O", True),
        ("373066001", True),
        ("N", False),
        ("Non", False),
        ("373067005", False),
        ("UNK", None),
        ("NSP", None),
        ("", None),
        ("maybe", None),
    ],
)
def test_yes_and_no(text, answer):
    assert yes_no(text) is answer


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("I", "I"),
        ("22232009", "H"),
        ("42665001", "E"),
        ("EHPAD", "E"),
        ("57656006", "C"),
        ("hébergement collectif", "A"),
        ("32911000", None),  # homeless: none of the five kinds
        ("", None),
    ],
)
def test_residences(text, letter):
    assert residence_of(text) == letter

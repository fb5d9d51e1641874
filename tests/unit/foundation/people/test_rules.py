"""How a name is compared, and what becomes of identities that meet."""

import unicodedata
from datetime import date
from itertools import count
from uuid import UUID

import pytest

from rempart.foundation.people.rules import (
    Assignment,
    Certainty,
    Keys,
    Known,
    canonical_name,
    canonical_traits,
    name_and_birth,
    resolve,
)

BORN = date(1979, 3, 28)
ANNE, BRUNO = UUID(int=101), UUID(int=102)


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("Céline", "CELINE"),
        ("CELINE", "CELINE"),
        ("celine", "CELINE"),
        (unicodedata.normalize("NFD", "Céline"), "CELINE"),
        (unicodedata.normalize("NFC", "Céline"), "CELINE"),
        ("Marie-Ange", "MARIEANGE"),
        ("MARIE ANGE", "MARIEANGE"),
        ("D'Aboville", "DABOVILLE"),
        ("d’Aboville", "DABOVILLE"),
        ("Sacré-Cœur", "SACRECOEUR"),
        ("SACRECOEUR", "SACRECOEUR"),
        ("Lætitia", "LAETITIA"),
        ("ŒUVRARD", "OEUVRARD"),
        ("Æthelred", "AETHELRED"),
        ("Zoë Çelik", "ZOECELIK"),
        ("François-Noël  ", "FRANCOISNOEL"),
        ("Weiß", "WEISS"),
        ("WEISS", "WEISS"),
        ("Łukasz", "LUKASZ"),
        ("Søren", "SOREN"),
        ("Đorđević", "DORDEVIC"),
        ("ﬁlippo", "FILIPPO"),
        ("N'GUYEN 2", "NGUYEN"),
        ("", ""),
        ("—", ""),
        ("张伟", ""),
    ],
)
def test_a_name_is_compared_as(written: str, compared: str) -> None:
    assert canonical_name(written) == compared


def test_traits_are_the_four_of_them() -> None:
    traits = canonical_traits(birth_name="Céline-D'Or", first_name="Anne", birth_date=BORN, sex="F")
    assert traits == "CELINEDOR|ANNE|1979-03-28|F"


@pytest.mark.parametrize(
    "missing", [{"birth_name": ""}, {"first_name": "—"}, {"birth_date": None}, {"birth_name": "张"}]
)
def test_without_one_that_matters_there_are_no_traits(missing: dict[str, object]) -> None:
    given = {"birth_name": "Martin", "first_name": "Anne", "birth_date": BORN, "sex": "F"} | missing
    assert canonical_traits(**given) == ""


def test_a_search_needs_both_halves() -> None:
    assert name_and_birth("Céline", BORN) == "CELINE|1979-03-28"
    assert name_and_birth("", BORN) == name_and_birth("Céline", None) == ""


def assign(*identities: Keys, known: dict[bytes, Known] | None = None) -> list[Assignment]:
    numbers = (UUID(int=n) for n in count(1))
    return resolve(identities, known or {}, new_key=numbers.__next__)


def test_a_new_person_owns_the_keys_she_came_with() -> None:
    (one,) = assign(Keys(ins=b"i", traits=b"t"))
    assert (one.person, one.new_person, one.certainty) == (UUID(int=1), True, Certainty.CERTAIN)
    assert one.new_keys == (b"i", b"t")


def test_a_known_matricule_brings_new_traits() -> None:
    (one,) = assign(Keys(ins=b"i", traits=b"t"), known={b"i": Known(person=ANNE, has_ins=True)})
    assert (one.person, one.new_person, one.new_keys) == (ANNE, False, (b"t",))


def test_known_traits_take_a_matricule_when_their_person_has_none() -> None:
    (one,) = assign(Keys(ins=b"i", traits=b"t"), known={b"t": Known(person=ANNE)})
    assert (one.person, one.new_keys) == (ANNE, (b"i",))


def test_a_homonym_marks_the_traits_as_shared() -> None:
    (one,) = assign(Keys(ins=b"i2", traits=b"t"), known={b"t": Known(person=ANNE, has_ins=True)})
    assert one.new_person
    assert one.certainty is Certainty.TO_REVIEW
    assert (one.new_keys, one.shared_key) == ((b"i2",), b"t")


def test_shared_traits_are_nobodys() -> None:
    known = {b"t": Known(person=ANNE, has_ins=True, shared=True)}
    one, two = assign(Keys(traits=b"t"), Keys(traits=b"t"), known=known)
    assert one.certainty is two.certainty is Certainty.TO_REVIEW
    assert len({one.person, two.person, ANNE}) == 3
    assert one.new_keys == ()


def test_shared_traits_with_a_known_matricule_are_certain() -> None:
    known = {b"t": Known(person=ANNE, has_ins=True, shared=True), b"i": Known(person=BRUNO, has_ins=True)}
    (one,) = assign(Keys(ins=b"i", traits=b"t"), known=known)
    assert (one.person, one.certainty) == (BRUNO, Certainty.CERTAIN)


def test_a_batch_sees_itself() -> None:
    one, two, three = assign(Keys(traits=b"t"), Keys(ins=b"i", traits=b"t"), Keys(ins=b"i", traits=b"u"))
    assert one.person == two.person == three.person
    assert [a.new_person for a in (one, two, three)] == [True, False, False]


def test_what_is_known_is_left_as_it_was() -> None:
    known = {b"t": Known(person=ANNE)}
    assign(Keys(ins=b"i", traits=b"t"), Keys(ins=b"j", traits=b"t"), known=known)
    assert known == {b"t": Known(person=ANNE)}


def test_nothing_to_match_by_is_a_new_person_each_time() -> None:
    one, two = assign(Keys(), Keys())
    assert one.person != two.person
    assert one.new_keys == two.new_keys == ()

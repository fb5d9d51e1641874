"""Which passwords agents may choose."""

import pytest
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.core.exceptions import ValidationError

from rempart.foundation.access.models import Agent
from rempart.foundation.access.signin import passwords

CAMILLE = Agent(username="c.riviere", name="Camille Rivière", email="camille.riviere@exemple.fr")


@pytest.mark.parametrize(
    "password",
    [
        "Deux girafes & 3 lunes",
        "cheval-Batterie-4-agrafe",
        "ÉtéIndien à 17 h",
        "aZ3$kq9!pLm2",
        "Порог-времени-8",
    ],
)
def test_a_good_password_is_taken(password):
    validate_password(password, CAMILLE)


@pytest.mark.parametrize(
    ("password", "lacks"),
    [
        ("tout en minuscules 1", ["upper"]),
        ("TOUT EN MAJUSCULES 1", ["lower"]),
        ("Sans aucun chiffre !", ["digit"]),
        ("SansRienDeSpecial12", ["special"]),
        ("", ["upper", "lower", "digit", "special"]),
    ],
)
def test_the_four_kinds_of_the_guide(password, lacks):
    assert passwords.lacking(password) == lacks
    with pytest.raises(ValidationError):
        validate_password(password, CAMILLE)


@pytest.mark.parametrize(
    "password",
    [
        "Court-1!",
        "Motdepasse2021!",
        "Bonjour!!!2026!!",
        "Soleil-Soleil-1",
        "Camille*1987*75",
        "Rivière 1987 !!",
        "C.Riviere-2026!",
        "Laboratoire-75!",
        "Azerty-Azerty-1",
    ],
)
def test_a_weak_password_is_refused(password):
    with pytest.raises(ValidationError):
        validate_password(password, CAMILLE)


@pytest.mark.parametrize("password", ["12345678aA!z", "8#4k!92$7Q@1"])
def test_few_letters_alone_are_no_disguise(password):
    assert not passwords.disguised(password, names="Camille Rivière")


def test_a_name_counts_only_for_whoever_has_it():
    assert passwords.disguised("Anselme*1987*75", names="Anselme Rivière")
    assert not passwords.disguised("Anselme*1987*75", names="Claude Fabre")


def test_the_rules_are_told_in_french():
    told = " ".join(password_validators_help_texts())
    for word in ("au moins 12", "majuscule", "chiffre", "caractère spécial", "mot courant", "volés"):
        assert word in told

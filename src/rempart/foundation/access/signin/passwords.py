"""Which passwords agents may choose: the guide's rules as a floor, and ours above it.

Guide of the biologists (13 May 2020), the rules of amelipro: at least 8 characters, lower and upper case, a digit,
a special character. Ours: at least 12, and no common word under its digits and signs. The stricter of both
holds; the length and Django's list of common passwords are in AUTH_PASSWORD_VALIDATORS.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from importlib import resources
from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator, MinimumLengthValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

_SHORTEST = 3  # of a word that is looked for
_OWN_LETTERS = 4  # that a password has besides such words


def lacking(password: str) -> list[str]:
    """Which kinds of character it lacks: "upper", "lower", "digit", "special"."""
    kinds = {
        "upper": any(char.isupper() for char in password),
        "lower": any(char.islower() for char in password),
        "digit": any(char.isdecimal() for char in password),
        "special": any(not char.isalnum() for char in password),
    }
    return [kind for kind, there in kinds.items() if not there]


@lru_cache(maxsize=1)
def common_words() -> frozenset[str]:
    """Words that French passwords are made of, without accents."""
    text = resources.files(__package__).joinpath("data/common_words.txt").read_text("utf-8")
    return frozenset(line for line in text.split() if line)


def letters_of(password: str) -> str:
    """Its letters, in lower case and without accents."""
    decomposed = unicodedata.normalize("NFKD", password.casefold())
    return "".join(char for char in decomposed if char.isalpha())


class FourKinds:
    """Lower and upper case, a digit, a special character."""

    def validate(self, password: str, user: Any = None) -> None:
        words = {
            "upper": _("une majuscule"),
            "lower": _("une minuscule"),
            "digit": _("un chiffre"),
            "special": _("un caractère spécial"),
        }
        if missing := lacking(password):
            raise ValidationError(
                _("Il manque %(what)s.") % {"what": ", ".join(words[kind] for kind in missing)}, code="kinds"
            )

    def get_help_text(self) -> str:
        return _(
            "Il contient au moins une majuscule, une minuscule, un chiffre et un caractère spécial "
            "(une ponctuation ou une espace)."
        )


def disguised(password: str, *, names: str = "") -> bool:
    """Whether its letters are common words, or names, and next to nothing else."""
    letters = left = letters_of(password)
    known = common_words() | {letters_of(word) for word in re.split(r"\W+", names)}
    for word in sorted(known, key=len, reverse=True):
        if len(word) >= _SHORTEST:
            left = left.replace(word, "")
    return left != letters and len(left) < _OWN_LETTERS


class NoCommonWord:
    """Not common words, or the agent's own name, with digits and signs around them."""

    def validate(self, password: str, user: Any = None) -> None:
        names = f"{user.name} {user.username} {user.email}" if user is not None else ""
        if disguised(password, names=names):
            raise ValidationError(
                _("Ce mot de passe est un mot courant ou votre nom, à peine déguisé."), code="common"
            )

    def get_help_text(self) -> str:
        return _(
            "Il n’est ni un mot courant ni votre nom, suivis de chiffres : plusieurs mots valent mieux qu’un."
        )


class LongEnough(MinimumLengthValidator):
    """At least so many characters; any more are welcome."""

    def get_help_text(self) -> str:
        return _("Il a au moins %(least)d caractères.") % {"least": self.min_length}


class NotCommon(CommonPasswordValidator):
    """None of the passwords that are found in every list of stolen ones."""

    def get_help_text(self) -> str:
        return _("Il n’est pas dans les listes de mots de passe volés.")

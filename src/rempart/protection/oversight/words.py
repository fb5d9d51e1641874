"""What the codes of the figures are called; one without a word is shown as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rempart.foundation.access.accounts.words import ROLES, WHYS
from rempart.foundation.audit.catalogue import catalogue
from rempart.foundation.audit.detection import Rule
from rempart.foundation.audit.detection import label as rule_label
from rempart.foundation.territories import regions
from rempart.protection.exchange.forms import MOTIVES

RECEPTION: Mapping[str, Promise] = {
    "12": _("12 heures au plus"),
    "24": _("de 12 à 24 heures"),
    "48": _("de 24 à 48 heures"),
    "72": _("de 48 à 72 heures"),
    "later": _("plus de 72 heures"),
}
OPENING: Mapping[str, Promise] = {
    "1": _("une minute au plus"),
    "10": _("de 1 à 10 minutes"),
    "60": _("de 10 à 60 minutes"),
    "later": _("plus d’une heure"),
}
CALLING: Mapping[str, Promise] = {
    "4": _("appelé en 4 heures au plus"),
    "12": _("appelé en 4 à 12 heures"),
    "24": _("appelé en 12 à 24 heures"),
    "48": _("appelé en 24 à 48 heures"),
    "later": _("appelé après 48 heures"),
    "waiting": _("pas encore appelé"),
    "withdrawn": _("retiré par le laboratoire"),
}
GLASS: Mapping[str, Promise] = {
    "justified": _("jugé justifié"),
    "unjustified": _("jugé injustifié"),
    "unreviewed": _("pas encore examiné"),
}
ALERTS: Mapping[str, Promise] = {"new": _("nouvelle"), "seen": _("vue")}
REQUESTS: Mapping[str, Promise] = {
    "access": _("accès aux données"),
    "rectification": _("rectification"),
    "objection": _("opposition à la réutilisation"),
}
ANSWERED: Mapping[str, Promise] = {"in-time": _("dans le délai"), "late": _("hors délai")}
KEYS: Mapping[str, Promise] = {"data": _("clés de données"), "index": _("clés d’index")}


def word(words: Mapping[str, Promise]) -> Callable[[str], str]:
    """Reads a code in one of the tables above."""
    return lambda code: str(words.get(code, code))


def role(code: str) -> str:
    return str({one.value: label for one, label in ROLES.items()}.get(code, code))


def why(code: str) -> str:
    return str({one.value: label for one, label in WHYS.items()}.get(code, _("autre raison")))


def motive(code: str) -> str:
    return str({one.value: label for one, label in MOTIVES.items()}.get(code, code))


def act(code: str) -> str:
    found = catalogue().get(code)
    return gettext(found.label) if found else code


def rule(code: str) -> str:
    return gettext(rule_label(Rule(code))) if code in set(Rule) else code


def region(code: str) -> str:
    return regions()[code].name if code in regions() else str(_("France entière, ou lieu inconnu"))


def table(code: str) -> str:
    """A table by its own name: the catalogue of data says what it holds."""
    return code

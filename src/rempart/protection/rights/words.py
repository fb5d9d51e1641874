"""What codes are called on the pages and on paper."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from rempart.protection.rights.rules import Channel, Kind, State

KINDS: Mapping[str, Promise] = {
    Kind.ACCESS: _("Accès à mes données"),
    Kind.RECTIFICATION: _("Rectification"),
    Kind.OBJECTION: _("Opposition à la recherche"),
}
STATES: Mapping[State, tuple[Promise, str]] = {
    State.RECEIVED: (_("Reçue"), "new"),
    State.TAKEN: (_("En cours"), "info"),
    State.ANSWERED: (_("Répondue"), "success"),
    State.REFUSED: (_("Refusée"), "warning"),
}
CHANNELS: Mapping[str, Promise] = {
    Channel.PORTAL: _("Sur le portail"),
    Channel.LETTER: _("Par courrier ou téléphone"),
}
RESULTS: Mapping[str, Promise] = {
    "P": _("Positif"),
    "N": _("Négatif"),
    "I": _("Ininterprétable"),
    "X": _("Non conforme"),
}
CASES: Mapping[str, Promise] = {
    "waiting": _("En attente d’appel"),
    "taken": _("Pris en charge par un enquêteur"),
    "called": _("Vous avez été appelé"),
    "withdrawn": _("Retiré : le résultat n’est plus positif"),
}

"""What the audit's codes are called on the pages; a code without a word is shown as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from rempart.foundation.access.rights import Fields, Purpose, Role
from rempart.foundation.audit.alerts import Kind, State

ROLES: Mapping[str, Promise] = {
    Role.INVESTIGATOR: _("Enquêteur de l’assurance maladie"),
    Role.REGIONAL_INVESTIGATOR: _("Enquêteur de l’agence régionale de santé"),
    Role.DELEGATE: _("Enquêteur délégué"),
    Role.DOCTOR: _("Médecin"),
    Role.PHARMACIST: _("Pharmacien"),
    Role.NURSE: _("Infirmier"),
    Role.BIOLOGIST: _("Biologiste"),
    Role.ADMINISTRATOR: _("Administrateur des comptes"),
    Role.REFERENT: _("Référent des laboratoires"),
    Role.HELP_DESK: _("Assistance"),
    Role.COMMUNICATION: _("Communication"),
    Role.OPERATOR: _("Exploitant"),
    Role.EPIDEMIOLOGIST: _("Épidémiologiste"),
    Role.DATA_PROTECTION: _("Délégué à la protection des données"),
    Role.OVERSIGHT: _("Comité de contrôle"),
    Role.LABORATORY: _("Laboratoire"),
    Role.PATIENT: _("La personne elle-même"),
    Role.SYSTEM: _("La plateforme, automatiquement"),
}
PURPOSES: Mapping[str, Promise] = {
    Purpose.INTAKE: _("Recevoir un résultat"),
    Purpose.INVESTIGATION: _("Rechercher les contacts"),
    Purpose.CARE: _("Prélever ou remettre des masques"),
    Purpose.OWN_DATA: _("Consulter ses propres données"),
    Purpose.NOTICE: _("Prévenir la personne"),
    Purpose.SURVEILLANCE: _("Suivre l’épidémie"),
    Purpose.OPERATION: _("Faire fonctionner la plateforme"),
    Purpose.ADMINISTRATION: _("Gérer les comptes"),
    Purpose.RIGHTS: _("Répondre à une demande de la personne"),
    Purpose.OVERSIGHT: _("Contrôler l’usage des données"),
    Purpose.EXCHANGE: _("Transmettre un fichier"),
    "own-result": _("Consulter ses propres données"),  # so called in the version before
}
FIELDS: Mapping[str, Promise] = {
    Fields.IDENTITY: _("identité"),
    Fields.NUMBER: _("numéro de sécurité sociale"),
    Fields.CONTACT: _("téléphone et courriel"),
    Fields.ADDRESS: _("adresse"),
    Fields.SAMPLING: _("prélèvement"),
    Fields.RESULT: _("résultat"),
    Fields.CLINICAL: _("symptômes et situation"),
    Fields.PRESCRIBER: _("prescripteur"),
}
STATES: Mapping[str, tuple[Promise, str]] = {
    State.NEW: (_("Nouvelle"), "new"),
    State.SEEN: (_("Vue"), "info"),
    State.CLOSED: (_("Classée"), "success"),
}
KINDS: Mapping[str, Promise] = {
    Kind.WELL_KNOWN: _("Personne connue du public"),
    Kind.COLLEAGUE: _("Agent d’un organisme"),
}
FIGURES: Mapping[str, Promise] = {
    "persons": _("Personnes dont le dossier a été ouvert"),
    "own": _("Un jour habituel de cet agent"),
    "team": _("Un jour habituel de son équipe"),
    "acts": _("Dossiers ouverts hors des heures habituelles"),
    "worked": _("Dossiers pris en charge ou appelés"),
    "in_order": _("Plus longue suite dans l’ordre des dossiers"),
    "times": _("Nombre de fois"),
}
DETAILS: Mapping[str, Promise] = {
    "found": _("trouvés"),
    "states": _("états"),
    "namesake": _("homonyme d’un collègue"),
    "criteria": _("critères"),
    "door": _("page"),
    "method": _("moyen"),
    "reason": _("motif"),
    "channel": _("voie"),
    "messages": _("messages"),
    "results": _("résultats"),
    "state": _("état"),
    "kind": _("genre"),
    "rule": _("règle"),
    "departments": _("départements"),
    "role": _("rôle"),
}


def detailed(details: Mapping[str, object]) -> str:
    """The details of an entry in one line."""
    return ", ".join(f"{word(DETAILS, name)} : {_value(value)}" for name, value in sorted(details.items()))


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(_("oui") if value else _("non"))
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def word(words: Mapping[str, Promise], code: str) -> str:
    return str(words.get(code, code))


def listed(words: Mapping[str, Promise], codes: Iterable[str]) -> str:
    """Several codes in one line."""
    return ", ".join(word(words, code) for code in codes)

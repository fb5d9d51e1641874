"""What roles, rights, trainings and refusals are called on the pages of accounts."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from rempart.foundation.access.accounts.policy import Training
from rempart.foundation.access.accounts.rules import Lack, Refusal, Why, region_name
from rempart.foundation.access.rights import Right, Role, table
from rempart.foundation.database.row_security import EVERYWHERE
from rempart.foundation.territories import departments

ROLES: Mapping[Role, Promise] = {
    Role.INVESTIGATOR: _("Enquêteur (Assurance maladie)"),
    Role.REGIONAL_INVESTIGATOR: _("Enquêteur régional (ARS, cellule de Santé publique France)"),
    Role.DELEGATE: _("Délégataire"),
    Role.DOCTOR: _("Médecin"),
    Role.PHARMACIST: _("Pharmacien"),
    Role.NURSE: _("Infirmier"),
    Role.BIOLOGIST: _("Biologiste"),
    Role.ADMINISTRATOR: _("Administrateur régional"),
    Role.REFERENT: _("Référent des laboratoires"),
    Role.HELP_DESK: _("Assistance technique"),
    Role.COMMUNICATION: _("Communication"),
    Role.OPERATOR: _("Exploitant"),
    Role.EPIDEMIOLOGIST: _("Épidémiologiste"),
    Role.DATA_PROTECTION: _("Délégué à la protection des données"),
    Role.OVERSIGHT: _("Membre du comité de contrôle"),
}

RIGHTS: Mapping[Right, Promise] = {
    Right.CASES_LIST: _("voit la liste des cas à appeler"),
    Right.CASES_SEARCH: _("recherche une personne"),
    Right.CASES_OPEN: _("ouvre un dossier"),
    Right.CASES_WORK: _("prend un dossier et note l’appel"),
    Right.CASES_HAND_OVER: _("confie un dossier à un délégataire"),
    Right.FILES_SAMPLING: _("voit ce qu’un prélèvement demande"),
    Right.FILES_MASKS: _("voit ce que la remise de masques demande"),
    Right.RESULTS_ENTER: _("saisit le résultat d’un test"),
    Right.DRIVES_RUN: _("mène des campagnes de prélèvement"),
    Right.GLASS_BREAK: _("ouvre un accès exceptionnel"),
    Right.GLASS_REVIEW: _("examine les accès exceptionnels"),
    Right.ACCOUNTS_MANAGE: _("gère des comptes"),
    Right.ACCOUNTS_REVIEW: _("fait la revue des accès"),
    Right.ACCOUNTS_UNBLOCK: _("débloque les comptes des laboratoires"),
    Right.KEYS_MANAGE: _("gère les clés des machines"),
    Right.HANDOVER_USE: _("remet sur papier les certificats de son laboratoire"),
    Right.CALLS_MAKE: _("appelle les personnes que rien d’autre ne joint"),
    Right.NOTICES_WORD: _("écrit les textes des messages"),
    Right.DELIVERIES_SEND: _("transmet des résultats"),
    Right.REQUESTS_HANDLE: _("répond aux demandes des personnes"),
    Right.RETENTION_MANAGE: _("suit l’effacement des données"),
    Right.AUDIT_SEARCH: _("consulte le journal"),
    Right.AUDIT_ALERTS: _("traite les alertes du journal"),
    Right.OVERSIGHT_READ: _("lit les chiffres du contrôle"),
    Right.EXCHANGE_USE: _("transmet un fichier chiffré"),
}

TRAININGS: Mapping[Training, Promise] = {
    Training.DATA_PROTECTION: _("Protection des données et secret professionnel"),
    Training.TRACING: _("Enquête sanitaire et rappel des contacts"),
    Training.ACCOUNTS: _("Gestion des habilitations"),
}

WHYS: Mapping[Why, Promise] = {
    Why.ADMINISTRATOR: _("suspendu par son administrateur"),
    Why.REVIEW: _("suspendu à la revue des accès"),
    Why.DORMANT: _("suspendu faute d’utilisation"),
    Why.ENDED: _("date de fin atteinte"),
    Why.LEFT: _("départ"),
    Why.REPLACED: _("région confiée à un autre administrateur"),
}

LACKS: Mapping[Lack, Promise] = {
    Lack.TRAINING: _("droits fermés : formation à enregistrer"),
    Lack.END: _("droits fermés : date de fin atteinte"),
    Lack.CONDITIONS: _("droits fermés : conditions à accepter"),
}

REFUSALS: Mapping[Refusal, tuple[str, Promise]] = {
    Refusal.ROLE: ("role", _("Ce rôle n’est pas de ceux que vous pouvez ouvrir.")),
    Refusal.SELF: ("", _("On ne modifie pas son propre compte.")),
    Refusal.PERIMETER: ("departments", _("Ce périmètre dépasse le vôtre, ou celui de ce rôle.")),
    Refusal.NO_PERIMETER: ("departments", _("Choisissez au moins un département.")),
    Refusal.UNKNOWN_PLACE: ("departments", _("Ce département n’existe pas.")),
    Refusal.WHOLE_REGION: ("region", _("Un administrateur a une région entière : choisissez-la.")),
    Refusal.ESTABLISHMENT: ("", _("Le numéro FINESS de l’établissement manque ou est faux.")),
    Refusal.ORGANISATION: ("organisation", _("Indiquez l’organisme pour lequel ce délégataire travaille.")),
    Refusal.END: (
        "ends_on",
        _("Indiquez un dernier jour, d’aujourd’hui à un an au plus (obligatoire pour un délégataire)."),
    ),
    Refusal.DAY: ("on", _("Une formation s’enregistre une fois suivie : la date ne peut pas être à venir.")),
    Refusal.OFFICE_TAKEN: (
        "region",
        _("Cette région a déjà un administrateur : passez par « Confier la région » sur son compte."),
    ),
    Refusal.USERNAME_TAKEN: ("username", _("Cet identifiant est déjà pris.")),
    Refusal.STATE: ("", _("Ce compte n’est plus dans l’état que vous aviez vu.")),
}
"""The field of a form that a refusal is about, and what it says."""


def rights_of(role: Role) -> list[Promise]:
    """What a role may do, in words, in the order of the table."""
    return [RIGHTS[right] for right, row in table().items() if role in row.to and right in RIGHTS]


def places(codes: list[str], region: str = "") -> str:
    """A perimeter in words: the region by its name, the departments by theirs."""
    if EVERYWHERE in codes:
        return str(_("France entière"))
    if region:
        return region_name(region)
    return ", ".join(f"{departments()[code].name} ({code})" for code in codes if code in departments())

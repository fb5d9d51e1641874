"""What the page of two identities says, in words: traits, how far they agree, what was decided."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from rempart.foundation.people.matching import Feature, Level
from rempart.foundation.people.models import LikelyPair

TRAITS: Mapping[Feature, Promise] = {
    Feature.FAMILY_NAME: _("Nom"),
    Feature.FIRST_NAMES: _("Prénoms"),
    Feature.BIRTH_DATE: _("Date de naissance"),
    Feature.SEX: _("Sexe"),
    Feature.BIRTH_PLACE: _("Lieu de naissance"),
    Feature.INS: _("Matricule"),
}
"""The traits of an identity, in the order of the page."""

LEVELS: Mapping[Level, tuple[Promise, str]] = {
    Level.EXACT: (_("identique"), "success"),
    Level.SOUNDS: (_("se prononce pareil"), "info"),
    Level.TYPO: (_("un caractère d’écart"), "info"),
    Level.OTHER_NAME: (_("nom utilisé de l’une, nom de naissance de l’autre"), "info"),
    Level.PART: (_("l’un contient l’autre"), "info"),
    Level.BEGINS: (_("l’un commence l’autre"), "info"),
    Level.SIMILAR: (_("ressemblant"), "warning"),
    Level.SWAPPED: (_("jour et mois échangés"), "info"),
    Level.CLOSE: (_("proche"), "warning"),
    Level.YEAR: (_("même année seulement"), "warning"),
    Level.AREA: (_("même département seulement"), "warning"),
    Level.DIFFERENT: (_("différent"), "error"),
    Level.STRAIGHT: (_("dans le même ordre"), "success"),
    Level.INVERTED: (_("nom et prénom échangés"), "info"),
}
"""How far a trait agrees, and the badge that says it in colour and with a sign too."""

UNSAID: tuple[Promise, str] = (_("non comparable"), "neutral")

STATES: Mapping[str, tuple[Promise, str]] = {
    LikelyPair.State.WAITING: (_("à examiner"), "warning"),
    LikelyPair.State.UNSURE: (_("sans conclusion"), "neutral"),
    LikelyPair.State.SAME: (_("une seule personne"), "success"),
    LikelyPair.State.DIFFERENT: (_("deux personnes"), "info"),
}

GRADES: Mapping[str, tuple[Promise, str]] = {
    "certain": (_("très ressemblantes"), "success"),
    "possible": (_("ressemblantes"), "info"),
}

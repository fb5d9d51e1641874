"""What findings, states and answers of the teleservice are called on the pages of work by hand."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from rempart.foundation.terminology import Analysis
from rempart.screening.rules.catalogue import catalogue
from rempart.screening.sampling.rules.entry import State
from rempart.screening.sampling.rules.specimen import Lack
from rempart.screening.sampling.rules.specimen import State as TubeState
from rempart.screening.sampling.services.ins import Found

STATES: Mapping[State, tuple[Promise, str]] = {
    State.KEPT: (_("Enregistré"), "success"),
    State.CORRECTED: (_("Corrigé"), "info"),
    State.RETRACTED: (_("Retiré"), "warning"),
}
"""What became of an entry, and the kind of its badge."""

INS: Mapping[Found, Promise] = {
    Found.ONE: _("L’identité nationale de santé a été trouvée : vérifiez qu’il s’agit bien de la personne."),
    Found.NONE: _(
        "Le téléservice ne trouve personne : vérifiez les traits, sans quoi le test part sans identité qualifiée."
    ),
    Found.SEVERAL: _(
        "Plusieurs personnes portent ces traits : ajoutez le lieu de naissance et les autres prénoms."
    ),
    Found.SILENT: _("Le téléservice ne répond pas. Continuez : le résultat ne l’attend pas."),
    Found.ABSENT: _("Le téléservice INS n’est pas raccordé ici. Continuez sans lui, ou saisissez le numéro."),
}


def said(code: str) -> str:
    """What a finding means and what to do, in the reader's language; of codes and never of values."""
    entry = catalogue()[code]
    return f"{entry.text_fr} {entry.do_fr}" if get_language() == "fr" else entry.do_en


def analysis_name(analysis: Analysis) -> str:
    """What an analysis is called, in the reader's language."""
    return analysis.label_en if get_language() == "en" else analysis.label_fr


TUBES: Mapping[TubeState, tuple[Promise, str]] = {
    TubeState.REGISTERED: (_("Inscrit"), "neutral"),
    TubeState.SAMPLED: (_("Prélevé"), "info"),
    TubeState.SENT: (_("Envoyé"), "info"),
    TubeState.RECEIVED: (_("Au laboratoire"), "info"),
    TubeState.RESULT: (_("Résultat arrivé"), "success"),
}
"""How far a tube came, and the kind of its badge."""

COUNTS: Mapping[TubeState, Promise] = {
    TubeState.REGISTERED: _("Inscrits"),
    TubeState.SAMPLED: _("Prélevés"),
    TubeState.SENT: _("Envoyés"),
    TubeState.RECEIVED: _("Au laboratoire"),
    TubeState.RESULT: _("Résultats"),
}
"""How many came so far, or further."""

LACKS: Mapping[Lack, Promise] = {
    Lack.SAMPLE: _("à prélever"),
    Lack.SEND: _("à envoyer"),
    Lack.RECEPTION: _("pas reçus depuis un jour"),
    Lack.RESULT: _("sans résultat depuis un jour"),
}
"""What a drive still waits for, after a number."""

"""What somebody reads whose sign-in ended without an entry: what happened, and what to do. One page for all."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from rempart.foundation.access.openid.refusals import Reason, SignInRefused

Words = tuple[HTTPStatus, str | Promise, str | Promise]
"""Status, what happened, what to do."""

_TRY_AGAIN = _(
    "Recommencez dans quelques minutes. Si cela se reproduit, prévenez le support de la plateforme."
)
_OTHER_WAY = _(
    "Vous pouvez ouvrir chaque résultat avec la référence et le lien que vous avez reçus par SMS ou par courriel. "
    "Sans message, votre laboratoire peut vous remettre votre résultat."
)

_WORDS: dict[Reason, Words] = {
    Reason.CANCELLED: (
        HTTPStatus.FORBIDDEN,
        _("Vous avez interrompu la connexion"),
        _("Rien n’a été transmis. Vous pouvez recommencer quand vous le souhaitez."),
    ),
    Reason.NOT_ASKED: (
        HTTPStatus.BAD_REQUEST,
        _("Cette connexion n’est plus valable"),
        _(
            "Elle a déjà servi, elle a été commencée dans un autre navigateur, ou elle a duré plus de dix minutes. "
            "Recommencez depuis cette page."
        ),
    ),
    Reason.UNREACHABLE: (
        HTTPStatus.BAD_GATEWAY,
        _("Le service d’identification ne répond pas"),
        _TRY_AGAIN,
    ),
    Reason.UNREADABLE: (
        HTTPStatus.BAD_GATEWAY,
        _("La réponse du service d’identification est inutilisable"),
        _TRY_AGAIN,
    ),
    Reason.REFUSED: (
        HTTPStatus.BAD_GATEWAY,
        _("Le service d’identification a refusé la demande"),
        _TRY_AGAIN,
    ),
    Reason.TOKEN: (
        HTTPStatus.FORBIDDEN,
        _("La connexion n’a pas pu être vérifiée"),
        _(
            "Par sécurité, elle a été refusée. Recommencez ; si cela se reproduit, prévenez le support de la plateforme."
        ),
    ),
    Reason.LEVEL: (
        HTTPStatus.FORBIDDEN,
        _("Votre moyen d’identification ne suffit pas"),
        _("Recommencez en choisissant un autre moyen d’identification."),
    ),
    Reason.CLAIMS: (
        HTTPStatus.FORBIDDEN,
        _("Votre identité est incomplète"),
        _(
            "Le service d’identification ne nous a pas transmis tout ce qu’il faut pour vous reconnaître. "
            "Faites corriger vos informations auprès de lui."
        ),
    ),
    Reason.TOO_OFTEN: (
        HTTPStatus.TOO_MANY_REQUESTS,
        _("Trop de demandes vers ce téléphone"),
        _("Attendez quelques minutes, ou connectez-vous avec votre carte."),
    ),
    Reason.PHONE: (
        HTTPStatus.FORBIDDEN,
        _("Aucun téléphone ne répond à ce numéro"),
        _(
            "Vérifiez le numéro RPPS et que l’application e-CPS est activée, ou connectez-vous avec votre carte."
        ),
    ),
    Reason.EXPIRED: (
        HTTPStatus.FORBIDDEN,
        _("La demande n’a pas été validée à temps"),
        _("Gardez votre téléphone à portée de main et recommencez."),
    ),
    Reason.NO_ROLE: (
        HTTPStatus.FORBIDDEN,
        _("Votre profession n’a pas d’accès à cette plateforme"),
        _(
            "Les médecins, les pharmaciens et les biologistes y ont accès. Si votre profession a changé, "
            "faites-la corriger auprès de votre ordre."
        ),
    ),
    Reason.SUSPENDED: (
        HTTPStatus.FORBIDDEN,
        _("Votre compte est suspendu"),
        _("Adressez-vous à l’administrateur local de votre région."),
    ),
    # the same words for both: nobody learns whether anything is kept about somebody who has his name
    Reason.NO_RESULT: (HTTPStatus.OK, _("Aucun résultat à vous montrer ici"), _OTHER_WAY),
    Reason.DOUBT: (HTTPStatus.OK, _("Aucun résultat à vous montrer ici"), _OTHER_WAY),
}


def answer(
    request: HttpRequest, refused: SignInRefused, *, back: str, other_way: str = "", leave: str = ""
) -> HttpResponse:
    """The page of a refusal. `back`: where one starts again; `other_way`: the way in without a provider;
    `leave`: where a session with the provider ends that goes on all the same."""
    status, title, text = _WORDS[refused.reason]
    context = {"title": title, "text": text, "back": back, "other_way": other_way, "leave": leave}
    return render(request, "access/sign_in_refused.html", context, status=status)

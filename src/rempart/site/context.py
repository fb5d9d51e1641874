"""What every page's shell knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from rempart.foundation.access.farewell import token_of
from rempart.foundation.access.models import Agent
from rempart.foundation.access.rights import Right, Role, has
from rempart.screening.portal import languages
from rempart.site.doors import doors

_NAVIGATION = (
    (_("Accueil"), "home"),
    (_("L’épidémie"), "indicators"),
    (_("Mon résultat"), "portal"),
    (_("Me préinscrire"), "preregister"),
    (_("Suivi des cas"), "worklist"),
    (_("Saisir un résultat"), "result-enter"),
    (_("Campagnes"), "drives"),
    (_("Comptes"), "accounts"),
    (_("Bureau du laboratoire"), "desk"),
    (_("Registre"), "register"),
    (_("Déposer un tableau"), "tables"),
    (_("Prélèvement"), "file-sampling"),
    (_("Masques"), "file-masks"),
    (_("Laboratoires"), "laboratories"),
    (_("Clés"), "machine-keys"),
    (_("Assistance"), "help-desk"),
    (_("Textes des messages"), "wordings"),
    (_("Messages aux personnes"), "letters"),
    (_("Demandes de droits"), "requests"),
    (_("Identités"), "identities"),
    (_("Conservation"), "retention"),
    (_("Journal des accès"), "audit-search"),
    (_("Accès exceptionnels"), "glass-review"),
    (_("Comité de contrôle"), "oversight"),
    (_("Fichiers remis"), "exchange-received"),
)
"""The menu, in its order; a page that needs a right is shown to whom his role gives it, and the first of these is
where he begins."""

_FOOTER = (
    (_("Vérifier un certificat"), "verifier"),
    (_("Vos données et vos droits"), "your-data"),
    (_("Registre des données"), "data-register"),
    (_("Chiffres en CSV"), "indicators-csv"),
    (_("Messages envoyés (démonstration)"), "outbox"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    label: str | Promise
    href: str
    current: bool = False


def shell(request: HttpRequest) -> dict[str, Any]:
    """The brand block, the menu, and whether this is the demo."""
    return {
        "DEMO": settings.DEMO,
        "DEMO_CODE": _demo_code(request) if settings.DEMO else "",
        "BRAND": [line for line in settings.BRAND.split("|") if line],
        "MARIANNE": settings.MARIANNE,
        "PRO_SANTE_CONNECT": settings.PRO_SANTE_CONNECT is not None,
        "PRO_SANTE_CONNECT_PHONE": settings.PRO_SANTE_CONNECT_PHONE,
        "LEAVES_BY_CARD": settings.PRO_SANTE_CONNECT is not None and _came_by_card(request),
        "LANGUAGES_OFFERED": languages.offered(request.path_info),
        "FRANCE_CONNECT": settings.FRANCE_CONNECT is not None,
        "NAVIGATION": [
            entry
            for label, name in _NAVIGATION
            if _opens(name, request) and (entry := _entry(label, name, request))
        ],
        "FOOTER": [entry for label, name in _FOOTER if (entry := _entry(label, name, request))],
    }


def own_pages(request: HttpRequest) -> list[Entry]:
    """The pages of the menu that a right of the agent opens."""
    return [
        entry
        for label, name in _NAVIGATION
        if isinstance(doors().get(name), Right)
        and _opens(name, request)
        and (entry := _entry(label, name, request))
    ]


def _opens(name: str, request: HttpRequest) -> bool:
    door, agent = doors().get(name), getattr(request, "user", None)  # an error may come before there is one
    if not isinstance(door, Right):
        return True
    return isinstance(agent, Agent) and has(Role(agent.role), door)


def _demo_code(request: HttpRequest) -> str:
    from rempart.site.demo.accounts import code_for  # of the demo only

    return code_for(request)


def _came_by_card(request: HttpRequest) -> bool:
    session = getattr(request, "session", None)  # an error may come before there is one
    return session is not None and token_of(session) is not None


def _entry(label: Promise, name: str, request: HttpRequest) -> Entry | None:
    try:
        href = reverse(name)
    except NoReverseMatch:  # the outbox exists in the demo only
        return None
    here = request.path
    return Entry(label=label, href=href, current=here == href or (href != "/" and here.startswith(href)))

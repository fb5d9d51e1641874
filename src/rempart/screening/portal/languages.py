"""The languages of the person's pages: two more than those of agents. A page of ours speaks one that it was translated into.

The browser's own wish decides; who chooses another has it kept in a cookie until the browser closes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

COOKIE = "__Host-language" if settings.SECURE else "language"
AGENTS = ("fr", "en")
"""What every other page speaks."""

PAGES = frozenset(
    {
        "portal", "portal-code", "portal-results", "portal-result", "portal-application",
        "portal-without-telephone", "message-stop",
    }
)  # fmt: skip
"""The pages that speak all of them, and on which another one may be chosen."""
TRANSLATED = PAGES | {
    "portal-arrive", "portal-choose", "portal-certificate", "portal-information", "portal-hygiene",
    "portal-document", "portal-export", "portal-leave", "portal-language",
}  # fmt: skip
"""The same, with the doors that only give a file or lead on; their refusals are pages."""

_PREFIXES = ("/mon-resultat/", "/r/", "/messages/arret/")

Handler = Callable[[HttpRequest], HttpResponse]


def spoken(get_response: Handler) -> Handler:
    """Each page in its reader's language, among those that it speaks; else in French."""

    def middleware(request: HttpRequest) -> HttpResponse:
        speaks = everybodys() if leads_to(request.path_info, TRANSLATED) else AGENTS
        language = chosen(request, speaks)
        request.LANGUAGE_CODE = language
        translation.activate(language)  # for the whole of the answer, of what streams too
        response = get_response(request)
        patch_vary_headers(response, ("Accept-Language",))
        response.headers.setdefault("Content-Language", language)
        return response

    return middleware


def chosen(request: HttpRequest, speaks: Collection[str]) -> str:
    """The language of the cookie, else the first that the browser asks for, of those spoken."""
    kept = request.COOKIES.get(COOKIE, "")
    if kept in speaks:
        return kept
    for wished, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        if (language := wished.partition("-")[0]) in speaks:
            return language
    return settings.LANGUAGE_CODE


def leads_to(path: str, names: Collection[str]) -> bool:
    """Whether a path is an address of ours that leads to one of these doors."""
    if not path.startswith(_PREFIXES):
        return False
    try:
        return resolve(path).url_name in names
    except Resolver404:
        return False


def offered(path: str) -> list[tuple[str, str]]:
    """The languages that a page offers, each in its own words; none where the page speaks to agents."""
    return list(settings.LANGUAGES) if leads_to(path, PAGES) else []


def remember(response: HttpResponse, language: str) -> None:
    """Keep a language that is spoken here until the browser closes."""
    if language in everybodys():
        response.set_cookie(COOKIE, language, secure=settings.SECURE, httponly=True, samesite="Lax")


def everybodys() -> tuple[str, ...]:
    return tuple(code for code, _ in settings.LANGUAGES)

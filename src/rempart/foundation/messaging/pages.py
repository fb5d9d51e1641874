"""The page behind the link of a mail by which its recipient refuses more."""

from __future__ import annotations

from http import HTTPStatus

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from rempart.foundation.messaging import refusals
from rempart.foundation.vault import keyring_of


@csrf_exempt  # mail programs post here by themselves, without cookies (RFC 8058); the token is the proof
@require_http_methods(["GET", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Looking at the link changes nothing: mail servers follow links. Its button refuses, or the mail program's; another
    one takes it back."""
    keyring = keyring_of(settings.KEY_STORE)
    known = refusals.is_token(token, keyring=keyring)
    again = "again" in request.POST
    if known and request.method == "POST":
        with transaction.atomic(), connection.cursor() as cursor:
            if again:
                refusals.accept_by(cursor, token, keyring=keyring)
            else:
                refusals.refuse_by(cursor, token, keyring=keyring, now=request.now)  # type: ignore[attr-defined]
    status = HTTPStatus.OK if known else HTTPStatus.NOT_FOUND
    shown = {"known": known, "done": request.method == "POST", "again": again}
    return render(request, "messaging/stop.html", shown, status=status)

"""The limit beside which the doors stand: a bare Django view that inserts the message and commits, and nothing else.

`bare_application` is served by granian as a site of its own; the table is made by whoever runs it.
"""

from __future__ import annotations

import os
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.urls import path
from psycopg.conninfo import conninfo_to_dict

PATH = "/keep"


def keep(request: HttpRequest) -> HttpResponse:
    """Insert the body, commit, answer."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bench_bare (body) VALUES (%s)", [request.body])
    return HttpResponse(b"kept", headers={"Content-Length": "4"})


urlpatterns = [path(PATH[1:], keep)]


def _application() -> Any:
    parts = conninfo_to_dict(os.environ["DATABASE_URL"])
    settings.configure(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        MIDDLEWARE=[],
        SECRET_KEY="bare",  # noqa: S106 -- signs nothing
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": parts["dbname"],
                "USER": parts.get("user", ""),
                "PASSWORD": parts.get("password", ""),
                "HOST": parts.get("host", ""),
                "PORT": str(parts.get("port", "")),
                "OPTIONS": {"pool": {"min_size": 4, "max_size": 16}},
            }
        },
    )
    django.setup()
    return WSGIHandler()


if os.environ.get("REMPART_BARE"):
    bare_application = _application()

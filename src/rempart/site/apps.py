"""The site as a Django application: after every migration, the application's role gets its rights."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.db import connections, transaction
from django.db.models.signals import post_migrate

from rempart.foundation.database.grants import grant

_LESS_THAN_EVERYTHING = {
    "audit_entry": (
        "SELECT, INSERT (at, actor, role, organisation, purpose, act, subject, person_id, fields, origin, details)"
    ),
    "audit_block": "SELECT, INSERT",
    "audit_anchor": "SELECT, INSERT",
    "audit_dropped_month": "SELECT",
    "audit_habit": "SELECT, INSERT, DELETE",
    "audit_watched": "SELECT, INSERT, UPDATE (ended_at), DELETE",
    "audit_alert": "SELECT, INSERT, UPDATE (state, reason, handled_by, handled_at, version), DELETE",
    "events_event": "SELECT, INSERT",
    "django_migrations": "SELECT",
}


class SiteConfig(AppConfig):
    name = "rempart.site"

    def ready(self) -> None:
        # Django speaks only for applications that have models; every one of them is migrated by then
        post_migrate.connect(grant_rights, sender=apps.get_app_config("audit"))


def grant_rights(*, using: str, **_: Any) -> None:
    """Give the application's role its rights and no other, through the owner's connection `using`.

    All of them at one moment, and one process after the other: whatever runs meanwhile lacks no right.
    """
    role = connections["default"].settings_dict["USER"]
    owner = connections[using]
    if role and role != owner.settings_dict["USER"]:
        with transaction.atomic(using=using), owner.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('rempart.grants'))")
            grant(cursor.cursor, role=role, exceptions=_LESS_THAN_EVERYTHING)

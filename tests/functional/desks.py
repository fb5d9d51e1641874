"""The desk of a laboratory in the tests: who sits at it, and messages with codes of its own."""

from __future__ import annotations

from typing import Any

from tests import messages
from tests.functional.accounts import account
from tests.functional.doors import SENDER
from tests.functional.settling import settle

from rempart.foundation.access.actor import Actor
from rempart.foundation.access.models import Agent
from rempart.foundation.access.rights import Right, Role
from rempart.foundation.directories.models import Laboratory
from rempart.screening.desk.models import RefusedMessage

LOCAL = "CV19-A"
GOOD = "94500-6^SARS-CoV-2 RT-PCR^LN||"
UNKNOWN_CODE = (GOOD, f"{LOCAL}^Recherche de virus^L||")
LABELLED_CODE = (GOOD, f"{LOCAL}^SARS-CoV-2 RT-PCR^L||")
UNKNOWN_WORD = ("260373001^Detected^SCT^P^Positif^99SIDEP", "ABSENCE DE GENOME^^99SIDEP")


def laboratory(finess: str = SENDER) -> Laboratory:
    """The laboratory of the messages of the tests, in the directory."""
    return Laboratory.objects.get_or_create(
        finess=finess, defaults={"name": "LBM EXEMPLE", "department": finess[:2]}
    )[0]


def biologist(finess: str = SENDER) -> Agent:
    laboratory(finess)
    return account(Role.BIOLOGIST, finess[:2], establishment=finess, email="bio@exemple.fr")


def operator() -> Agent:
    return account(Role.OPERATOR, "*")


def acting(agent: Agent, right: Right, now: Any) -> Actor:
    return agent.actor(right, now=now)


def numbered(number: int, *changes: tuple[str, str]) -> bytes:
    """One message of many, each with its control id and its record."""
    return messages.hl7(
        ("MSG000001", f"MSG{number:06d}"), ("21048BC000020", f"21048BC{number:06d}"), *changes
    )


def refused(**wanted: Any) -> list[RefusedMessage]:
    """What the desk lists, once the subscribers have followed."""
    settle()
    return list(RefusedMessage.objects.filter(**wanted).order_by("received_at", "id"))

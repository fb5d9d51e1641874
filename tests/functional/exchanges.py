"""People who hand files to each other."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from tests.factories import NOW
from tests.functional.accounts import account

from rempart.foundation.access.actor import Actor
from rempart.foundation.access.models import Agent
from rempart.foundation.access.rights import Right, Role
from rempart.foundation.vault import Keyring
from rempart.protection.exchange.rules import Motive
from rempart.protection.exchange.services import incoming, offering

URL = "https://rempart.example"
CSV = "nom;prénom\r\nZYGOMALAS;Théodosie\r\n".encode()


def somebody_called(username: str, role: Role = Role.INVESTIGATOR, *departments: str, **more: Any) -> Agent:
    """Somebody with an account; in Paris unless told otherwise."""
    known = {
        "username": username,
        "name": f"{username.capitalize()} Nom",
        "email": f"{username}@agence.example",
        "organisation": "",
    }
    return account(role, *(departments or ["75"]), **(known | more))


def acts(agent: Agent) -> Actor:
    return agent.actor(Right.EXCHANGE_USE, now=NOW)


def offered(
    keyring: Keyring, sender: Agent, *recipients: Agent, message: str = "", days: int = 7, downloads: int = 1
) -> UUID:
    """A hand-over without its file."""
    return offering.offer(
        actor=acts(sender), to=[agent.username for agent in recipients], motive=Motive.CASE_FILES,
        message=message, days=days, downloads=downloads, keyring=keyring, now=NOW,
    )  # fmt: skip


def handed(
    keyring: Keyring,
    sender: Agent,
    *recipients: Agent,
    content: bytes | Iterable[bytes] = CSV,
    name: str = "dossiers.csv",
    message: str = "",
    days: int = 7,
    downloads: int = 1,
) -> UUID:
    """A hand-over with its file."""
    key = offered(keyring, sender, *recipients, message=message, days=days, downloads=downloads)
    attempt = incoming.begin(actor=acts(sender), handover_id=key, keyring=keyring, now=NOW)
    for part in [content] if isinstance(content, bytes) else content:
        attempt.write(part)
    attempt.finish(name=name, public_url=URL, now=NOW)
    return key

"""The machines' door: who knocks, and with which key."""

from datetime import UTC, datetime, timedelta

from django.test import Client

from rempart.foundation.access.models import Agent, create_machine_key

SENDER = "690001235"  # of the messages written in tests.messages
HL7, HPRIM = "application/hl7-v2", "application/hprim-medecin"


def new_key(laboratory: str = SENDER, *, valid: timedelta = timedelta(days=1)) -> str:
    now = datetime.now(UTC)
    return create_machine_key(laboratory=laboratory, now=now - timedelta(days=2), expires_at=now + valid)


def sign_in(client: Client, agent: Agent, *means: str) -> None:
    """Sign an agent in, as if he had passed every step a moment ago; or those named: "password", "totp", "card"."""
    client.force_login(agent)
    session, now = client.session, datetime.now(UTC).timestamp()
    session["account_authentication_methods_user"] = str(agent.pk)
    session["account_authentication_methods"] = [
        {"method": "mfa", "type": one, "at": now} if one == "totp" else {"method": one, "at": now}
        for one in means or ("password", "totp")
    ]
    session.save()

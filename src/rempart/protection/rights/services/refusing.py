"""Messages that a person wants no more, or again, said by letter or telephone to the data-protection officer."""

from __future__ import annotations

from datetime import datetime

from rempart.foundation.access.actor import Actor, acting, require
from rempart.foundation.access.rights import Right
from rempart.foundation.audit.trail import Act, record
from rempart.foundation.messaging import refusals
from rempart.foundation.messaging.letters import Channel
from rempart.foundation.messaging.refusals import How
from rempart.foundation.vault import Keyring


def note_refusal(
    *, actor: Actor, channel: Channel, recipient: str, again: bool, keyring: Keyring, now: datetime
) -> None:
    """Write no more to a number or an address, or `again`; codes that are asked for leave all the same.

    What is kept is a digest; the trail has the channel alone. Raises NotAllowed without the right.
    """
    require(actor, Right.REQUESTS_HANDLE)
    with acting(actor) as cursor:
        if again:
            refusals.accept(cursor, channel, recipient, keyring=keyring)
        else:
            refusals.refuse(cursor, channel, recipient, how=How.OFFICER, keyring=keyring, now=now)
        record(actor, Act.MESSAGES_REFUSED, channel.value, now=now, channel=channel.value, again=again)

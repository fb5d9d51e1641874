"""The data-protection officer, as his page makes him: one right at a time."""

from rempart.foundation.access.actor import Actor, Role
from rempart.foundation.access.rights import Right, granted
from rempart.foundation.database.keys import uuid7


def officer_for(right: Right) -> Actor:
    grant = granted(Role.DATA_PROTECTION, right)
    return Actor(
        id=str(uuid7()),
        role=Role.DATA_PROTECTION,
        purpose=grant.purpose,
        departments=("*",),
        fields=grant.sees,
    )

"""Who hands a file to whom: accounts, found by what the sender knows of them, and the routes between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from django.db.models import Q

from rempart.foundation.access.actor import Actor
from rempart.foundation.access.models import Agent
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Role
from rempart.protection.exchange.rules import Fault, OfferRefused, Party, may_send


def party_of(agent: Agent) -> Party:
    return Party.of(Role(agent.role), departments=agent.departments, establishment=agent.establishment)


def own_key(actor: Actor) -> UUID:
    """The key of the account that acts. Raises NotAllowed for whoever has none."""
    if actor.agent is None:
        raise NotAllowed("an exchange is between accounts")
    return actor.agent


def resolve(actor: Actor, names: Sequence[str]) -> list[Agent]:
    """The accounts of these user names or professional addresses, each once, in the order they were given.

    Raises OfferRefused: the answer is the same for a name that is nobody's and for one to whom the sender may
    not write, so that it tells nobody who has an account.
    """
    sender = Agent.objects.get(id=own_key(actor))
    condition = Q()
    for name in names:
        condition |= Q(username__iexact=name) | Q(email__iexact=name)
    known: dict[str, list[Agent]] = {}
    for agent in Agent.objects.filter(condition, is_active=True).exclude(id=sender.id) if names else ():
        for word in {agent.username.casefold(), agent.email.casefold()} - {""}:
            known.setdefault(word, []).append(agent)
    found: dict[UUID, Agent] = {}
    for name in names:
        match known.get(name.casefold(), []):
            case [agent] if may_send(party_of(sender), party_of(agent)):
                found[agent.id] = agent
            case _:
                raise OfferRefused(Fault.RECIPIENT, about=name)
    return list(found.values())


def still_open(sender: UUID, recipient: UUID) -> bool:
    """Whether a file may still go from one account to the other: both are there, and the route holds."""
    agents = {agent.id: agent for agent in Agent.objects.filter(id__in=(sender, recipient), is_active=True)}
    return len(agents) == 2 and may_send(party_of(agents[sender]), party_of(agents[recipient]))


def names_of(keys: Iterable[UUID]) -> Mapping[UUID, str]:
    """What accounts are called, by key; one that is gone is missing."""
    return {
        agent.id: f"{agent} ({agent.organisation})" if agent.organisation else str(agent)
        for agent in Agent.objects.filter(id__in=set(keys))
    }

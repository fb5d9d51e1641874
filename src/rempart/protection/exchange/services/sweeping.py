"""What happens to files by itself: they end with their day, and traces of them end with the audit's."""

from __future__ import annotations

from datetime import datetime

from rempart.foundation.access.actor import Purpose, acting, system
from rempart.foundation.audit.trail import About, Act, record_each
from rempart.protection.exchange.models import Chunk, Fetch, Handover
from rempart.protection.exchange.rules import State, policy_on
from rempart.protection.exchange.services.offering import end


def sweep(*, now: datetime) -> int:
    """Destroy the files whose day has passed or that everybody has fetched as often as he may; forget drafts
    whose file never came, and what ended long ago. How many files were destroyed.

    May run twice, or at the same time as itself: what is gone is gone.
    """
    policy = policy_on(now.date())
    actor = system(Purpose.EXCHANGE)
    with acting(actor) as cursor:
        stale = Handover.objects.filter(state=State.DRAFT, created_at__lt=now - policy.draft)
        Chunk.objects.filter(handover_id__in=stale.values("id")).delete()
        stale.delete()
        over = Handover.objects.select_for_update(skip_locked=True).filter(state=State.READY)
        passed = list(over.filter(expires_on__lt=now.date()).values_list("id", flat=True))
        cursor.execute(_USED_UP)
        fetched = {key for (key,) in cursor.fetchall()} - set(passed)
        used_up = list(over.filter(id__in=fetched).values_list("id", flat=True))
        end([*passed, *used_up], State.DESTROYED, now=now)
        about = [About(subject=str(key), details={"reason": "day"}) for key in passed]
        about += [About(subject=str(key), details={"reason": "fetched"}) for key in used_up]
        record_each(actor, Act.EXCHANGE_DESTROYED, about, now=now)
        forgotten = Handover.objects.filter(ended_at__lt=now - policy.trace)
        Fetch.objects.filter(handover_id__in=forgotten.values("id")).delete()
        forgotten.delete()
    return len(passed) + len(used_up)


_USED_UP = """
    SELECT h.id FROM exchange_handover h JOIN exchange_fetch f ON f.handover_id = h.id
    WHERE h.state = 'ready' GROUP BY h.id HAVING count(*) >= h.downloads * cardinality(h.recipients)"""

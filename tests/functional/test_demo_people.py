"""The laboratories of the demo: how they stand in the directory, and how many keys they hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from rempart.foundation.access.models import MachineKey
from rempart.foundation.directories.models import Laboratory
from rempart.screening.handover.rules.matching import Gap, Scheme
from rempart.screening.handover.services.finding import found
from rempart.simulators.laboratory import Epidemic
from rempart.site.demo import directory as demo_directory
from rempart.site.demo import people as demo_people

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_laboratory_that_is_met_again_holds_one_key_and_can_be_called_back(keyring):
    start = datetime.now(UTC).date() - timedelta(days=2)
    laboratories = Epidemic(seed=1, population=1_000, start=start, days=2).laboratories()
    first = demo_people.register(laboratories, valid=timedelta(days=7))
    again = demo_people.register(laboratories, valid=timedelta(days=7))
    assert first.keys() == again.keys() == {laboratory.finess for laboratory in laboratories}
    for number in again:
        assert MachineKey.objects.filter(laboratory=number, revoked_at=None).count() == 1
        known = Laboratory.objects.get(finess=number)
        assert known.phone.startswith("01 99 00 ")
        assert known.address


def test_most_laboratories_of_the_demo_have_a_mailbox_and_the_first_two_share_theirs(keyring):
    now = datetime.now(UTC)
    laboratories = Epidemic(seed=1, population=2_000, start=now.date(), days=1, laboratories=7).laboratories()
    for _ in range(2):
        demo_directory.publish(laboratories, now=now)
    matches = found({one.finess for one in laboratories})
    schemes = [matches[number].scheme or matches[number].gap for number in sorted(matches)]
    alone = [Scheme.LOCAL, Gap.NO_MAILBOX, Scheme.LOCAL, Scheme.LOCAL, Gap.NO_MAILBOX]
    assert schemes == [Scheme.POOLED, Scheme.POOLED, *alone]
    first, second, *_ = sorted(matches)
    assert matches[first].address == matches[second].address


def test_certificates_are_fetched_though_codes_were_the_last_letters(keyring, monkeypatch):
    texts = ["123456 est votre code"] * 40 + [f"Votre résultat : https://x/r/ref{n}" for n in range(5)]
    sent = [(datetime.now(UTC), SimpleNamespace(text=text)) for text in texts]
    monkeypatch.setattr(demo_people, "newest", lambda *, keyring, most: sent[:most])
    fetched: list[str] = []
    monkeypatch.setattr(demo_people, "_fetch", lambda reference: not fetched.append(reference))
    assert demo_people.collect_certificates(5) == 5
    assert fetched == [f"ref{n}" for n in range(5)]

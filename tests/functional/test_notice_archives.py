"""The result as health software takes it in: beside the PDF, under a qualified number only."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings as site
from tests.factories import COVID, NOW, message, person, report
from tests.functional.settling import settle
from tests.functional.trail import entries
from tests.messages import FRENCH

from rempart.foundation.access.actor import Purpose, acting, system
from rempart.foundation.database.keys import uuid7
from rempart.foundation.messaging import outbox
from rempart.foundation.messaging.letters import Withdrawn
from rempart.foundation.messaging.models import Message
from rempart.foundation.messaging.mssante import xdm
from rempart.foundation.people.models import InsRequest, Link
from rempart.foundation.people.teleservice.queue import State
from rempart.screening.formats import decode
from rempart.screening.notices import makers, telling
from rempart.screening.signing.signers import signers

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def told(keep, keyring):
    """`told(record)`: a result of the same person came and was told; the letter to her own mailbox, None without one."""
    hours = iter(range(1000))

    def run(record):
        keep(message(replace(report(), record_number=record)), now=NOW + timedelta(hours=next(hours)))
        settle(
            telling.subscriber(
                keyring=keyring, pathogen=COVID, public_url="https://sidep.test", archived=True
            )
        )
        row = Message.objects.filter(about__startswith="mailbox").order_by("-created_at").first()
        return outbox.open_routes(row, keyring=keyring)[0] if row else None

    return run


def _confirm() -> InsRequest:
    with acting(system(Purpose.CARE)):
        link = Link.objects.get()
    return InsRequest.objects.create(
        identity_id=uuid7(), person_id=link.person_id, state=State.FOUND, queued_at=NOW, next_at=NOW,
        ended_at=NOW, gained_id=link.identity_id,
    )  # fmt: skip


def test_a_result_goes_as_an_archive_under_a_confirmed_number_and_not_without(told, keyring):
    assert told("DOSSIER-1") is None
    request = _confirm()
    letter = told("DOSSIER-2")
    assert letter.subject == "XDM/1.0/DDM+Résultat de dépistage ZYGOMALAS Théodosie 28/03/1979"
    assert (letter.headers["X-MSS-CODECDA"], letter.headers["X-MSS-INS"]) == ("11502-2", "O")
    readable, archive = letter.enclosures
    assert readable.name.endswith("_CR-BIO_ZYGOMALAS_Theodosie_DOSSIER-2.pdf")
    assert (archive.name, archive.media_type) == ("IHE_XDM.ZIP", "application/zip")

    press = makers.Press(
        keyring=keyring, signers=lambda: signers(site.KEY_STORE), public_url="https://sidep.test"
    )
    make = makers.makers(press)[archive.maker]
    (held,) = xdm.read(make(archive.of))
    assert held.entry.patient == f"{person().ins}^^^&{person().ins_authority}&ISO^NH"
    assert held.entry.type_code == "11502-2"
    (item,) = decode(held.content, context=FRENCH)
    (found,) = item.reports
    assert (found.record_number, found.person.ins, found.result) == (
        "DOSSIER-2",
        person().ins,
        report().result,
    )
    assert [entry.details for entry in entries(act="report-sent")] == [{"form": "archive"}]

    request.delete()  # the number turned out to be nobody's
    with pytest.raises(Withdrawn):
        make(archive.of)

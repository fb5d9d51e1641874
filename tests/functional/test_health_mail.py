"""Health mail and the rest of the house: the white list taken into use, the outbox that leaves for the trust space."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from tests.functional.test_outbox import MAIL, UNTIL
from tests.functional.trail import entries
from tests.igc import Authority
from tests.smtp_sink import Sink, running
from tests.unit.foundation.messaging.mssante.test_whitelist import MANY, listed
from tests.unit.foundation.messaging.mssante.test_xdm import RAW
from typer.testing import CliRunner

from rempart.foundation.messaging.letters import Channel, Letter, Message
from rempart.foundation.messaging.models import Message as Row
from rempart.foundation.messaging.mssante import kept_list
from rempart.foundation.messaging.outbox import deliver, post
from rempart.site import carriers, runtime
from rempart.site import configuration as configured
from rempart.site.commands import mssante as mssante_commands
from rempart.site.mssante_settings import Mssante

pytestmark = pytest.mark.django_db(transaction=True)

DOMAIN = "labo.mssante.fr"
SUBJECT = "CN=localhost,O=LABO,C=FR"


@pytest.fixture
def deployed(tmp_path, monkeypatch, settings):
    """A deployment with certificates and a relay, whose port is told later; what its commands find."""
    authority = Authority(tmp_path)
    said = SimpleNamespace(
        authority=authority,
        sink=Sink(certificate=authority.sign(SUBJECT), authority=authority.path),
        white_list=tmp_path / "mssante",
        mssante=Mssante(
            address="no-reply@rempart.mssante.fr",
            certificate=authority.sign("CN=rempart"),
            authorities=authority.path,
            relay="localhost",
        ),
    )

    @contextmanager
    def platform():
        yield said

    monkeypatch.setattr(runtime, "platform", platform)
    monkeypatch.setattr(configured, "configuration", lambda: said)
    settings.WHITE_LIST = said.white_list
    return said


def _run(*words: object):
    return CliRunner().invoke(mssante_commands.app, list(map(str, words)))


def _published(folder, raw: bytes):
    (folder / "listeblanchemssante.xml").write_bytes(raw)
    (folder / "checksum").write_text(hashlib.sha256(raw).hexdigest())
    return folder / "listeblanchemssante.xml"


def test_a_list_is_taken_into_use_once_it_is_good_and_the_trail_says_so(deployed, tmp_path):
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    assert _run("status").exit_code == 1
    taken = _run("load", _published(tmp_path, listed(MANY, generated=now)))
    assert (taken.exit_code, "100 domains; 100 added" in taken.output) == (0, True)
    (entry,) = entries(act="directory-loaded")
    assert (entry.subject, entry.details["rows"]) == ("mssante-white-list", 100)
    (tmp_path / "listeblanchemssante.xml").write_bytes(listed(MANY[:50], generated=now))
    refused = _run("load", tmp_path / "listeblanchemssante.xml")
    assert (refused.exit_code, "(checksum)" in refused.output) == (1, True)
    shown = json.loads(_run("status", "--json").output)
    assert (shown["domains"], shown["configured"]) == (100, True)
    assert any("(checksum)" in note for note in shown["notes"])
    assert any("our certificate ends on" in note for note in shown["notes"])  # the test's lasts a day


def test_an_archive_is_looked_into_and_nothing_of_the_patient_is_said(tmp_path):
    path = tmp_path / "IHE_XDM.ZIP"
    path.write_bytes(RAW)
    shown = _run("archive", path)
    assert shown.exit_code == 0
    assert "DOC0001.XML: text/xml, type 11502-2, 19 bytes" in shown.output
    assert "284037512012368" not in _run("archive", path, "--json").output
    path.write_bytes(RAW[:-9])
    broken = _run("archive", path)
    assert (broken.exit_code, "no_archive" in broken.output) == (1, True)


def test_letters_of_the_outbox_leave_for_the_trust_space_and_for_nowhere_else(
    deployed, tmp_path, settings, keyring
):
    now = datetime.now(UTC)
    kept_list.load(
        _published(tmp_path, listed([(DOMAIN, SUBJECT)])), checksum=None, folder=deployed.white_list, now=now
    )
    letters = [
        Letter(channel=Channel.MSSANTE, recipient=f"{name}", subject="Résultat", text="Bonjour")
        for name in (f"labo@{DOMAIN}", "labo@example.org")
    ]
    messages = [
        Message(
            about="notice",
            routes=(letter, replace(MAIL, recipient="b@example.org")),
            expires_on=UNTIL.replace(year=2099),
        )
        for letter in letters
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        post(cursor, messages, keyring=keyring, now=now)
    with running(deployed.sink) as sink:
        settings.HEALTH_MAIL = deployed.mssante.model_copy(update={"relay_port": sink.port}).health_mail()
        assert Channel.MSSANTE in carriers.outside()
        carrier = carriers._carriers()[Channel.MSSANTE]
        assert deliver({Channel.MSSANTE: carrier}, {}, keyring=keyring, now=now) == 1
        carrier.close()
    taken = Row.objects.get(state="taken")
    assert taken.reference == taken.id.hex
    assert b"labo@labo.mssante.fr" in sink.mails[0]
    other = Row.objects.get(state="waiting")
    assert (other.channel, other.reason) == ("email", "mssante.not_listed")
    assert len(sink.mails) == 1


def test_a_domain_is_tried_and_said_why_not(deployed, tmp_path):
    kept_list.load(
        _published(tmp_path, listed([(DOMAIN, SUBJECT)])),
        checksum=None,
        folder=deployed.white_list,
        now=datetime.now(UTC),
    )
    with running(deployed.sink) as sink:
        deployed.mssante = deployed.mssante.model_copy(update={"relay_port": sink.port})
        tried = _run("probe", DOMAIN)
        assert (tried.exit_code, "lets us in" in tried.output) == (0, True)
    tried = _run("probe", DOMAIN)
    assert (tried.exit_code, "unreachable" in tried.output) == (1, True)
    assert "not on the white list" in str(_run("probe", "example.org").exception)

"""SECURITY: nothing that names a person is in clear in the database, nor in any log."""

import base64
import logging
import time
from datetime import timedelta

import pytest
from psycopg import sql
from tests import messages as written
from tests.factories import LAB, NOW, delivery, message, report
from tests.functional.conftest import tables
from tests.functional.settling import PATIENCE, settle

from rempart.foundation.access.actor import Purpose, system
from rempart.foundation.people.content import open_identity
from rempart.foundation.vault import Keyring
from rempart.screening.rules.report import Outcome, Practitioner
from rempart.screening.services import receive as receiving
from rempart.screening.services.intake import Intake
from rempart.site import carriers, worker

pytestmark = pytest.mark.django_db(transaction=True)

SPOKEN = (
    "ZYGOMALAS", "QUIRINAL", "THEODOSIE", "THÉODOSIE", "WILHELMINE",  # names
    "279035121518989", "2790351215189",  # NIR, with and without key
    "0639981234", "39981234", "EXEMPLE-COURRIEL",  # phone, e-mail
    "XYLOPHAGE",  # street
    "DOSSIER-424242", "IPP-778899",  # the laboratory's numbers
    "1979-03-28", "28/03/1979", "19790328",  # birth date
    "PRATICIENNE-BERTHELOT", "10003456786",  # her doctor
)  # fmt: skip
IDENTIFIED = Practitioner(rpps="10003456786", name="PRATICIENNE-BERTHELOT")


def everything(owner) -> str:
    """Every column of every row of every table as text, in capitals; bytes are read as text too."""
    said = []
    for name in tables(owner):
        for row in owner.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(name))):
            said += [value.decode("latin-1") if isinstance(value, bytes) else str(value) for value in row]
    return "\n".join(said).upper()


def assert_says_nothing(text: str) -> None:
    upper = text.upper()
    for spoken in SPOKEN:
        assert spoken not in upper
        for shift in range(3):  # base64 at each of its three alignments, ends left out
            packed = base64.b64encode(b"\0" * shift + spoken.encode()).decode()
            assert packed[4 if shift else 0 : -4].upper() not in upper


def test_security_no_column_of_any_table_says_who_a_person_is(keep, owner, settings, client):
    known = report(prescriber=IDENTIFIED, general_practitioner=IDENTIFIED)
    keep(message(known))
    keep(message(report(record_number="DOSSIER-424242-B", status=receiving.keeping.Status.CORRECTED)))
    raw = "|".join(SPOKEN).encode()
    keep(message(known, raw=raw, outcome=Outcome.HELD), message(raw=raw, outcome=Outcome.REJECTED))
    settle()
    carriers.send_letters()
    client.get("/r/some-reference")
    client.post("/mon-resultat/", {"reference": "some-reference", "birth_date": "28/03/1979"})
    text = everything(owner)
    assert LAB in text  # the dump is one
    assert_says_nothing(text)  # web sessions too: they are sealed


def test_security_the_same_name_leaves_different_bytes_behind(keep, owner):
    """What is sealed tells nothing by itself: not even that two rows say the same."""
    keep(message(report()))
    keep(message(report(record_number="another")))
    seals = [bytes(row[0]) for row in owner.execute("SELECT sealed FROM screening_result")]
    assert len(set(seals)) == 2
    assert seals[0][16:32] != seals[1][16:32]


DAMAGED = (
    b"",
    b"MSH",
    b"MSH|^~\\&|" + written.hl7()[9:],
    written.hl7()[:300],
    written.hl7(("19790328", "ZYGOMALAS")),
    written.hl7(("PAT-TROIS", "ZYGOMALAS\x00\\X00\\")),
    written.hl7(("^SARS-CoV-2 RT-PCR^LN", "^ZYGOMALAS^LN")),
    written.hl7(("690001235", "ZYGOMALAS")),
    written.hl7(("260373001^Detected^SCT^P^Positif^99SIDEP", "ZYGOMALAS Theodosie, 2790351215189")),
    written.hl7(("20210408134800+0200", "ZYGOMALAS")),
    written.hl7(("UNICODE UTF-8", "ZYGOMALAS")),
    written.hl7(("ORC|RE", "ORC|ZYGOMALAS")),
    written.hl7(without="OBX") + b"ZZZ|ZYGOMALAS|0639981234\r",
    written.hprim(("****FIN****", "ZYGOMALAS")),
    written.hprim(("28/03/1979", "ZYGOMALAS")),
    written.hprim(("94500-6|C|P", "94500-6|C|ZYGOMALAS")),
)


@pytest.fixture
def logs(caplog, capfd):
    """Everything that was logged or written to the terminal, tracebacks included."""
    caplog.set_level(logging.DEBUG)

    def all_of_it() -> str:
        out, err = capfd.readouterr()
        return caplog.text + out + err

    return all_of_it


@pytest.mark.parametrize("payload", DAMAGED, ids=range(len(DAMAGED)))
def test_security_no_log_and_no_finding_repeats_a_damaged_message(payload, keyring, owner, logs):
    if b"MSH" in payload:
        payload = payload.replace(b"DOMINIQUE", b"WILHELMINE").replace(b"21048BC000020", b"DOSSIER-424242")
    intake = Intake(pathogen=worker.pathogen("covid19"), keyring=keyring)
    judged = intake.read(payload, delivery=delivery())
    (answers,) = list(intake.keep(judged, actor=system(Purpose.INTAKE)))
    said = [f"{f.location} {f.message}" for answer in answers for f in answer.kept.findings]
    assert_says_nothing("\n".join(said))
    assert_says_nothing(everything(owner))
    assert_says_nothing(logs())


def test_security_no_log_says_who_when_the_database_refuses_a_row(keyring, keep, owner, logs, monkeypatch):
    """A result that breaks a constraint: PostgreSQL's error goes up, its values go nowhere."""
    prepare = receiving.Preparer._result

    def wrong(self, *args, **kwargs):
        made = prepare(self, *args, **kwargs)
        return made._replace(values=(*made.values[:6], "Z", *made.values[7:]))

    monkeypatch.setattr(receiving.Preparer, "_result", wrong)
    log = logging.getLogger("rempart.test")
    try:
        keep(message(report(prescriber=IDENTIFIED)))
    except Exception:
        log.exception("as the server would")
    said = logs()
    assert "screening_result" in said
    assert_says_nothing(said)


def test_security_no_log_says_who_when_the_web_door_fails(
    keyring, client, logs, monkeypatch, owner, laboratory_key
):
    def broken(*_args, **_kwargs):
        raise RuntimeError("no room left on the disk")

    monkeypatch.setattr(receiving, "publish", broken)
    client.raise_request_exception = False
    answer = client.post(
        "/api/v1/deliveries",
        written.hl7(("PAT-TROIS", "ZYGOMALAS"), ("690001235", LAB)),
        content_type="application/hl7-v2",
        headers={"Authorization": f"Bearer {laboratory_key}"},
    )
    assert answer.status_code == 500
    assert_says_nothing(answer.content.decode())
    assert_says_nothing(logs())


def test_security_no_log_says_who_when_a_subscriber_fails(keep, logs, monkeypatch):
    keep(message(report()))

    def broken(*_args, **_kwargs):
        raise ValueError("cannot write")

    monkeypatch.setattr(worker.facts.facts, "write_batch", broken)
    said, deadline = "", time.monotonic() + PATIENCE
    while "failed" not in said and time.monotonic() < deadline:  # another test may hold the events back
        worker._round()
        said += logs()
    assert "screening.facts failed" in said
    assert_says_nothing(said)


def test_security_an_error_of_the_vault_names_no_value(keep, keyring, owner, tmp_path):
    keep(message(report()))
    ((identity, sealed),) = owner.execute("SELECT id, sealed FROM people_identity").fetchall()
    with pytest.raises(Exception) as raised:
        open_identity(identity, sealed[:-1] + b"\0", keyring=Keyring(keyring.root))
    assert_says_nothing(repr(raised.value))


def test_security_events_say_keys_only(keep, owner):
    (kept,) = keep(message(report(), outcome=Outcome.HELD))
    keep(message(report()))
    refused, accepted = owner.execute("SELECT payload FROM events_event ORDER BY id").fetchall()
    assert [len(entry) for entry in accepted[0]["results"]] == [2]
    month = NOW.date().replace(day=1).isoformat()
    assert refused[0] == {
        "results": [],
        "messages": {LAB: [0, 1, 0]},
        "refused": [[month, str(kept.delivery_id), 0, LAB]],
        "replaced": [],
    }


def test_security_what_was_sealed_is_gone_with_its_key(keep, keyring, owner):
    keep(message(report()))
    ((identity, sealed, expires),) = owner.execute(
        "SELECT id, sealed, expires_on FROM people_identity"
    ).fetchall()
    assert open_identity(identity, sealed, keyring=keyring).birth_name == "ZYGOMALAS"
    assert (expires - NOW.date()).days == 180  # a positive
    keyring.destroy_expired(expires)
    assert open_identity(identity, sealed, keyring=Keyring(keyring.root)) is not None  # its last day
    keyring.destroy_expired(expires + timedelta(days=1))
    assert open_identity(identity, sealed, keyring=Keyring(keyring.root)) is None

"""Files handed from account to account: who may, how often, until when, and what is left of them."""

import io
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connections
from tests.factories import NOW, finess_in
from tests.functional.exchanges import CSV, URL, acts, handed, offered, somebody_called

from rempart.foundation.access.actor import acting
from rempart.foundation.access.refusals import NotAllowed, StaleVersion
from rempart.foundation.access.rights import Role
from rempart.foundation.access.uploads import Fault, Kind, UploadRefused
from rempart.foundation.messaging.outbox import newest
from rempart.foundation.vault import SealBroken
from rempart.foundation.vault.streams import CHUNK_BYTES
from rempart.protection.exchange import rules
from rempart.protection.exchange.models import Chunk, Handover
from rempart.protection.exchange.rules import Motive, OfferRefused, State
from rempart.protection.exchange.services import fetching, incoming, offering, sweeping

pytestmark = pytest.mark.django_db(transaction=True)

LATER = NOW + timedelta(days=8)


@pytest.fixture
def alix():
    return somebody_called("alix")


@pytest.fixture
def bao():
    return somebody_called("bao", Role.REGIONAL_INVESTIGATOR, "75", "92")


def fetch(agent, key, keyring, now=NOW):
    file = fetching.fetch(actor=acts(agent), handover_id=key, keyring=keyring, now=now)
    return file, b"".join(file.chunk(number) for number in range(file.chunks))


def test_a_file_arrives_as_it_was_sent(keyring, alix, bao):
    key = handed(keyring, alix, bao, message="Les trois dossiers de ce matin.")
    (waiting,) = fetching.received(actor=acts(bao), keyring=keyring)
    assert (waiting.id, waiting.name, waiting.message) == (
        key,
        "dossiers.csv",
        "Les trois dossiers de ce matin.",
    )
    assert (waiting.sender, waiting.left, waiting.state) == ("Alix Nom", 1, State.READY)
    file, content = fetch(bao, key, keyring)
    assert (file.name, file.kind, file.size, content) == ("dossiers.csv", Kind.TEXT, len(CSV), CSV)


@pytest.mark.parametrize("size", [1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_a_file_of_any_size_arrives_whole(keyring, alix, bao, size):
    content = b"%PDF-" + os.urandom(size - 5) if size > 5 else b"a" * size
    cut = [content[start : start + 300_000] for start in range(0, size, 300_000)]
    key = handed(keyring, alix, bao, content=cut)
    assert fetch(bao, key, keyring)[1] == content
    assert Chunk.objects.count() == 0, "without an actor nothing is seen"
    with acting(acts(bao)):
        assert Chunk.objects.count() == max(-(-size // CHUNK_BYTES), 1)


def test_security_nothing_of_a_file_is_in_clear_in_the_database(keyring, alix, bao, query):
    handed(keyring, alix, bao, name="zygomalas.csv", message="Rappeler Théodosie")
    everything = repr(
        [
            query(f"SELECT t::text FROM {table} t")
            for table in ("exchange_handover", "exchange_chunk", "audit_entry")
        ]
    )
    for word in ("ZYGOMALAS", "zygomalas", "Théodosie", "Rappeler"):
        assert word not in everything
        assert word.encode().hex() not in everything


def test_what_is_told_to_the_recipient_names_nobody(keyring, alix, bao):
    key = handed(keyring, alix, bao, name="zygomalas.csv", message="Rappeler Théodosie")
    ((_, letter),) = newest(keyring=keyring)
    assert letter.recipient == "bao@agence.example"
    assert f"{URL}/echanges/{key}/" in letter.text
    for word in ("zygomalas", "Théodosie", "Alix", "Nom"):
        assert word not in letter.text + letter.subject


def test_security_a_file_is_fetched_by_whom_it_was_handed_to_and_nobody_else(keyring, alix, bao):
    key = handed(keyring, alix, bao)
    others = [
        somebody_called("chloe"), somebody_called("operator", Role.OPERATOR), somebody_called("dpo", Role.DATA_PROTECTION),
        somebody_called("admin", Role.ADMINISTRATOR), somebody_called("epi", Role.EPIDEMIOLOGIST, "*"),
    ]  # fmt: skip
    for other in [*others, alix]:
        with pytest.raises(NotAllowed):
            fetch(other, key, keyring)
    for other in others:
        with pytest.raises(NotAllowed):
            fetching.one(actor=acts(other), handover_id=key, keyring=keyring)
        assert fetching.received(actor=acts(other), keyring=keyring) == []


def test_security_who_sees_the_nation_sees_no_row_of_an_exchange(keyring, alix, bao):
    handed(keyring, alix, bao)
    with acting(acts(somebody_called("dpo", Role.DATA_PROTECTION))) as cursor:
        for table in ("exchange_handover", "exchange_chunk", "exchange_fetch"):
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone() == (0,)


def test_security_a_recipient_changes_nothing_of_a_hand_over(keyring, alix, bao):
    key = handed(keyring, alix, bao)
    with acting(acts(bao)):
        assert Handover.objects.filter(id=key).update(downloads=100) == 0
        assert Chunk.objects.filter(handover_id=key).delete()[0] == 0
    with pytest.raises(NotAllowed):
        offering.withdraw(actor=acts(bao), handover_id=key, now=NOW)


def test_a_file_is_fetched_as_often_as_its_sender_said(keyring, alix, bao):
    chloe = somebody_called("chloe")
    key = handed(keyring, alix, bao, chloe, downloads=3)
    for left in (2, 1, 0):
        fetch(bao, key, keyring)
        assert fetching.one(actor=acts(bao), handover_id=key, keyring=keyring).left == left
    with pytest.raises(StaleVersion):
        fetch(bao, key, keyring)
    assert fetch(chloe, key, keyring)[1] == CSV
    assert fetching.one(actor=acts(alix), handover_id=key, keyring=keyring).fetched == 2


def test_a_withdrawn_file_is_gone(keyring, alix, bao, query):
    key = handed(keyring, alix, bao, message="secret")
    offering.withdraw(actor=acts(alix), handover_id=key, now=NOW)
    with pytest.raises(StaleVersion):
        fetch(bao, key, keyring)
    assert query("SELECT count(*) FROM exchange_chunk") == [(0,)]
    assert query("SELECT state, salt, name, message FROM exchange_handover") == [
        ("withdrawn", None, None, None)
    ]
    offering.withdraw(actor=acts(alix), handover_id=key, now=NOW)  # twice is once
    assert query("SELECT count(*) FROM audit_entry WHERE act = 'exchange-withdrawn'") == [(1,)]


def test_a_file_withdrawn_while_it_is_fetched_ends_in_an_error_not_in_half_a_file(keyring, alix, bao):
    content = b"%PDF-" + os.urandom(2 * CHUNK_BYTES)
    key = handed(keyring, alix, bao, content=content)
    file = fetching.fetch(actor=acts(bao), handover_id=key, keyring=keyring, now=NOW)
    assert file.chunk(0) == content[:CHUNK_BYTES]
    offering.withdraw(actor=acts(alix), handover_id=key, now=NOW)
    with pytest.raises(SealBroken):
        file.chunk(1)


def test_a_file_is_fetched_on_its_last_day_and_not_after(keyring, alix, bao):
    key = handed(keyring, alix, bao, days=3, downloads=5)
    assert fetch(bao, key, keyring, now=NOW + timedelta(days=3))[1] == CSV
    with pytest.raises(StaleVersion):
        fetch(bao, key, keyring, now=NOW + timedelta(days=4))


def test_security_a_file_is_gone_with_the_key_of_its_day_from_an_old_dump_too(keyring, alix, bao):
    key = handed(keyring, alix, bao, message="secret")
    keyring.destroy_expired((NOW + timedelta(days=8)).date())
    with pytest.raises(StaleVersion):
        fetch(bao, key, keyring)  # every row is still there
    (shown,) = fetching.received(actor=acts(bao), keyring=keyring)
    assert (shown.name, shown.message) == ("", "")


def test_the_sweep_destroys_what_has_ended_and_nothing_else(keyring, alix, bao, query):
    ends, stays = handed(keyring, alix, bao, days=1), handed(keyring, alix, bao, days=7)
    used_up = handed(keyring, alix, bao, days=7)
    fetch(bao, used_up, keyring)
    assert sweeping.sweep(now=NOW) == 1
    assert sweeping.sweep(now=NOW + timedelta(days=2)) == 1
    assert sweeping.sweep(now=NOW + timedelta(days=2)) == 0
    states = dict(query("SELECT id, state FROM exchange_handover"))
    assert states == {ends: "destroyed", stays: "ready", used_up: "destroyed"}
    assert query("SELECT DISTINCT handover_id FROM exchange_chunk") == [(stays,)]
    told = query(
        "SELECT subject, details->>'reason' FROM audit_entry WHERE act = 'exchange-destroyed' ORDER BY 2"
    )
    assert told == [(str(ends), "day"), (str(used_up), "fetched")]


def test_what_ended_long_ago_is_forgotten(keyring, alix, bao, counts):
    fetch(bao, handed(keyring, alix, bao), keyring)
    sweeping.sweep(now=NOW)
    sweeping.sweep(now=NOW + timedelta(days=184))
    left = counts()
    assert [left[table] for table in ("exchange_handover", "exchange_chunk", "exchange_fetch")] == [0, 0, 0]


def test_half_an_upload_leaves_nothing_readable_and_is_swept(keyring, alix, bao, query):
    key = offered(keyring, alix, bao)
    half = incoming.begin(actor=acts(alix), handover_id=key, keyring=keyring, now=NOW)
    half.write(b"%PDF-" + bytes(2 * CHUNK_BYTES))
    assert query("SELECT count(*) FROM exchange_chunk") == [(2,)]
    assert query("SELECT state, salt FROM exchange_handover") == [("draft", None)], (
        "nothing opens without its salt"
    )
    assert fetching.received(actor=acts(bao), keyring=keyring) == []
    with pytest.raises(NotAllowed):
        fetching.one(actor=acts(bao), handover_id=key, keyring=keyring)
    with pytest.raises(StaleVersion):
        fetch(bao, key, keyring)
    sweeping.sweep(now=NOW + timedelta(hours=25))
    assert (
        query("SELECT count(*) FROM exchange_chunk")
        == query("SELECT count(*) FROM exchange_handover")
        == [(0,)]
    )
    with pytest.raises(StaleVersion):
        half.write(bytes(2 * CHUNK_BYTES))


def test_a_second_attempt_takes_the_place_of_the_first(keyring, alix, bao, query):
    key = offered(keyring, alix, bao)
    first = incoming.begin(actor=acts(alix), handover_id=key, keyring=keyring, now=NOW)
    first.write(b"%PDF-" + bytes(CHUNK_BYTES))
    second = incoming.begin(actor=acts(alix), handover_id=key, keyring=keyring, now=NOW)
    second.write(CSV)
    with pytest.raises(StaleVersion):
        first.write(bytes(CHUNK_BYTES))
    second.finish(name="second.csv", public_url=URL, now=NOW)
    first.abandon()
    file, content = fetch(bao, key, keyring)
    assert (file.name, content) == ("second.csv", CSV)
    assert query("SELECT count(*) FROM exchange_chunk") == [(1,)]
    with pytest.raises(StaleVersion):
        incoming.begin(actor=acts(alix), handover_id=key, keyring=keyring, now=NOW)


def test_an_attempt_that_was_overtaken_does_not_finish(keyring, alix, bao):
    key = offered(keyring, alix, bao)
    first = incoming.begin(actor=acts(alix), handover_id=key, keyring=keyring, now=NOW)
    first.write(CSV)
    incoming.begin(actor=acts(alix), handover_id=key, keyring=keyring, now=NOW)
    with pytest.raises(StaleVersion):
        first.finish(name="premier.csv", public_url=URL, now=NOW)


def test_an_abandoned_attempt_leaves_no_chunk(keyring, alix, bao, query):
    key = offered(keyring, alix, bao)
    attempt = incoming.begin(actor=acts(alix), handover_id=key, keyring=keyring, now=NOW)
    attempt.write(b"%PDF-" + bytes(CHUNK_BYTES))
    attempt.abandon()
    assert query("SELECT count(*) FROM exchange_chunk") == [(0,)]


def macros() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("[Content_Types].xml", b"")
        archive.writestr("xl/workbook.xml", os.urandom(2 * CHUNK_BYTES))
        archive.writestr("xl/vbaProject.bin", b"\0")
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", Fault.EMPTY),
        (b"MZ\x90\x00" + bytes(100), Fault.KIND),
        (b"<html><script>alert(1)</script>", Fault.KIND),
        (macros(), Fault.ACTIVE),
    ],
    ids=["nothing", "a program", "a page", "a document with macros"],
)
def test_what_is_not_taken_is_refused(keyring, alix, bao, content, fault):
    key = offered(keyring, alix, bao)
    attempt = incoming.begin(actor=acts(alix), handover_id=key, keyring=keyring, now=NOW)
    attempt.write(content)
    with pytest.raises(UploadRefused) as refused:
        attempt.finish(name="a.csv", public_url=URL, now=NOW)
    assert refused.value.fault is fault
    assert fetching.received(actor=acts(bao), keyring=keyring) == []


def test_an_archive_is_looked_into_through_its_seals(keyring, alix, bao):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("images.bin", os.urandom(2 * CHUNK_BYTES + 12_345))
    key = handed(keyring, alix, bao, content=made.getvalue(), name="images.zip")
    file, content = fetch(bao, key, keyring)
    assert (file.kind, content) == (Kind.ZIP, made.getvalue())


def test_more_than_may_be_is_refused_while_it_comes(keyring, alix, bao, monkeypatch):
    small = rules.policies()[0]
    monkeypatch.setattr(incoming, "policy_on", lambda day: replace(small, most_bytes=1000))
    key = offered(keyring, alix, bao)
    attempt = incoming.begin(actor=acts(alix), handover_id=key, keyring=keyring, now=NOW)
    attempt.write(b"%PDF-" + bytes(900))
    with pytest.raises(UploadRefused) as refused:
        attempt.write(bytes(100))
    assert refused.value.fault is Fault.TOO_LARGE


@pytest.mark.parametrize(
    "how",
    [
        "DELETE FROM exchange_chunk WHERE number = 2",
        "UPDATE exchange_handover SET chunks = 2",
        "UPDATE exchange_chunk SET sealed = set_byte(sealed, 40, get_byte(sealed, 40) # 1) WHERE number = 1",
        "UPDATE exchange_chunk a SET sealed = b.sealed FROM exchange_chunk b WHERE a.number = 0 AND b.number = 1",
        "DELETE FROM exchange_chunk WHERE number = 2; UPDATE exchange_handover SET chunks = 2",
    ],
    ids=["the end is missing", "said to be shorter", "one bit", "moved", "cut short and said so"],
)
def test_security_a_stored_file_that_was_changed_is_not_handed_out_whole(keyring, alix, bao, owner, how):
    key = handed(keyring, alix, bao, content=b"%PDF-" + os.urandom(3 * CHUNK_BYTES - 5))
    owner.execute(how)
    with pytest.raises(SealBroken):
        fetch(bao, key, keyring)


def test_who_may_not_be_written_to_is_like_who_does_not_exist(keyring, alix):
    biologist = somebody_called("labo", Role.BIOLOGIST, establishment=finess_in("75"))
    lyon = somebody_called("lyon", Role.INVESTIGATOR, "69")
    epidemiologist = somebody_called("epi", Role.EPIDEMIOLOGIST, "*")
    delegate = somebody_called("delegate", Role.DELEGATE)
    gone = somebody_called("gone")
    gone.is_active = False
    gone.save()
    for name in [
        biologist.username, lyon.username, epidemiologist.email, delegate.username, gone.username,
        alix.username, "nobody", "' OR 1=1 --", "%", "",
    ]:  # fmt: skip
        with pytest.raises(OfferRefused) as refused:
            offering.offer(
                actor=acts(alix), to=[name], motive=Motive.OTHER, message="", days=7, downloads=1,
                keyring=keyring, now=NOW,
            )  # fmt: skip
        assert (refused.value.fault, refused.value.about) == (rules.Fault.RECIPIENT, name)


def test_a_recipient_is_found_by_name_or_address_whatever_the_case_and_once(keyring, alix, bao):
    key = offering.offer(
        actor=acts(alix), to=["BAO", "bao@AGENCE.example"], motive=Motive.OTHER, message="", days=7, downloads=1,
        keyring=keyring, now=NOW,
    )  # fmt: skip
    with acting(acts(alix)):
        assert Handover.objects.get(id=key).recipients == [bao.id]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"to": []}, rules.Fault.NOBODY),
        ({"to": ["bao"] * 11}, rules.Fault.TOO_MANY_RECIPIENTS),
        ({"days": 8}, rules.Fault.LIFETIME),
        ({"days": 0}, rules.Fault.LIFETIME),
        ({"downloads": 1000}, rules.Fault.DOWNLOADS),
    ],
)
def test_what_the_bounds_do_not_allow_is_refused(keyring, alix, bao, changes, fault):
    asked = {"to": ["bao"], "motive": Motive.OTHER, "message": "", "days": 7, "downloads": 1} | changes
    with pytest.raises(OfferRefused) as refused:
        offering.offer(actor=acts(alix), keyring=keyring, now=NOW, **asked)
    assert refused.value.fault is fault


def test_no_account_fills_the_place(keyring, alix, bao, counts):
    for _ in range(20):
        offered(keyring, alix, bao)
    with pytest.raises(OfferRefused) as refused:
        offered(keyring, alix, bao)
    assert refused.value.fault is rules.Fault.TOO_MANY_WAITING
    assert counts()["exchange_handover"] == 20


def test_security_who_lost_his_perimeter_fetches_nothing(keyring, alix, bao):
    key = handed(keyring, alix, bao)
    bao.departments = ["69"]
    bao.save()
    with pytest.raises(NotAllowed):
        fetch(bao, key, keyring)


def test_a_suspended_sender_hands_nothing_over_any_more(keyring, alix, bao):
    key = handed(keyring, alix, bao)
    alix.is_active = False
    alix.save()
    with pytest.raises(NotAllowed):
        fetch(bao, key, keyring)


def test_everything_done_with_a_file_leaves_its_trace(keyring, alix, bao, query):
    key = handed(keyring, alix, bao)
    fetch(bao, key, keyring)
    offering.withdraw(actor=acts(alix), handover_id=key, now=NOW)
    told = query("SELECT act, actor, subject, details FROM audit_entry ORDER BY id")
    assert [(act, actor) for act, actor, *_ in told] == [
        ("exchange-handed-over", str(alix.id)),
        ("exchange-fetched", str(bao.id)),
        ("exchange-withdrawn", str(alix.id)),
    ]
    assert {subject for _, _, subject, _ in told} == {str(key)}
    assert told[0][3] == {
        "to": [str(bao.id)], "motive": "case-files", "kind": "text/plain", "size": len(CSV),
        "until": (NOW + timedelta(days=7)).date().isoformat(),
    }  # fmt: skip


def test_two_who_fetch_the_last_one_at_once_get_one(keyring, alix, bao):
    key = handed(keyring, alix, bao)

    def attempt(_):
        try:
            return fetch(bao, key, keyring)[1]
        except StaleVersion:
            return None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(attempt, range(4)), key=bool) == [None, None, None, CSV]


def test_lists_ask_as_much_of_the_database_for_many_as_for_one(keyring, alix, bao, django_assert_num_queries):
    for _ in range(5):
        handed(keyring, alix, bao)
    actor = acts(bao)
    with django_assert_num_queries(6):  # begin, sight, hand-overs, fetches, names, commit
        assert len(fetching.received(actor=actor, keyring=keyring)) == 5

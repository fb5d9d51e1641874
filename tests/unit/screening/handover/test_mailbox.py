"""The laboratory's tool: messages sorted, filed, printed, answered and deleted, by a mailbox that is a list."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.directories import MAILBOXES_HEAD, table
from tests.directories import mailbox as published
from tests.factories import finess_in
from tests.unit.screening.handover.test_wording import FACTS

from rempart.foundation.messaging import reports
from rempart.foundation.messaging.mailboxes import Received
from rempart.foundation.terminology.values import Result
from rempart.screening.handover.mailbox import answering, collecting, running, settings, shelves, sorting
from rempart.screening.handover.mailbox.collecting import Done
from rempart.screening.handover.mailbox.sorting import Aside, Filed, Reason, Trial, sort
from rempart.screening.handover.rules import wording
from rempart.screening.handover.rules.wording import Facts, Kind

SITE, SECOND, ELSEWHERE = finess_in("75"), finess_in("75", 2), finess_in("69")
SENDER = "ne-pas-repondre@rempart.mssante.fr"
RETURNS = "retours@rempart.mssante.fr"
PDF = b"%PDF-1.7\ncertificate\n%%EOF\n"
SAMPLED = FACTS.sampled_at
SOON = SAMPLED + timedelta(hours=20)


def mail(
    facts: Facts = FACTS,
    kind: Kind = Kind.CERTIFICATE,
    *,
    sender: str = SENDER,
    header: bool = True,
    documents: Sequence[bytes] = (PDF, PDF + b"sheet %%EOF\n"),
    name: str = "certificat.pdf",
    **fields: str,
) -> bytes:
    one = EmailMessage()
    one["From"], one["To"], one["Subject"] = sender, "labo@site.mssante.fr", wording.subject(facts, kind)
    one["Message-ID"] = f"<{facts.id.hex}.{kind}@rempart.mssante.fr>"
    one["Disposition-Notification-To"] = RETURNS
    if header:
        one[wording.HEADER] = wording.header(facts, kind)
    for field, value in fields.items():
        del one[field]
        one[field] = value
    one.set_content(wording.body(facts, kind))
    for content in () if kind is Kind.DESTRUCTION else documents:
        one.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    return one.as_bytes(policy=policy.SMTP)


class Box:
    """A mailbox, as the tool sees one."""

    def __init__(self, *mails: bytes) -> None:
        self.validity, self.fetched = 7, 0
        self.mails = dict(enumerate(mails, 1))
        self.seen: set[int] = set()

    def bring(self, *mails: bytes) -> None:
        for raw in mails:
            self.mails[max(self.mails, default=0) + 1] = raw

    def everything(self, *, most: int = 10_000) -> Sequence[int]:
        return sorted(self.mails)[:most]

    def fetch(self, uids: Sequence[int], *, most_bytes: int = 10**9) -> Iterator[Received]:
        for uid in uids:
            if uid in self.mails:
                self.fetched += 1
                raw = self.mails[uid]
                yield Received(
                    uid=uid, arrived_at=SOON, size=len(raw), seen=uid in self.seen, raw=raw[:most_bytes]
                )

    def mark_seen(self, uids: Sequence[int]) -> None:
        self.seen |= set(uids)

    def delete(self, uids: Sequence[int]) -> None:
        for uid in uids:
            del self.mails[uid]


def run(box: Box, root: Path, *, now: datetime = SOON, sites: Sequence[str] = (SITE, SECOND)) -> Done:
    with shelves.opened(root) as shelf:
        return collecting.collect(box, shelf, senders=[SENDER], sites=sites, now=now)


def certificates(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*.pdf"))


def other(number: int, **changes: object) -> Facts:
    return replace(FACTS, id=UUID(int=number), **changes)  # type: ignore[arg-type]


def test_certificates_are_filed_by_site_and_day_with_the_page_of_the_site(tmp_path):
    box = Box(mail(), mail(other(8, site=SECOND, family_name="d’Été <b>")))
    done = run(box, tmp_path)
    assert dict(done.by_site) == {SITE: 1, SECOND: 1}
    first, second = f"{7:032x}", f"{8:032x}"
    assert certificates(tmp_path) == sorted(
        f"{site}/2021-07-05/{name}_{key}_{rank}.pdf"
        for site, name, key in (
            (SITE, "ZYGOMALAS_THEODOSIE_WILHELMINE", first), (SECOND, "D_ETE_B_THEODOSIE_WILHELMINE", second),
        )
        for rank in (1, 2)
    )  # fmt: skip
    page = (tmp_path / SECOND / "index.html").read_text()
    assert "D’ÉTÉ &lt;B&gt; Théodosie" in page
    assert "<b>" not in page.casefold()
    assert "2021-07-05/D_ETE" in page
    assert box.seen == {1, 2}
    (filed,) = (tmp_path / SITE / "2021-07-05").glob("*_1.pdf")
    assert filed.read_bytes() == PDF
    assert not stat.S_IMODE(filed.stat().st_mode) & stat.S_IRWXO


def test_security_nobody_else_on_the_computer_lists_the_names_of_patients(tmp_path):
    root = tmp_path / "new" / "certificates"
    before = os.umask(0o022)
    try:
        run(Box(mail()), root)
    finally:
        os.umask(before)
    folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
    assert len(folders) == 3
    assert not any(stat.S_IMODE(folder.stat().st_mode) & stat.S_IRWXO for folder in folders)


def test_a_second_run_does_nothing(tmp_path):
    box = Box(mail(), mail(other(8)))
    run(box, tmp_path)
    before, fetched = certificates(tmp_path), box.fetched
    done = run(box, tmp_path)
    assert (done.filed, done.aside, box.fetched) == ({}, [], fetched)
    assert certificates(tmp_path) == before


def test_a_mailbox_that_was_numbered_anew_is_read_and_changes_nothing(tmp_path):
    box = Box(mail(), mail(other(8)))
    run(box, tmp_path)
    before = certificates(tmp_path)
    box.validity = 8
    done = run(box, tmp_path)
    assert (done.repeats, done.filed, certificates(tmp_path)) == (2, {}, before)


def test_a_run_that_was_killed_is_finished_by_the_next(tmp_path, monkeypatch):
    box = Box(mail(), mail(other(8)))
    with monkeypatch.context() as broken:
        broken.setattr(
            shelves.Shelves, "note", lambda *args, **more: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            run(box, tmp_path)
    left = tmp_path / SITE / "2021-07-05" / ".part-left"
    left.write_bytes(b"half")
    (left.parent / "NOBODY_0_1.pdf").write_bytes(b"%PDF-")
    run(box, tmp_path)
    assert len(certificates(tmp_path)) == 4
    assert not left.exists()


@pytest.mark.parametrize(
    ("result", "hours", "left"),
    [
        (Result.NEGATIVE, 71, 2),
        (Result.NEGATIVE, 72, 0),
        (Result.POSITIVE, 24 * 180, 2),
        (Result.POSITIVE, 24 * 185, 0),
    ],
)
def test_what_is_over_is_deleted_in_the_folder_and_in_the_mailbox(tmp_path, result, hours, left):
    label = "Positif" if result is Result.POSITIVE else "Négatif"
    box = Box(mail(replace(FACTS, result=result, result_label=label)))
    run(box, tmp_path)
    done = run(box, tmp_path, now=SAMPLED + timedelta(hours=hours))
    assert (len(certificates(tmp_path)), len(box.mails)) == (left, left // 2)
    assert (done.deleted_certificates, done.deleted_messages) == ((0, 0) if left else (1, 1))
    assert ("ZYGOMALAS" in (tmp_path / SITE / "index.html").read_text()) == bool(left)
    if not left:
        assert not (tmp_path / SITE / "2021-07-05").exists()
        assert b"ZYGOMALAS" not in (tmp_path / "register.sqlite").read_bytes()


def test_another_message_under_the_same_number_is_not_deleted(tmp_path):
    box = Box(mail())
    run(box, tmp_path)
    box.mails[1] = b"Subject: something else\r\n\r\n"
    run(box, tmp_path, now=SAMPLED + timedelta(hours=80))
    assert len(box.mails) == 1
    assert certificates(tmp_path) == []


def test_what_comes_too_late_is_deleted_and_not_filed(tmp_path):
    box = Box(mail())
    done = run(box, tmp_path, now=SAMPLED + timedelta(hours=80))
    assert (done.overdue, done.filed, box.mails, certificates(tmp_path)) == (1, {}, {}, [])


def test_a_replacement_takes_the_place_and_the_message_before_goes(tmp_path):
    box = Box(mail())
    run(box, tmp_path)
    box.bring(mail(replace(FACTS, family_name="Zygomala"), Kind.REPLACEMENT, documents=[PDF + b"new %%EOF"]))
    run(box, tmp_path)
    (left,) = certificates(tmp_path)
    assert "ZYGOMALA_" in left
    assert (tmp_path / left).read_bytes().endswith(b"new %%EOF")
    assert list(box.mails) == [2]
    assert "en échange du précédent" in (tmp_path / SITE / "index.html").read_text()


def test_a_destruction_takes_a_positive_away_however_late_it_comes(tmp_path):
    positive = replace(FACTS, result=Result.POSITIVE, result_label="Positif")
    box = Box(mail(positive))
    run(box, tmp_path)
    box.bring(mail(positive, Kind.DESTRUCTION))
    later = SAMPLED + timedelta(days=60)
    run(box, tmp_path, now=later)
    assert certificates(tmp_path) == []
    assert list(box.mails) == [2]
    assert "à redemander s’il a été remis" in (tmp_path / SITE / "index.html").read_text()
    run(box, tmp_path, now=SAMPLED + timedelta(days=200))
    assert (box.mails, "ZYGOMALAS" in (tmp_path / SITE / "index.html").read_text()) == ({}, False)


def test_a_certificate_after_its_own_destruction_is_not_filed(tmp_path):
    box = Box(mail(FACTS, Kind.DESTRUCTION), mail())
    run(box, tmp_path)
    assert certificates(tmp_path) == []


HOSTILE = {
    "stranger": (mail(sender="someone@elsewhere.mssante.fr"), Reason.SENDER),
    "two senders": (mail(sender=f"{SENDER}, x@y.fr"), Reason.SENDER),
    "sender as a name": (mail(sender=f'"{SENDER}" <x@y.fr>'), Reason.SENDER),
    "no facts": (mail(Subject="Bonjour"), Reason.SUBJECT),
    "a name that was a path": (mail(Subject=f"x | {SITE} | ../../../etc | a | ../../b"), Reason.SUBJECT),
    "another laboratory": (mail(replace(FACTS, site=ELSEWHERE)), Reason.SITE),
    "two sites": (
        mail(**{wording.HEADER: wording.header(replace(FACTS, site=SECOND), Kind.CERTIFICATE)}), Reason.CONTRADICTION,
    ),
    "two things": (mail(**{wording.HEADER: wording.header(FACTS, Kind.DESTRUCTION)}), Reason.CONTRADICTION),
    "nothing attached": (mail(documents=()), Reason.NO_DOCUMENT),
    "no PDF": (mail(documents=[b"MZ\x90"]), Reason.NOT_PDF),
    "half a PDF": (mail(documents=[PDF[:-7]]), Reason.NOT_PDF),
    "a giant": (mail(documents=[PDF + b"x" * 3_000_000]), Reason.TOO_LARGE),
    "nothing": (b"", Reason.SENDER),
    "noise": (b"\x00\xff" * 500, Reason.SENDER),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mail_is_left_where_it_is_with_a_reason(tmp_path, name):
    raw, reason = HOSTILE[name]
    box = Box(raw)
    done = run(box, tmp_path)
    assert done.aside == [(1, reason)]
    assert (len(box.mails), box.seen, certificates(tmp_path)) == (1, set(), [])
    again = run(box, tmp_path)
    assert (again.aside, again.still_aside) == ([], 1)
    with shelves.opened(tmp_path) as shelf:
        looked = collecting.collect(box, shelf, senders=[SENDER], sites=[SITE], now=SOON, look_again=True)
    assert looked.aside == [(1, reason)]


def test_without_the_header_the_text_says_how_long_it_is_kept(tmp_path):
    box = Box(mail(header=False))
    run(box, tmp_path)
    assert len(certificates(tmp_path)) == 2
    run(box, tmp_path, now=SAMPLED + timedelta(hours=73))
    assert (certificates(tmp_path), box.mails) == ([], {})


def test_a_message_that_says_nowhere_when_is_left(tmp_path):
    one = message_from_bytes(mail(header=False, documents=()), policy=policy.SMTP)
    one.set_content("Bonjour")
    assert run(Box(one.as_bytes()), tmp_path).aside == [(1, Reason.UNDATED)]


def test_a_file_name_of_the_sender_names_no_file(tmp_path):
    run(Box(mail(replace(FACTS, family_name="../../etc/passwd"), name="../../evil.pdf")), tmp_path)
    names = certificates(tmp_path)
    assert len(names) == 2
    assert all(name.startswith(f"{SITE}/2021-07-05/ETC_PASSWD_") for name in names)
    assert not list(tmp_path.parent.rglob("evil*"))


def test_a_trial_is_known_and_answered(tmp_path):
    box = Box(mail(Subject=wording.trial_subject(SITE), documents=()))
    assert run(box, tmp_path).trials == 1
    with shelves.opened(tmp_path) as shelf:
        (owed,) = shelf.owed()
    assert (owed.to, owed.outcome) == (RETURNS, "trial")


@pytest.mark.parametrize(
    ("wrong", "fate"), [(None, reports.Fate.PROCESSED), (Reason.NOT_PDF, reports.Fate.UNPROCESSED)]
)
def test_a_receipt_is_one_that_we_read(wrong, fate):
    made = answering.receipt(
        message_id=f"<{7:032x}@rempart.mssante.fr>", mailbox="labo@site.mssante.fr", answer_to=RETURNS,
        wrong=wrong, now=SOON,
    )  # fmt: skip
    report = reports.parse(made.as_bytes())
    assert report is not None
    assert (report.fate, report.code) == (fate, "906" if wrong else "")


def test_a_receipt_goes_to_the_senders_domain_only():
    assert answering.may_answer(RETURNS, [SENDER])
    assert not answering.may_answer("x@elsewhere.fr", [SENDER])
    assert not answering.may_answer("", [SENDER])


def test_receipts_are_owed_once(tmp_path):
    box = Box(mail(), mail(other(8), documents=[b"no"]))
    run(box, tmp_path)
    with shelves.opened(tmp_path) as shelf:
        owed = shelf.owed()
        assert [one.outcome for one in owed] == ["certificate", "aside.not-pdf"]
        shelf.note_answered(owed)
        assert shelf.owed() == []


def test_two_runs_at_once_are_refused(tmp_path):
    with shelves.opened(tmp_path), pytest.raises(shelves.BusyFolder), shelves.opened(tmp_path):
        pass


def test_what_cannot_be_printed_is_printed_by_the_next_run(tmp_path):
    printed = tmp_path / "printed"
    with shelves.opened(tmp_path / "labo") as shelf:
        done = collecting.collect(Box(mail()), shelf, senders=[SENDER], sites=[], now=SOON)
        collecting.print_waiting(shelf, ["false"], done)
        assert (done.printed, done.not_printed) == (0, 1)
        for expected in (1, 1):
            collecting.print_waiting(shelf, ["sh", "-c", f'echo "$@" >> {printed}', "lp"], done)
            assert done.printed == expected
    assert len(printed.read_text().splitlines()) == 1
    assert "_1.pdf" in printed.read_text()


def test_a_rehearsal_writes_and_marks_nothing(tmp_path):
    box = Box(mail(), mail(sender="x@y.fr"))
    done = collecting.rehearse(box, {}, senders=[SENDER], sites=[SITE], now=SOON)
    assert (done.filed[Kind.CERTIFICATE], len(done.aside)) == (1, 1)
    assert (box.seen, list(tmp_path.iterdir())) == (set(), [])


@given(raw=st.binary(max_size=2_000))
def test_no_bytes_stop_the_sorting(raw: bytes) -> None:
    assert isinstance(sort(raw, senders=[SENDER], sites=[]), Aside | Filed | Trial)


@given(text=st.text(max_size=200))
def test_no_text_makes_a_name_that_is_a_path(text: str) -> None:
    name = sorting.safe_name(text)
    assert name
    assert len(name) <= 40
    assert set(name) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


GOOD = f"""
[mailbox]
host = "imap.site.mssante.fr"
user = "labo@site.mssante.fr"
password_file = "secret"
[certificates]
into = "certificats"
senders = ["{SENDER}"]
sites = ["{SITE}"]
[answers]
host = "smtp.site.mssante.fr"
"""


def test_the_example_of_the_guide_is_read(tmp_path):
    guide = Path(__file__).parents[4] / "docs" / "guides" / "handover.md"
    [example] = re.findall(r"```toml\n(\[mailbox\].*?)```", guide.read_text("utf-8"), re.DOTALL)
    (tmp_path / "secret").write_text("open sesame\n")
    (tmp_path / "mailbox.toml").write_text(example)
    assert len(settings.read(tmp_path / "mailbox.toml", environment={}).sites) == 2


def test_settings_are_read_beside_their_file(tmp_path):
    (tmp_path / "secret").write_text("open sesame\n")
    (tmp_path / "mailbox.toml").write_text(GOOD)
    found = settings.read(tmp_path / "mailbox.toml", environment={})
    assert (found.account.port, found.account.password) == (993, "open sesame")
    assert (found.into, found.sites) == (tmp_path / "certificats", frozenset({SITE}))
    assert found.answers is not None
    assert found.answers.starttls


EXTRACT = (
    ("ORG", f"1{SITE}", "Biologie @sidep", 0, "one of your sites"),
    ("ORG", finess_in("75", 900), "@SIDEP", 0, "juridical FINESS of your laboratory"),
    ("ORG", SITE, "Biologie", 1, "must hold @SIDEP"),
    ("PER", SITE, "@SIDEP", 1, "must be organisational"),
    ("ORG", "333300000000017", "@SIDEP", 1, "must be a FINESS"),
)


@pytest.mark.parametrize(("kind", "structure", "service", "code", "said"), EXTRACT)
def test_a_mailbox_is_looked_up_in_an_extract_of_the_directory(
    tmp_path, monkeypatch, capsys, kind, structure, service, code, said
):
    (tmp_path / "secret").write_text("x")
    (tmp_path / "mailbox.toml").write_text(GOOD)
    rows = [
        {**published(address, structure=structure, service=service), "Type de BAL": kind}
        for address in ("LABO@site.mssante.fr", "other@site.mssante.fr")
    ]
    (tmp_path / "extract.txt").write_bytes(table(MAILBOXES_HEAD, rows))
    monkeypatch.setattr(running, "opened", lambda account: nullcontext(Box(mail())))
    found = running.try_mailbox(tmp_path / "mailbox.toml", directory=tmp_path / "extract.txt")
    text = capsys.readouterr().out
    assert (found, "The mailbox opens: 1 messages." in text, said in text) == (code, True, True)


def test_an_address_that_the_directory_lacks_is_said(tmp_path, monkeypatch, capsys):
    (tmp_path / "secret").write_text("x")
    (tmp_path / "mailbox.toml").write_text(GOOD)
    (tmp_path / "extract.txt").write_bytes(table(MAILBOXES_HEAD, []))
    monkeypatch.setattr(running, "opened", lambda account: nullcontext(Box()))
    assert running.try_mailbox(tmp_path / "mailbox.toml", directory=tmp_path / "extract.txt") == 1
    assert "has no such address" in capsys.readouterr().err


def test_a_run_names_nobody_on_the_terminal(tmp_path, monkeypatch, capsys):
    (tmp_path / "secret").write_text("x")
    (tmp_path / "mailbox.toml").write_text(GOOD)
    box = Box(mail(), mail(sender="x@y.fr"), mail(other(8, site=ELSEWHERE)))
    monkeypatch.setattr(running, "opened", lambda account: nullcontext(box))
    monkeypatch.setattr(running.answering, "send", lambda mails, server, *, context: None)
    path = tmp_path / "mailbox.toml"
    for dry_run, code in ((True, 1), (False, 1)):
        assert running.collect(path, dry_run=dry_run, look_again=False, now=SOON) == code
    said = "".join(capsys.readouterr())
    assert "1 left in the mailbox (sender): messages 2" in said
    assert "1 left in the mailbox (site): messages 3" in said
    assert "zygomalas" not in said.casefold()
    with shelves.opened(tmp_path / "certificats") as shelf:
        assert shelf.owed() == []
    with shelves.opened(tmp_path / "certificats"):
        assert running.collect(path, dry_run=False, look_again=False, now=SOON) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('host = "imap.site.mssante.fr"\n', ""), "[mailbox] host is missing"),
        (('password_file = "secret"\n', ""), "nothing opens the mailbox"),
        (('"secret"', '"elsewhere"'), "elsewhere: No such file"),
        (("user =", "users ="), "no such entry"),
        ((f'["{SITE}"]', '["750000000"]'), "750000000 is no FINESS number"),
        ((f'["{SENDER}"]', "[]"), "senders"),
        (("[answers]", "[answers]\nport = true"), "port"),
        (("[mailbox]", "[mailbox"), "is no TOML"),
    ],
)
def test_what_is_wrong_with_the_settings_is_said(tmp_path, change, said):
    (tmp_path / "secret").write_text("x")
    (tmp_path / "mailbox.toml").write_text(GOOD.replace(*change))
    with pytest.raises(settings.BadSettings) as refused:
        settings.read(tmp_path / "mailbox.toml", environment={})
    assert said in str(refused.value)


def test_settings_that_are_not_there(tmp_path):
    with pytest.raises(settings.BadSettings, match="No such file"):
        settings.read(tmp_path / "mailbox.toml", environment={})


def test_nothing_of_it_needs_a_database():
    import subprocess
    import sys

    code = (
        "import sys; import rempart.screening.handover.mailbox.running; "
        "assert not {'django.db', 'psycopg'} & set(sys.modules), [m for m in sys.modules if 'django' in m][:3]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

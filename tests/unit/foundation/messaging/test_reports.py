"""What comes back of a mail, as servers and programs write it, and as nobody should."""

from uuid import UUID

import pytest

from rempart.foundation.messaging.reports import MOST_BYTES, Cause, Fate, Kind, Report, parse

OURS = UUID("01890a5d-ac96-774b-bcce-b302099a8057")

DSN = b"""From: MAILER-DAEMON@relay.example (Mail Delivery System)
To: bounces+01890a5dac96774bbcceb302099a8057@rempart.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="B/1"

This is a MIME-encapsulated message.

--B/1
Content-Type: text/plain; charset=us-ascii

I could not deliver.

--B/1
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example
Original-Envelope-Id: 01890a5dac96774bbcceb302099a8057

Final-Recipient: rfc822; martin.durand@labo.mssante.fr
Original-Recipient: rfc822;martin.durand@labo.mssante.fr
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <martin.durand@labo.mssante.fr>: Recipient
    address rejected: User unknown

--B/1
Content-Type: text/rfc822-headers

Message-ID: <01890a5dac96774bbcceb302099a8057@rempart.example>
Subject: secret

--B/1--
"""

MDN = b"""From: <sil@labo.mssante.fr>
To: no-reply@rempart.example
Subject: [KO =?utf-8?q?Int=C3=A9gration_syst=C3=A8me_!=5D=5B902=5D?= XDM/1.0/DDM+x
MIME-Version: 1.0
Content-Type: multipart/report; report-type=disposition-notification; boundary=x

--x
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Patient inconnu : MARTIN

--x
Content-Type: message/disposition-notification

Final-Recipient: rfc822;bal@labo.mssante.fr
Original-Message-ID: <01890a5d-ac96-774b-bcce-b302099a8057@rempart.example>
Disposition: automatic-action/MDN-sent-automatically; DISPOSITION

--x--
"""


def _dsn(old: bytes = b"", new: bytes = b"") -> Report:
    assert old in DSN
    report = parse(DSN.replace(old, new))
    assert report is not None
    return report


def _mdn(disposition: bytes) -> Report | None:
    return parse(MDN.replace(b"DISPOSITION", disposition))


def test_a_bounce_says_which_message_what_became_of_it_and_why():
    report = _dsn()
    assert (report.kind, report.reference, report.fate) == (Kind.DELIVERY, OURS, Fate.FAILED)
    assert report.message_id == "01890a5dac96774bbcceb302099a8057@rempart.example"
    assert (report.code, report.worst.cause) == ("5.1.1", Cause.MAILBOX_UNKNOWN)
    assert report.told[0].recipient == "martin.durand@labo.mssante.fr"
    assert "martin" not in repr(report)


def test_line_ends_and_a_cut_change_nothing():
    assert parse(DSN.replace(b"\n", b"\r\n")) == _dsn()
    assert parse(DSN[: DSN.index(b"--B/1--")]) == _dsn()


@pytest.mark.parametrize(
    ("gone", "instead"),
    [
        (b"Original-Envelope-Id: 01890a5dac96774bbcceb302099a8057\n", b""),
        (b"Message-ID: <01890a5dac96774bbcceb302099a8057@rempart.example>", b"X: y"),
        (b"To: bounces+01890a5dac96774bbcceb302099a8057@", b"To: bounces@"),
    ],
)
def test_any_of_the_three_ways_back_tells_the_message(gone: bytes, instead: bytes):
    assert _dsn(gone, instead).reference == OURS


def test_a_bounce_of_a_message_that_is_not_ours_has_no_reference():
    report = parse(DSN.replace(b"01890a5dac96774bbcceb302099a8057", b"1234"))
    assert report is not None
    assert (report.reference, report.message_id) == (None, "1234@rempart.example")


@pytest.mark.parametrize(
    ("action", "fate"),
    [
        (b"delayed", Fate.DELAYED),
        (b"DELIVERED", Fate.DELIVERED),
        (b"relayed", Fate.RELAYED),
        (b"expanded", Fate.RELAYED),
    ],
)
def test_every_action_of_rfc_3464_has_its_fate(action: bytes, fate: Fate):
    assert _dsn(b"Action: failed", b"Action: " + action).fate is fate


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (b"5.2.1", Cause.MAILBOX_CLOSED), (b"4.2.2", Cause.MAILBOX_FULL), (b"5.3.4", Cause.TOO_LARGE),
        (b"5.1.2", Cause.DOMAIN_UNKNOWN), (b"4.4.1", Cause.UNREACHABLE), (b"5.7.1", Cause.NOT_ALLOWED),
        (b"5.9.9", Cause.OTHER),
    ],
)  # fmt: skip
def test_the_status_says_why(status: bytes, cause: Cause):
    assert _dsn(b"Status: 5.1.1", b"Status: " + status).worst.cause is cause


def test_without_a_status_the_diagnosis_is_read():
    assert _dsn(b"Status: 5.1.1", b"X: y").code == "5.1.1"
    assert (
        _dsn(b"Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1", b"Diagnostic-Code: smtp; 552").worst.cause
        is Cause.TOO_LARGE
    )


def test_of_several_recipients_the_worst_counts():
    more = b"\n\nFinal-Recipient: rfc822; b@labo.fr\nAction: failed\nStatus: 5.2.2\n"
    report = _dsn(b"    address rejected: User unknown\n", b"    address" + more)
    assert [told.code for told in report.told] == ["5.1.1", "5.2.2"]
    report = parse(
        DSN.replace(b"Action: failed", b"Action: delivered").replace(
            b"    address rejected: User unknown\n", b"  x" + more
        )
    )
    assert report is not None
    assert (report.fate, report.code) == (Fate.FAILED, "5.2.2")


def test_a_report_inside_another_part_and_packed_is_found():
    packed = DSN.replace(
        b"Content-Type: message/delivery-status\n\nReporting",
        b"Content-Type: message/delivery-status\nContent-Transfer-Encoding: quoted-printable\n\n=52eporting",
    )
    wrapped = b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=o\n\n--o\n" + packed + b"\n--o--\n"
    report = parse(wrapped)
    assert report is not None
    assert (report.reference, report.code) == (OURS, "5.1.1")


@pytest.mark.parametrize(
    ("disposition", "fate", "code"),
    [
        (b"processed", Fate.PROCESSED, ""),
        (b"processed/Error: 902^Patient inconnu", Fate.UNPROCESSED, "902"),
        (b"processed/error", Fate.UNPROCESSED, ""),
        (b"displayed", Fate.READ, ""),
        (b"deleted", Fate.DELETED, ""),
    ],
)
def test_a_notification_says_what_the_recipient_did(disposition: bytes, fate: Fate, code: str):
    report = _mdn(disposition)
    assert report is not None
    assert (report.kind, report.reference, report.fate, report.code) == (Kind.DISPOSITION, OURS, fate, code)
    assert "inconnu" not in repr(report)


def test_arriving_is_not_being_taken_in():
    assert Fate.UNPROCESSED.arrived
    assert not Fate.DELAYED.arrived


def test_an_ordinary_mail_of_the_french_convention_is_a_refusal():
    raw = (
        b"From: Labo <sil@labo.mssante.fr>\nIn-Reply-To: <01890a5dac96774bbcceb302099a8057@rempart.example>\n"
        b"Subject: =?utf-8?q?=5BKO_Int=C3=A9gration_syst=C3=A8me_!=5D=5B902=5D_XDM/1=2E0/DDM+x?=\n"
        b"Content-Type: text/plain\n\nbonjour\n"
    )
    report = parse(raw)
    assert report is not None
    assert (report.reference, report.fate, report.code) == (OURS, Fate.UNPROCESSED, "902")
    assert report.worst.cause is Cause.NOT_TAKEN_IN


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n\n",
        b"Subject: Bonjour\n\nMerci !",
        b"Auto-Submitted: auto-replied\nSubject: Absence\n\nJe suis absent",
        b'Content-Type: multipart/report; boundary="\xff"\n\n--\xff\nContent-Type: message/delivery-status\n\nAction: failed\n',
        b"Content-Type: multipart/report; boundary*=utf-99''x\n\n--x\n\n--x--",
        b"Subject: =?utf-99?b?W0tPIA==?=\n\n",
        DSN.replace(b"Action: failed", b"Action: exploded"),
        MDN.replace(b"DISPOSITION", b"vanished"),
    ],
)
def test_what_is_no_report_is_none(raw: bytes):
    assert parse(raw) is None


def test_depth_and_number_of_parts_are_bounded():
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level) for level in range(3000)
    )
    assert parse(deep + DSN) is None
    many = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\nContent-Type: text/plain\n\nx\n" * 5000
    assert parse(many) is None


def test_what_lies_beyond_the_bound_is_not_read():
    assert parse(DSN[: DSN.index(b"--B/1")] + b"x" * MOST_BYTES + DSN[DSN.index(b"--B/1") :]) is None
    assert parse(DSN + b"x" * 10 * MOST_BYTES) == _dsn()


def test_hundreds_of_recipients_are_cut():
    group = b"\n\nFinal-Recipient: rfc822; b@labo.fr\nAction: failed\nStatus: 5.2.2\n"
    assert len(_dsn(b"    address rejected: User unknown\n", b"    x" + group * 1000).told) <= 100

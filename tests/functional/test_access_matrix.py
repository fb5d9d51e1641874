"""Every door of the site, with every role, inside and outside its jurisdiction, against the two tables.

The tables are foundation/access/data/rights.toml (who has which right, and where) and site/data/doors.toml
(which right opens which address). A new address without a row in the second fails here, and so does one whose
view lets somebody else in than the tables say. What stands in an address (a case, an account) is made twice by
OBJECTS: inside and outside the perimeter of whoever asks.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from tests.factories import ANTIGEN, COVID, NOW, Keeper, finess_in, message, report, somebody
from tests.functional.accounts import account
from tests.functional.doors import sign_in
from tests.functional.settling import settle
from tests.functional.trail import entries

from rempart.foundation.access.actor import Actor, Purpose, acting, system
from rempart.foundation.access.models import (
    Agent,
    ClientCertificate,
    Enrolment,
    Glass,
    Review,
    new_machine_key,
)
from rempart.foundation.access.reviews.document import signing_key
from rempart.foundation.access.rights import Right, Role, Where, has, table
from rempart.foundation.audit.models import Alert
from rempart.foundation.database.keys import uuid7
from rempart.foundation.directories.models import Laboratory
from rempart.foundation.people.content import identity_content
from rempart.foundation.people.models import Identity, LikelyPair, Link, Person
from rempart.foundation.territories import departments
from rempart.foundation.vault import Purpose as Sealed
from rempart.foundation.vault import Sealer, keyring_of
from rempart.protection.exchange.models import Handover
from rempart.protection.retention.models import Hold
from rempart.protection.rights.models import Request
from rempart.screening.api import intake_of
from rempart.screening.desk.models import RefusedMessage
from rempart.screening.handover.models import Handover as OnPaper
from rempart.screening.handover.services import posting
from rempart.screening.notices.models import Call
from rempart.screening.register.models import Registered
from rempart.screening.register.models import Request as RegisterRequest
from rempart.screening.rules.report import Moment, Precision, Result
from rempart.screening.sampling.rules.entry import Entry, Sampler
from rempart.screening.sampling.rules.registration import Registration
from rempart.screening.sampling.services import batches, drives, specimens
from rempart.screening.sampling.services import entries as by_hand
from rempart.screening.transcoding.models import TranscodingLine, Unknown
from rempart.screening.transcoding.noting import Noted, Queue
from rempart.screening.transcoding.rules import Kind
from rempart.screening.upload import services as uploads
from rempart.screening.upload.rules import example
from rempart.site.doors import Open, doors
from rempart.tracing.models import Case

pytestmark = pytest.mark.django_db(transaction=True)

HERE, AWAY = "75", "69"
AGENTS = [role for role in Role if role not in (Role.PATIENT, Role.LABORATORY, Role.SYSTEM)]
_NOT_LET_IN = {302, 401, 403, 404}


def _addresses(
    resolver: URLResolver, space: str = "", given: tuple[str, ...] = ()
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for entry in resolver.url_patterns:
        parameters = (*given, *entry.pattern.converters, *getattr(entry.pattern.regex, "groupindex", {}))
        if isinstance(entry, URLResolver):
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from _addresses(entry, inner, parameters)
        elif isinstance(entry, URLPattern):
            yield f"{space}{entry.name}", tuple(dict.fromkeys(parameters))


ADDRESSES = dict(_addresses(get_resolver()))


def a_case(department: str, agent: Agent) -> UUID:
    """A case of this department; handed to the agent when it is his own."""
    handed = agent.id if agent.role == Role.DELEGATE and department == HERE else None
    with acting(system(Purpose.OPERATION)):
        case = Case.objects.create(
            id=uuid7(), result_month=NOW.date().replace(day=1), result_id=uuid7(), result_key=uuid7().bytes,
            person_id=uuid7(), identity_id=uuid7(), department=department, laboratory=finess_in(department),
            pathogen="covid19", kind="naat", sampled_on=NOW.date(), received_at=NOW, residence="I",
            symptoms="S0", state="waiting", expires_on=NOW.date(), handed_to=handed,
        )  # fmt: skip
    return case.id


def a_glass(department: str, agent: Agent) -> UUID:
    """A glass that somebody of this department broke."""
    other = account(Role.INVESTIGATOR, department)
    return Glass.objects.create(
        agent=other, home=[department], departments=["13"], reason="…", broken_at=NOW, until=NOW
    ).id


def a_hand_over(department: str, agent: Agent) -> UUID:
    """A file, destroyed since, that the agent handed to himself; elsewhere, between others. Whoever has the right
    for the nation sees no more of them than anybody else: his own."""
    own = department == HERE or table()[Right.EXCHANGE_USE].to.get(Role(agent.role)) is Where.NATION
    party = agent.id if own else account(Role.INVESTIGATOR, department).id
    with acting(system(Purpose.EXCHANGE)):
        return Handover.objects.create(
            id=uuid7(), created_at=NOW, sender=party, recipients=[party], motive="other", downloads=1,
            expires_on=NOW.date(), state="destroyed", ended_at=NOW,
        ).id  # fmt: skip


def an_alert(department: str, agent: Agent) -> UUID:
    """What the audit found; those who see alerts see the nation's."""
    with acting(system(Purpose.OVERSIGHT)):
        return Alert.objects.create(
            rule="refused", actor=str(uuid7()), role="investigator", organisation="", key="2026-11-20",
            first_at=NOW, last_at=NOW, made_at=NOW, figures={"times": 10},
        ).id  # fmt: skip


def an_account(department: str, agent: Agent) -> UUID:
    """An account of this department, of a role that whoever asks opens: the operator's are national."""
    return account(Role.HELP_DESK if agent.role == Role.OPERATOR else Role.INVESTIGATOR, department).id


def a_key(department: str, agent: Agent) -> UUID:
    """A machine's key of the laboratory of this department."""
    laboratory, _ = Laboratory.objects.get_or_create(
        finess=finess_in(department), defaults={"name": "LBM", "department": department}
    )
    row, _ = new_machine_key(
        laboratory=laboratory.finess, now=NOW, expires_at=datetime.now(UTC) + timedelta(days=90)
    )
    return row.id


def a_certificate(department: str, agent: Agent) -> UUID:
    """A client certificate of the laboratory of this department."""
    return ClientCertificate.objects.create(
        fingerprint=uuid7().bytes * 2,
        laboratory=finess_in(department),
        name="SIL",
        created_at=NOW,
        expires_at=NOW,
    ).id


def a_review(department: str, agent: Agent) -> UUID:
    """The signed access review of the region of this department."""
    return Review.objects.create(
        region=departments()[department].region, quarter="2026Q3", begun_at=NOW, signed_at=NOW,
        statement=b'{"what": "rempart access review 1", "accounts": []}', signature=b"",
        certificate=signing_key(keyring_of(settings.KEY_STORE), now=NOW).certificate,
    ).id  # fmt: skip


def a_request(department: str, agent: Agent) -> UUID:
    """What somebody asked of his rights; those who answer answer the nation."""
    with acting(system(Purpose.RIGHTS)):
        key = uuid7()
        return Request.objects.create(
            id=key, number=key.hex[-8:], person_id=uuid7(), kind="objection", state="received",
            channel="portal", made_at=NOW, due_on=NOW.date(), sealed=b"", expires_on=NOW.date(),
        ).id  # fmt: skip


def a_hold(department: str, agent: Agent) -> UUID:
    """What a judge ordered; it is seen for the nation."""
    with acting(system(Purpose.OVERSIGHT)):
        return Hold.objects.create(
            id=uuid7(), person_id=uuid7(), until=date(2099, 1, 1), made_at=NOW, made_by="", sealed=b"",
            expires_on=date(2099, 1, 1),
        ).id  # fmt: skip


def an_enrolment(department: str, agent: Agent) -> UUID:
    """Somebody who waits for a letter; those who unblock do it for the whole nation."""
    return Enrolment.objects.create(
        establishment=finess_in(department), name="Bio Logiste", email="bio@exemple.fr", conditions="2026-11",
        asked_at=NOW, code=b"", expires_at=datetime.now(UTC) + timedelta(days=1),
    ).id  # fmt: skip


def an_entry(department: str, agent: Agent) -> UUID:
    """A result that somebody of the establishment of this department entered by hand."""
    keyring, now, key = keyring_of(settings.KEY_STORE), datetime.now(UTC), uuid7()
    colleague = account(Role.PHARMACIST, establishment=finess_in(department))
    by_hand.enter(
        actor=colleague.actor(Right.RESULTS_ENTER, now=now),
        id=key,
        entry=Entry(
            registration=Registration(person=somebody(1)),
            loinc=ANTIGEN,
            result=Result.NEGATIVE,
            sampled_at=now,
        ),
        sampler=Sampler(establishment=finess_in(department), organisation="", rpps=""),
        pathogen=COVID,
        keyring=keyring,
        now=now,
    )
    return key


def a_paper(department: str, agent: Agent) -> UUID:
    """A certificate that the laboratory of this department is to hand over on paper."""
    keyring, now, laboratory = keyring_of(settings.KEY_STORE), datetime.now(UTC), finess_in(department)
    sampled = Moment(at=now - timedelta(hours=9), precision=Precision.MINUTE)
    one = report(
        somebody(2, mobile="", email=""), sampled_at=sampled, validated_at=None, record_number=str(uuid7())
    )
    one = replace(one, laboratory=replace(one.laboratory, finess=laboratory))
    Keeper(keyring=keyring)(message(one, sender=laboratory), now=now)
    settle(posting.subscriber(keyring=keyring))
    with acting(system(Purpose.NOTICE)):
        return OnPaper.objects.latest("id").id


def a_refused_message(department: str, agent: Agent) -> UUID:
    """A message of the laboratory of this department that was refused; its bytes are gone."""
    return RefusedMessage.objects.create(
        id=uuid7(), month=NOW.date().replace(day=1), delivery_id=uuid7(), position=0,
        laboratory=finess_in(department), received_at=NOW, day=NOW.date(), format="hl7v2", outcome="rejected",
        codes=["A01"], expires_on=NOW.date(),
    ).id  # fmt: skip


def a_translation(department: str, agent: Agent) -> UUID:
    """A line of the transcoding table of the laboratory of this department."""
    key = uuid7()
    return TranscodingLine.objects.create(
        id=key, laboratory=finess_in(department), kind="analysis", source=key.hex, target="94500-6",
        since=NOW.date(), version=1, created_at=NOW,
    ).id  # fmt: skip


def an_unknown(department: str, agent: Agent) -> UUID:
    """A text that nothing translates, of the laboratory of this department."""
    queue, key = Queue(keyring_of(settings.KEY_STORE), now=datetime.now(UTC)), uuid7().hex
    text = Noted(kind=Kind.ANALYSIS, text=f"A{key[-8:-6]}1")
    with transaction.atomic():
        queue.count(finess_in(department), {(Kind.ANALYSIS, key): [text]})
    return Unknown.objects.latest("id").id


def a_drive(department: str, agent: Agent) -> UUID:
    """A drive of the establishment of this department, whose tubes go to its own laboratory."""
    now = datetime.now(UTC)
    return drives.open_drive(
        actor=_nurse(department), place="…", held_on=now.date(), laboratory=finess_in(department), now=now
    )


def a_tube(department: str, agent: Agent) -> UUID:
    """A tube of such a drive, sampled."""
    key, now = uuid7(), datetime.now(UTC)
    specimens.register(
        actor=_nurse(department),
        id=key,
        drive_id=a_drive(department, agent),
        registration=Registration(person=somebody(1)),
        informed=specimens.Informed(version=now.date(), language="fr"),
        number="",
        sampled=True,
        keyring=keyring_of(settings.KEY_STORE),
        now=now,
    )
    return key


def a_batch(department: str, agent: Agent) -> UUID:
    """A batch of such a drive."""
    now, keyring = datetime.now(UTC), keyring_of(settings.KEY_STORE)
    nurse, tube = _nurse(department), a_tube(department, agent)
    drive = specimens.specimen(actor=nurse, id=tube, keyring=keyring, now=now).drive_id
    return batches.send(actor=nurse, drive_id=drive, numbers=(), keyring=keyring, now=now)


def _nurse(department: str) -> Actor:
    nurse = account(Role.NURSE, establishment=finess_in(department))
    return nurse.actor(Right.DRIVES_RUN, now=datetime.now(UTC))


def a_pair(department: str, agent: Agent) -> UUID:
    """Two identities of this department that may be of one person; nobody has decided."""
    with acting(system(Purpose.OPERATION)):
        people = [uuid7(), uuid7()]
        keyring = keyring_of(settings.KEY_STORE)
        day = datetime.now(UTC).date() + timedelta(days=30)
        for person in people:
            key = uuid7()
            content = identity_content(
                birth_name="X", used_name="", first_names=("Y",), sex="F", birth_date=None, birth_place="", ins="",
                ins_authority="", insured_number="",
            )  # fmt: skip
            Person.objects.create(id=person, created_at=NOW)
            Identity.objects.create(
                id=key, department=department, expires_on=day, created_at=NOW, whole=key.bytes,
                sealed=Sealer(keyring, Sealed.IDENTITY, day).seal(content, context=key.bytes),
            )  # fmt: skip
            Link.objects.create(identity_id=key, person_id=person, certainty="certain", made_at=NOW)
        one, other = Link.objects.filter(person_id__in=people).order_by("identity_id")
        return LikelyPair.objects.create(
            id=uuid7(), one_id=one.pk, other_id=other.pk, department=department, other_department=department,
            score=0.9, grade="possible", found_at=NOW, state="waiting",
        ).id  # fmt: skip


def a_table(department: str, agent: Agent) -> UUID:
    """A table that was brought by the establishment of this department, and waits."""
    biologist = account(Role.BIOLOGIST, establishment=finess_in(department))
    now = datetime.now(UTC)
    actor = biologist.actor(Right.TABLES_UPLOAD, now=now)
    return uploads.bring(actor=actor, content=example().strip() + b"\r\nX;Y\r\n", intake=intake_of(), now=now)


def a_laboratory_of_the_register(department: str, agent: Agent) -> str:
    finess = finess_in(department)
    known = {"name": "LBM", "department": department, "kind": "private", "state": "called", "changed_at": NOW}
    return Registered.objects.get_or_create(finess=finess, defaults=known)[0].finess


def a_request_of_a_laboratory(department: str, agent: Agent) -> UUID:
    """Something that the laboratory of this department asked for."""
    finess = a_laboratory_of_the_register(department, agent)
    return RegisterRequest.objects.create(
        id=uuid7(), finess=finess, department=department, text="…", opened_at=NOW
    ).id


def a_call(department: str, agent: Agent) -> UUID:
    """Somebody whom the laboratory of this department is to telephone."""
    with acting(system(Purpose.NOTICE)):
        return Call.objects.create(
            id=uuid7(), laboratory=finess_in(department), department=department, ledger_key=uuid7().bytes,
            month=NOW.date().replace(day=1), result_id=uuid7(), person_id=uuid7(), identity_id=uuid7(),
            why="landline", state="waiting", opened_at=NOW, expires_on=NOW.date(),
        ).id  # fmt: skip


OBJECTS: dict[str, Callable[[str, Agent], object]] = {
    "case_id": a_case,
    "glass_id": a_glass,
    "handover_id": a_hand_over,
    "alert_id": an_alert,
    "agent_id": an_account,
    "key_id": a_key,
    "enrolment_id": an_enrolment,
    "review_id": a_review,
    "certificate_id": a_certificate,
    "request_id": a_request,
    "hold_id": a_hold,
    "entry_id": an_entry,
    "drive_id": a_drive,
    "specimen_id": a_tube,
    "batch_id": a_batch,
    "message_id": a_refused_message,
    "paper_id": a_paper,
    "translation_id": a_translation,
    "unknown_id": an_unknown,
    "pair_id": a_pair,
    "upload_id": a_table,
    "finess": a_laboratory_of_the_register,
    "asked_id": a_request_of_a_laboratory,
    "call_id": a_call,
    "kind": lambda department, agent: "result",
    "channel": lambda department, agent: "sms",
    "line_id": lambda department, agent: uuid7(),
    "delivery_id": lambda department, agent: uuid7(),
    "result": lambda department, agent: uuid7(),
    "rank": lambda department, agent: 1,
    "form": lambda department, agent: "json",
    "reference": lambda department, agent: "an-unknown-reference",
    "token": lambda department, agent: "no-link",
    "passkey_id": lambda department, agent: 1,
}
"""What stands for each parameter of an address, in a department, for whoever asks."""


def agent_of(role: Role) -> Agent:
    """Somebody of this role who works in HERE."""
    return account(role, HERE, establishment=finess_in(HERE), email=f"{role}@exemple.fr")


def knock(client: Client, name: str, department: str, agent: Agent) -> HttpResponse:
    """Ask for an address the way it wants to be asked."""
    parameters = {parameter: OBJECTS[parameter](department, agent) for parameter in ADDRESSES[name]}
    path = reverse(name, kwargs=parameters)
    answer = client.get(path)
    if answer.status_code != 405:
        return answer
    delegate = account(Role.DELEGATE, HERE, AWAY)
    return client.post(path, {"version": "1", "to": str(delegate.id)})


def sent_to_sign_in(answer: HttpResponse) -> bool:
    return answer.status_code == 302 and urlsplit(answer["Location"]).path == reverse("login")


def test_every_address_has_its_row_and_every_row_its_address():
    assert set(ADDRESSES) <= set(doors()), "an address without a row in site/data/doors.toml is closed"
    assert set(doors()) - set(ADDRESSES) <= {"outbox"}, "a row for no address (the outbox is the demo's)"


def test_every_right_opens_something():
    assert set(Right) - {door for door in doors().values() if isinstance(door, Right)} == set()


def test_who_is_nobody_is_let_in_where_everybody_is():
    assert [name for name in sorted(ADDRESSES) if not _nobody_is_treated_right(name)] == []


def _nobody_is_treated_right(name: str) -> bool:
    answer = knock(Client(), name, HERE, Agent(id=uuid7(), role=Role.DELEGATE))
    if name == "mfa_authenticate":  # nobody comes to the second step without the first
        return sent_to_sign_in(answer)
    if doors()[name] is Open.EVERYBODY:
        return answer.status_code not in (401, 403) and not sent_to_sign_in(answer)
    return answer.status_code in (302, 401)


GUARDED = sorted(name for name, door in doors().items() if isinstance(door, Right) and name in ADDRESSES)


class Visitor:
    """Somebody of this role, who has signed in; again where an address ended the visit."""

    def __init__(self, role: Role) -> None:
        self.role, self.agent, self._client = role, agent_of(role), Client()

    def ask(self, name: str, department: str) -> HttpResponse:
        if SESSION_KEY not in self._client.session:
            sign_in(self._client, self.agent)
        return knock(self._client, name, department, self.agent)

    def refusals(self, name: str) -> int:
        return len(entries(act="access-refused", subject=name, actor=str(self.agent.id)))


@pytest.mark.parametrize("role", AGENTS)
def test_a_right_opens_its_doors_to_whom_the_table_gives_it(role):
    visitor = Visitor(role)
    assert [name for name in GUARDED if not _opens_rightly(name, visitor)] == []


def _opens_rightly(name: str, visitor: Visitor) -> bool:
    """Open to who has the right; else closed, and the refusal noted."""
    answer = visitor.ask(name, HERE)
    if sent_to_sign_in(answer):
        return False
    if has(visitor.role, Right(doors()[name])):
        return answer.status_code not in (401, 403, 404)
    return answer.status_code in _NOT_LET_IN and (answer.status_code != 403 or visitor.refusals(name) == 1)


@pytest.mark.parametrize("role", AGENTS)
def test_outside_the_jurisdiction_nothing_opens(role):
    visitor = Visitor(role)
    here = [name for name in GUARDED if ADDRESSES[name] and has(role, Right(doors()[name]))]
    assert [name for name in here if not _stays_inside(name, visitor)] == []


def _stays_inside(name: str, visitor: Visitor) -> bool:
    """What stands in an address and belongs elsewhere is closed, and the refusal noted."""
    answer = visitor.ask(name, AWAY)
    if table()[Right(doors()[name])].to[visitor.role] is Where.NATION:
        return answer.status_code not in (401, 403, 404)
    return answer.status_code == 404 or (answer.status_code == 403 and visitor.refusals(name) == 1)

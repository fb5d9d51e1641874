"""Who is told what of a result, by which ways, as a table."""

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from tests.spec.tables import rows

from rempart.foundation.identifiers import ins
from rempart.foundation.messaging.letters import Channel
from rempart.foundation.terminology.values import Result
from rempart.screening.notices.rules import (
    Audience,
    Contacts,
    Notice,
    Seen,
    changes,
    contacts,
    mark,
    patient_mailbox,
    plan,
    policy_on,
)

TITLE = "Who is told of a result, and how"
WHY = (
    "Issue 5 and MINSANTE n°101 (annexes 1.3 and 2.1), with the policy in force (notices/data/policy.toml); what they leave "
    "open is decided in docs/decisions/049. A way behind `>` is tried when the one before it fails for good; what stands "
    "behind a comma goes out beside the rest. `!` leaves in quiet hours too. `told again`: whether the person gets a second "
    "message."
)

KNOWN = {
    "mobile": {"mobile": "06 39 98 12 34"},
    "foreign": {"mobile": "+41 79 000 12 34"},
    "landline": {"phone": "01 99 00 12 34"},
    "misplaced": {"mobile": "01 99 00 12 34"},
    "mail": {"email": "camille@example.fr"},
    "no mail": {"email": "sans"},
    "relative": {"relative_mobile": "06 39 98 56 78", "relative_email": "proche@example.fr"},
    "address": {"address": ["3 rue des Lilas", "75011 Paris"]},
    "half address": {"address": ["", "75011"]},
}
MATRICULE, NIR = "180105935600118", "1.2.250.1.213.1.4.8"
DOCTOR, OTHER_DOCTOR = "dr.martin@medecin.mssante.fr", "dr.durand@medecin.mssante.fr"

WHOM_CASES = """
  result         | known of the person            | told                                           | laboratory calls | because
  ---------------+--------------------------------+------------------------------------------------+------------------+------------------------------------------------
  positive       | mobile                         | ! sms                                          | no               | at once, also at night
  positive       | mobile, mail                   | ! sms > e-mail                                 | no               | the next way when the first one fails
  positive       | mobile, mail, address          | ! sms > e-mail > letter                        | no               | the letter only when nothing else arrives
  positive       | mail, address                  | ! e-mail > letter                              | no               |
  positive       | foreign, address               | ! sms > letter                                 | no               | of a foreign number nobody can tell: it is tried
  positive       | landline, address              | ! letter                                       | yes              | a letter takes days: the laboratory calls today
  positive       | landline                       |                                                | yes              | nobody else can
  serology       | mobile, mail, address          | sms > e-mail                                   | no               | antibodies: nobody has to act tonight
  serology       | landline, address              |                                                | no               |
  positive       | misplaced                      |                                                | yes              | a landline in the field of the mobile is one
  positive       | relative, landline, address    | ! relative sms > relative e-mail, ! letter     | no               | the relative says that there is something to read
  positive       | mobile, relative               | ! sms                                          | no               | the relative only where she has no way of her own
  positive       | address                        | ! letter                                       | no               |
  positive       | half address                   |                                                | no               | no letter without a place; the laboratory's mailbox
  positive       | no mail                        |                                                | no               | what is no address is none
  negative       | mobile, mail, address          | sms > e-mail                                   | no               | in the hours of the day; no letter
  negative       | landline, address              |                                                | no               | the certificate waits at the laboratory
  negative       | relative                       | relative sms > relative e-mail                 | no               |
  uninterpretable| mobile                         | sms                                            | no               |
  not conform    | mail                           | e-mail                                         | no               | the same: to be tested again
  P then N       | mobile, address                | sms > letter                                   | no               | she isolates for nothing until she knows
  P then N       | address                        | letter                                         | no               | who was told by letter is told by letter
  N then P       | mobile                         | ! sms                                          | no               | a positive, whatever it was before
  retracted      | mobile, mail, address          | sms > e-mail                                   | no               |
  overtaken      | mobile, mail, address          |                                                | no               | another version took its place
"""

BESIDE_CASES = """
  result         | secure mailboxes               | told by MSSanté                  | because
  ---------------+--------------------------------+----------------------------------+----------------------------------------------
  positive       | prescriber                     | ! prescriber                     | each result (annex 2.1)
  negative       | prescriber, treating           | prescriber, treating-doctor      |
  negative       | the same doctor                | prescriber                       | told once
  negative       |                                |                                  | the laboratory sends its report as ever
  negative       | own, qualified                 | own-mailbox                      | Mon espace santé
  negative       | own, waiting                   |                                  | a number that the teleservice did not give
  negative       | own, wrong key                 |                                  | what is no matricule has no mailbox
  retracted      | prescriber, own, qualified     | own-mailbox, prescriber          | whoever was told is told
  overtaken      | prescriber, own, qualified     |                                  |
"""

AGAIN_CASES = """
  first          | then                           | told again | because
  ---------------+--------------------------------+------------+----------------------------------------------------------------
  P              | P                              | no         | however often the laboratory repeats itself
  P              | P, symptoms corrected          | no         | she sees nothing of it
  P              | N                              | yes        |
  P              | N, P                           | yes        | twice: back to what it was is news too
  N              | N, sampled an hour earlier     | yes        | it is on her certificate
  N              | N, another mobile              | yes        | the first one may have been somebody else's
  N              | retracted                      | yes        |
  N              | retracted, retracted           | yes        | once
"""

_RESULTS = {
    "positive": Result.POSITIVE,
    "serology": Result.POSITIVE,
    "negative": Result.NEGATIVE,
    "uninterpretable": Result.UNINTERPRETABLE,
    "not conform": Result.NON_CONFORM,
    "P then N": Result.NEGATIVE,
    "N then P": Result.POSITIVE,
    "retracted": Result.NEGATIVE,
    "overtaken": Result.POSITIVE,
}
_CHANNELS = {Channel.SMS: "sms", Channel.EMAIL: "e-mail", Channel.POST: "letter"}


def planned(case: dict[str, str], known: Contacts):
    said = case["result"]
    return plan(
        result=_RESULTS[said],
        opens_case=said != "serology",
        retracted=said == "retracted",
        current=said not in ("retracted", "overtaken"),
        corrects="then" in said,
        known=known,
        policy=policy_on(date(2021, 4, 9)),
    )


def details(text: str) -> dict[str, object]:
    return {field: value for word in filter(None, text.split(", ")) for field, value in KNOWN[word].items()}


def written(notice: Notice) -> str:
    whose = "relative " if notice.audience is Audience.RELATIVE else ""
    ways = " > ".join(f"{whose}{_CHANNELS[route.channel]}" for route in notice.routes)
    return f"{'! ' if notice.wakes else ''}{ways}"


@pytest.mark.parametrize(
    "case", rows(WHOM_CASES), ids=lambda case: f"{case['result']}: {case['known of the person']}"
)
def test_who_is_told(case: dict[str, str]) -> None:
    found = planned(case, contacts(details(case["known of the person"])))
    assert ", ".join(map(written, found.notices)) == case["told"]
    assert found.call == (case["laboratory calls"] == "yes")


@pytest.mark.parametrize(
    "case", rows(BESIDE_CASES), ids=lambda case: f"{case['result']}: {case['secure mailboxes']}"
)
def test_who_is_told_by_secure_mail(case: dict[str, str]) -> None:
    said = case["secure mailboxes"]
    same = said == "the same doctor"
    number = ins.parse("180105935600199" if "wrong key" in said else MATRICULE, oid=NIR)
    known = contacts(
        {},
        own_mailbox=patient_mailbox(number, qualified="waiting" not in said) if "own" in said else "",
        prescriber=DOCTOR if "prescriber" in said or same else "",
        treating_doctor=OTHER_DOCTOR if "treating" in said else DOCTOR.upper() if same else "",
    )
    found = planned(case, known)
    assert {route.channel for notice in found.notices for route in notice.routes} <= {Channel.MSSANTE}
    told = [f"{'! ' if notice.wakes else ''}{notice.audience}" for notice in found.notices]
    assert ", ".join(told) == case["told by MSSanté"]


@pytest.mark.parametrize("case", rows(AGAIN_CASES), ids=lambda case: f"{case['first']}, then {case['then']}")
def test_who_is_told_again(case: dict[str, str]) -> None:
    versions, recipients = [seen(case["first"])], ["06 39 98 12 34"]
    for word in case["then"].split(", "):
        before = versions[-1]
        if word == "another mobile":
            recipients[-1] = "06 39 98 99 99"
            continue
        if word in _CHANGED:
            versions[-1] = _CHANGED[word](before)
            continue
        versions.append(seen(word) if word != "retracted" else seen("N", retracted=True))
        recipients.append("0639981234")
    marks = [
        mark(
            b"ledger",
            fact=changes(versions[: rank + 1]),
            audience=Audience.PERSON,
            recipient=recipients[rank],
        )
        for rank in range(len(versions))
    ]
    assert (len(set(marks)) > 1) == (case["told again"] == "yes")
    if case["because"] == "once":
        assert len(set(marks)) == 2
    if case["because"].startswith("twice"):
        assert all(before != after for before, after in pairwise(marks))
        assert len(set(marks)) == 3


def seen(result: str, *, retracted: bool = False, hour: int = 8) -> Seen:
    return Seen(
        result=result,
        retracted=retracted,
        sampled_at=datetime(2021, 4, 9, hour, tzinfo=UTC),
    )


_CHANGED = {
    "symptoms corrected": lambda before: before,
    "sampled an hour earlier": lambda before: seen(before.result, hour=7),
}

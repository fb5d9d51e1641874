"""The days that the committee reads, counted from what people did."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from tests.factories import NOW, in_lyon, investigator, of, report
from tests.functional.accounts import account
from tests.functional.exchanges import handed, somebody_called

from rempart.foundation.access.actor import Actor, acting
from rempart.foundation.access.models import Glass
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Purpose, Role
from rempart.foundation.audit.trail import Act, record, record_refusal
from rempart.protection.oversight.models import Figure
from rempart.protection.oversight.rules import Measure
from rempart.protection.oversight.services.counting import count, today
from rempart.protection.oversight.services.reading import figures
from rempart.protection.oversight.services.statements import STATEMENTS
from rempart.tracing.models import Case

pytestmark = pytest.mark.django_db(transaction=True)

PARIS, LYON = "11", "84"  # regions
MEMBER = Actor(id="a-member", role=Role.OVERSIGHT, purpose=Purpose.OVERSIGHT)


def read(now=NOW, days=20):
    return figures(actor=MEMBER, first=today(now) - timedelta(days=days), last=today(now))


def test_every_measure_has_its_statement():
    assert set(STATEMENTS) == set(Measure)


def test_an_empty_platform_is_counted(keyring):
    count(now=NOW)
    found = read()
    assert {measure: found.total(measure) for measure in Measure} == dict.fromkeys(Measure, 0)
    assert (found.counted_at, found.days) == (NOW, 2)


def test_results_and_cases_are_counted_by_their_delays(keyring, arrive, query):
    arrive(report(), of(1), in_lyon(2))
    with acting(investigator("75", "69")):
        first, second, third = Case.objects.order_by("department", "id")
        opened = first.received_at
        Case.objects.filter(id=first.id).update(state="withdrawn")
        Case.objects.filter(id=second.id).update(state="called", called_at=opened + timedelta(hours=30))
    count(now=NOW + timedelta(hours=3))
    found = read()
    assert found.categories(Measure.RECEPTION) == {"24": 3}
    assert found.regions(Measure.RECEPTION) == {PARIS: 2, LYON: 1}
    assert found.total(Measure.OPENING) == 3
    assert found.categories(Measure.CALLING)["withdrawn"] == 1
    assert found.categories(Measure.CALLING)["waiting"] == 1
    assert found.regions(Measure.CALLING, "withdrawn").total() == 1
    assert sum(found.weeks(Measure.RECEPTION).values()) == 3
    assert third.state == "waiting"


@pytest.mark.parametrize(
    ("hours", "category"), [(1, "4"), (4, "4"), (11, "12"), (23, "24"), (30, "48"), (60, "later")]
)
def test_a_call_is_counted_by_its_hours_after_the_opening(keyring, arrive, owner, hours, category):
    arrive(report())
    ((made,),) = owner.execute("SELECT uuid_extract_timestamp(id) FROM tracing_case").fetchall()
    owner.execute(
        "UPDATE tracing_case SET called_at = %s, state = 'called'", (made + timedelta(hours=hours),)
    )
    count(now=NOW + timedelta(hours=3))
    assert read().categories(Measure.CALLING) == {category: 1}


def test_what_agents_do_is_counted_by_act_role_and_region(keyring):
    agent = account(Role.INVESTIGATOR, "75", "92")
    lyon = account(Role.INVESTIGATOR, "69")
    for who, times in ((agent, 2), (lyon, 1)):
        actor = Actor(
            id=str(who.id),
            role=Role.INVESTIGATOR,
            purpose=Purpose.INVESTIGATION,
            fields=(),
            departments=("75",),
        )
        for _ in range(times):
            record(actor, Act.CASE_OPENED, "a-case", now=NOW, namesake=False)
        record_refusal(actor, door="case-file", method="GET", reason="jurisdiction", now=NOW)
    count(now=NOW)
    found = read()
    assert found.categories(Measure.ACTS) == {"case-opened": 3}
    assert found.categories(Measure.ACCESSES) == {"investigator": 3}
    assert found.regions(Measure.ACCESSES) == {PARIS: 2, LYON: 1}
    assert found.categories(Measure.REFUSALS) == {"investigator": 2}
    assert found.regions(Measure.ACCOUNTS) == {PARIS: 1, LYON: 1}


def test_glasses_and_files_handed_over_are_counted(keyring):
    alix, bao = somebody_called("alix"), somebody_called("bao", Role.REGIONAL_INVESTIGATOR)
    handed(keyring, alix, bao)
    Glass.objects.create(agent=alix, home=["75"], departments=["13"], reason="…", broken_at=NOW, until=NOW)
    count(now=NOW)
    found = read()
    assert found.categories(Measure.EXCHANGES) == {"case-files": 1}
    assert found.categories(Measure.GLASS) == {"unreviewed": 1}
    assert found.regions(Measure.GLASS) == {PARIS: 1}


def test_what_was_counted_is_counted_anew_not_twice(keyring, arrive):
    arrive(report())
    for _ in range(3):
        count(now=NOW + timedelta(hours=3))
    assert read().total(Measure.RECEPTION) == 1


def test_what_was_counted_outlives_what_it_was_counted_from(keyring, arrive, owner):
    arrive(report())
    for days in (0, 12):
        count(now=NOW + timedelta(days=days, hours=3))
    owner.execute("TRUNCATE screening_result, tracing_case")
    count(now=NOW + timedelta(days=90))
    found = read(NOW + timedelta(days=1))
    assert (found.total(Measure.RECEPTION), found.total(Measure.CALLING)) == (1, 1)


def test_days_on_which_nobody_counted_are_made_up_for(keyring, arrive):
    count(now=NOW - timedelta(days=5))
    arrive(report())
    count(now=NOW + timedelta(days=6))
    assert read(NOW + timedelta(days=6)).total(Measure.RECEPTION) == 1


def test_a_state_is_that_of_the_last_day_counted(keyring):
    account(Role.INVESTIGATOR, "75")
    count(now=NOW - timedelta(days=1))
    account(Role.INVESTIGATOR, "75")
    count(now=NOW)
    assert read().total(Measure.ACCOUNTS) == 2
    assert read(NOW - timedelta(days=1)).total(Measure.ACCOUNTS) == 1


def test_an_evening_is_of_the_day_in_paris(keyring, arrive, owner):
    arrive(report())
    owner.execute(
        "UPDATE screening_result SET received_at = '2026-11-18T23:30:00Z', sampled_at = '2026-11-18T20:00Z'"
    )
    count(since=today(NOW) - timedelta(days=5), now=NOW)
    (day,) = Figure.objects.filter(measure=Measure.RECEPTION).values_list("day", flat=True)
    assert day.isoformat() == "2026-11-19"


def test_two_who_count_at_once_count_once(keyring, arrive):
    arrive(report())

    def run(_):
        try:
            count(now=NOW + timedelta(hours=3))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(run, range(3)))
    assert read().total(Measure.RECEPTION) == 1


def test_security_only_who_watches_reads_the_figures(keyring):
    for role in (Role.INVESTIGATOR, Role.OPERATOR, Role.ADMINISTRATOR, Role.EPIDEMIOLOGIST):
        with pytest.raises(NotAllowed):
            figures(
                actor=Actor(id="x", role=role, purpose=Purpose.OVERSIGHT), first=today(NOW), last=today(NOW)
            )


def test_security_no_figure_has_a_column_that_could_lead_to_a_person():
    columns = {field.name for field in Figure._meta.get_fields()} - {"pk"}
    assert columns == {"day", "measure", "region", "category", "value"}

"""Times that a wrong clock writes: they stop neither the intake, nor the subscribers, nor a page."""

import pytest
from tests import messages
from tests.functional.settling import settle

from rempart.foundation import facts

pytestmark = pytest.mark.django_db(transaction=True)

SAMPLED, VALIDATED = "20210408134800+0200", "20210408150000+0200"


@pytest.mark.parametrize(
    "changes",
    [
        ((VALIDATED, "21991231235959-1200"),),
        ((VALIDATED, "21991231235959+0000"),),
        ((VALIDATED, "99991231235959+0000"),),
    ],
    ids=lambda changes: " ".join(new for _, new in changes),
)
def test_an_odd_time_goes_the_whole_road(changes, deliver, paris_client, settings, query):
    answer = deliver(messages.hl7(*changes))
    assert answer.status_code == 200
    settle()
    assert query("SELECT count(*) FROM screening_result") == [(1,)]
    assert facts.status(settings.FACTS_ROOT).facts == 1
    assert paris_client.get("/suivi/").status_code == 200


@pytest.mark.parametrize("sampled", ["18000101000000+1400", "18000101", "1801"])
def test_a_day_before_the_disease_is_named_to_the_sender_and_nothing_is_kept(sampled, deliver, query):
    said = deliver(messages.hl7((SAMPLED, sampled))).content.decode()
    assert "MSA|AE|" in said
    assert "A05" in said
    assert "S03" in said
    assert query("SELECT count(*) FROM screening_result") == [(0,)]

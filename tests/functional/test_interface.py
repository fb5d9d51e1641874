"""The published interface, tried by schemathesis over the application: every answer is one that it promises."""

from datetime import UTC, datetime

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from tests import messages
from tests.functional.doors import new_key

from rempart.foundation.access.limits import Counters, Local, limits
from rempart.foundation.access.machines.recognised import Recognised
from rempart.foundation.access.pace import Pace
from rempart.screening import api
from rempart.screening.formats.media import MEDIA_TYPES
from rempart.screening.services import deferring
from rempart.site import limiting
from rempart.site.bodies import bounded
from rempart.site.express import express
from rempart.site.streaming import application

pytestmark = pytest.mark.django_db(transaction=True)

PATH = "/api/v1/deliveries"
EXAMPLES = 25


@schemathesis.serializer(*MEDIA_TYPES)
def as_it_is(context, value):
    """The bytes of a delivery; what is generated has no more of the format than its content type."""
    return value if isinstance(value, bytes) else str(value).encode()


class Tried:
    """The application with its short way, as it is published, and a laboratory's key."""

    def __init__(self):
        self.schema = schemathesis.openapi.from_asgi(
            "/api/openapi.json", bounded(express(application(), path=PATH)), headers={"Host": "localhost"}
        )
        self.key = new_key()

    def call(self, case, **headers):
        case.call_and_validate(
            headers={"Host": "localhost", "Authorization": f"Bearer {self.key}", **headers}
        )


@pytest.fixture
def tried(keyring, transactional_db, monkeypatch):
    generous = {**limits().process, Local.KEY: Pace(burst=10_000, each=limits().process[Local.KEY].each)}
    monkeypatch.setattr(limiting, "counters", Counters(generous))
    monkeypatch.setattr(api, "recognised", Recognised())
    return Tried()


@pytest.mark.parametrize(("path", "method"), [(PATH, "post"), (PATH + "/{delivery_id}", "get")])
def test_every_answer_is_one_that_the_interface_promises(tried, path, method):
    """Any bytes are a delivery and any word may be a number: nothing is against the schema."""
    operation = tried.schema[path][method]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def run(case):
        tried.call(case)

    run()


def test_deliveries_that_are_none_of_chance_are_answered_as_promised(tried):
    good = messages.hl7()
    refused = messages.hl7(("21048BC000020^LBM-EX", "^LBM-EX"))
    asked = [{}, {"Prefer": "respond-async"}, {"Accept": "application/json", "Accept-Language": "fr"}]
    for body in (good, good + refused, b"", b"?", b"\x00" * 100):
        for headers in asked:
            case = tried.schema[PATH]["post"].Case(body=body, media_type="application/hl7-v2")
            tried.call(case, **headers)
    for kind, body in ((kind, body) for kind in MEDIA_TYPES for body in (messages.hprim(), b"{}", b"<a/>")):
        tried.call(tried.schema[PATH]["post"].Case(body=body, media_type=kind))


def test_a_delivery_that_was_left_is_found_again_as_promised(tried, keyring):
    left = tried.schema[PATH]["post"].Case(body=messages.hl7(), media_type="application/hl7-v2")
    url = left.call(
        headers={"Host": "localhost", "Authorization": f"Bearer {tried.key}", "Prefer": "respond-async"}
    ).headers["location"][0]
    number = url.rsplit("/", 1)[-1]
    for status in ("waiting", "done"):
        case = tried.schema[PATH + "/{delivery_id}"]["get"].Case(path_parameters={"delivery_id": number})
        answer = case.call(headers={"Host": "localhost", "Authorization": f"Bearer {tried.key}"})
        assert answer.json()["status"] == status
        case.validate_response(answer)
        deferring.work(intake=api.intake_of(), now=datetime.now(UTC))

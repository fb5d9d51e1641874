"""The request to a phone: the grant, its pauses, and every end it can have."""

from datetime import timedelta

import httpx
import pytest
from tests.provider import NOW, StandIn

from rempart.foundation.access.openid import phone
from rempart.foundation.access.openid.party import Party, SignedIn
from rempart.foundation.access.openid.refusals import Reason, SignInRefused

RPPS = "810001111227"


def rung(stand_in: StandIn) -> tuple[Party, phone.Request]:
    party = Party(stand_in.settings, stand_in)
    return party, phone.ring(party, national_id=RPPS, now=NOW, destination="/fiches/")


def after(seconds: float):
    return NOW + timedelta(seconds=seconds)


def test_the_request_carries_the_number_and_two_digits():
    stand_in = StandIn()
    _, request = rung(stand_in)
    form = stand_in.form_sent("/ciba")
    assert form["login_hint"] == RPPS
    assert form["binding_message"] == request.binding
    assert len(request.binding) == 2
    assert request.binding.isdigit()
    assert phone.from_session(request.as_session()) == request
    assert phone.from_session({"id": "x"}) is None


def test_who_pressed_the_button_is_in():
    stand_in = StandIn(token_answers=[(400, {"error": "authorization_pending"})])
    party, request = rung(stand_in)
    waiting = phone.look(party, request, now=after(5))
    assert isinstance(waiting, phone.Request)
    stand_in.claims = {"nonce": None}  # none was sent
    signed_in = phone.look(party, waiting, now=after(10))
    assert isinstance(signed_in, SignedIn)
    form = stand_in.form_sent("/token")
    assert (form["grant_type"], form["auth_req_id"]) == ("urn:openid:params:grant-type:ciba", "r1")


def test_the_provider_is_asked_no_oftener_than_it_wants():
    stand_in = StandIn(
        token_answers=[(400, {"error": "slow_down"}), (400, {"error": "authorization_pending"})]
    )
    party, request = rung(stand_in)

    def asked() -> int:
        return sum(one.url.path.endswith("/token") for one in stand_in.asked)

    for second in (0, 1, 4.9):
        assert phone.look(party, request, now=after(second)) is request
    assert asked() == 0
    slower = phone.look(party, request, now=after(5))
    assert isinstance(slower, phone.Request)
    assert slower.pause == 10
    assert phone.look(party, slower, now=after(14.9)) is slower
    phone.look(party, slower, now=after(15))
    assert asked() == 2


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("access_denied", Reason.CANCELLED),
        ("expired_token", Reason.EXPIRED),
        ("invalid_grant", Reason.REFUSED),
    ],
)
def test_every_end_without_an_entry(error, reason):
    party, request = rung(StandIn(token_answers=[(400, {"error": error})]))
    with pytest.raises(SignInRefused) as refused:
        phone.look(party, request, now=after(5))
    assert refused.value.reason is reason


def test_a_request_ends_with_its_time_without_being_asked():
    stand_in = StandIn()
    party, request = rung(stand_in)
    with pytest.raises(SignInRefused) as refused:
        phone.look(party, request, now=after(120))
    assert refused.value.reason is Reason.EXPIRED
    assert not any(one.url.path.endswith("/token") for one in stand_in.asked)


def answering(status: int, said: dict[str, object]):
    return lambda request: httpx.Response(status, json=said) if request.url.path.endswith("/ciba") else None


@pytest.mark.parametrize(
    ("status", "said", "reason"),
    [
        (400, {"error": "unknown_user_id"}, Reason.PHONE),
        (401, {"error": "invalid_client"}, Reason.REFUSED),
        (503, {}, Reason.UNREACHABLE),
        (200, {"expires_in": 120}, Reason.UNREADABLE),
        (200, {"auth_req_id": ""}, Reason.UNREADABLE),
        (200, {"auth_req_id": 7}, Reason.UNREADABLE),
    ],
)
def test_a_phone_that_cannot_be_rung(status, said, reason):
    stand_in = StandIn(instead=answering(status, said))
    with pytest.raises(SignInRefused) as refused:
        rung(stand_in)
    assert refused.value.reason is reason


@pytest.mark.parametrize("seconds", [None, -1, 0, 1e12, "soon", True])
def test_times_that_make_no_sense_become_ours(seconds):
    said = {"auth_req_id": "r1", "expires_in": seconds, "interval": seconds}
    _, request = rung(StandIn(instead=answering(200, said)))
    assert request.until == after(180).timestamp()
    assert request.pause == 5

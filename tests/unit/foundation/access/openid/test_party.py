"""What the relying party takes of a provider, and what it refuses, whatever a provider says."""

import base64
import gzip
import hmac
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from tests.provider import BACK, ISSUER, NOW, SECRET, StandIn, other_key, provider, sign_in

from rempart.foundation.access.openid.attempt import from_session, new_attempt
from rempart.foundation.access.openid.outgoing import MOST_BYTES
from rempart.foundation.access.openid.party import Party
from rempart.foundation.access.openid.provider import Algorithm, ClientAuthentication, Wrong
from rempart.foundation.access.openid.refusals import Reason, SignInRefused


def refusal(stand_in: StandIn, **how: object) -> tuple[Reason, str]:
    with pytest.raises(SignInRefused) as refused:
        sign_in(stand_in, **how)
    return refused.value.reason, refused.value.detail


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def test_what_holds_is_who_signed_in():
    stand_in = StandIn()
    signed_in = sign_in(stand_in)
    assert (signed_in.subject, signed_in.claims["given_name"]) == ("somebody", "Odile")
    assert "Odile" not in repr(signed_in)
    assert "somebody" not in repr(signed_in)


def test_the_question_carries_what_the_answer_must_show():
    party, attempt = Party(provider(), StandIn()), new_attempt(provider="essai", now=NOW)
    asked = parse_qs(urlsplit(party.ask(attempt=attempt, redirect_uri=BACK, now=NOW)).query)
    assert asked["acr_values"] == ["eidas1"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["state"] == [attempt.state]
    assert asked["nonce"] == [attempt.nonce]
    assert attempt.verifier not in str(asked)
    assert "prompt" not in asked
    assert from_session(attempt.as_session()) == attempt


def test_the_code_is_spent_with_its_verifier_and_our_secret():
    stand_in = StandIn()
    sign_in(stand_in)
    form = stand_in.form_sent("/token")
    assert (form["grant_type"], form["code"], form["redirect_uri"]) == ("authorization_code", "c0de", BACK)
    assert len(form["code_verifier"]) >= 43
    (request,) = [one for one in stand_in.asked if one.url.path.endswith("/token")]
    assert request.headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("claims", "detail"),
    [
        ({"iss": "https://autre.exemple.fr"}, "iss"),
        ({"iss": None}, "iss"),
        ({"aud": "another"}, "aud"),
        ({"aud": ["another"]}, "aud"),
        ({"aud": ["rempart", "another"]}, "azp"),
        ({"aud": {"rempart": 1}}, "aud"),
        ({"exp": int(NOW.timestamp()) - 31}, "exp"),
        ({"exp": None}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": "tomorrow"}, "exp"),
        ({"exp": 1e300}, "exp"),
        ({"iat": int(NOW.timestamp()) + 31}, "iat"),
        ({"iat": None}, "iat"),
        ({"nonce": "of-another-request"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"nonce": ["x"]}, "nonce"),
        ({"sub": ""}, "sub"),
        ({"sub": 7}, "sub"),
    ],
)
def test_an_identity_token_that_is_not_the_one_asked_for(claims, detail):
    assert refusal(StandIn(claims=claims)) == (Reason.TOKEN, detail)


@pytest.mark.parametrize("acr", [None, "eidas0", "", ["eidas1"], {"eidas1": 1}, 1, "EIDAS1"])
def test_a_level_that_is_missing_or_not_taken(acr):
    assert refusal(StandIn(claims={"acr": acr})) == (Reason.LEVEL, "")


def test_a_higher_level_that_we_take():
    assert sign_in(StandIn(claims={"acr": "eidas3"})).subject == "somebody"


def test_several_audiences_with_us_as_the_authorised_party():
    assert sign_in(StandIn(claims={"aud": ["rempart", "x"], "azp": "rempart"})).subject == "somebody"


@pytest.mark.parametrize(("auth_time", "holds"), [(-31, False), (-30, True), (0, True), (None, False)])
def test_who_proves_anew_did_it_after_the_question(auth_time, holds):
    claims = {"auth_time": None if auth_time is None else int(NOW.timestamp()) + auth_time}
    if holds:
        assert sign_in(StandIn(claims=claims), again=True).subject == "somebody"
    else:
        assert refusal(StandIn(claims=claims), again=True) == (Reason.TOKEN, "auth_time")


@pytest.mark.parametrize(
    ("auth_time", "proved_at"), [(1_700_000_000, 1_700_000_000), (None, 0), ("1", 0), (True, 0), (1e300, 0)]
)
def test_when_somebody_proved_who_he_is_is_told_or_taken_for_long_ago(auth_time, proved_at):
    assert sign_in(StandIn(claims={"auth_time": auth_time})).proved_at == proved_at


def test_an_identity_of_somebody_else():
    assert refusal(StandIn(identity={"sub": "another"})) == (Reason.TOKEN, "userinfo sub")


@pytest.mark.parametrize("algorithm", [Algorithm.ES256, Algorithm.HS256, Algorithm.RS256])
def test_a_signed_identity_with_each_algorithm(algorithm):
    key = {
        Algorithm.ES256: other_key(),
        Algorithm.HS256: other_key(OctKey),
        Algorithm.RS256: other_key(RSAKey),
    }[algorithm]
    settings = provider(id_token_algorithm=algorithm, userinfo_algorithm=algorithm)
    shown = [] if algorithm.symmetric else [key]
    assert sign_in(StandIn(settings=settings, key=key, shown_keys=shown)).claims["given_name"] == "Odile"
    wrong = StandIn(settings=settings, key=key, shown_keys=shown, identity={"aud": "another"})
    assert refusal(wrong) == (Reason.TOKEN, "aud")


def test_security_another_algorithm_than_the_registered_one_is_refused():
    shown = other_key(RSAKey)
    forged = StandIn(shown_keys=[shown])
    _, claims, _ = forged.id_token().split(".")
    signed = (
        base64url(b'{"alg":"HS256"}') + f".{claims}"
    )  # the classical confusion: a public key as the secret
    tag = hmac.digest(shown.as_pem(private=False), signed.encode(), "sha256")
    forged.token_answers.append((200, forged.tokens() | {"id_token": f"{signed}.{base64url(tag)}"}))
    assert refusal(forged)[0] is Reason.TOKEN
    with_secret = StandIn(key=OctKey.import_key(SECRET), shown_keys=[other_key()])
    assert refusal(with_secret)[0] is Reason.TOKEN
    by_rsa = StandIn(key=shown, shown_keys=[shown])
    assert refusal(by_rsa)[0] is Reason.TOKEN


def test_security_an_unsigned_token_is_refused():
    stand_in = StandIn()
    _, claims, _ = stand_in.id_token().split(".")
    unsigned = base64url(b'{"alg":"none"}') + f".{claims}."
    stand_in.token_answers.append((200, stand_in.tokens() | {"id_token": unsigned}))
    assert refusal(stand_in)[0] is Reason.TOKEN


def test_a_signature_by_a_key_that_is_not_shown():
    assert refusal(StandIn(shown_keys=[other_key()])) == (Reason.TOKEN, "signature")


def test_new_keys_are_found_and_not_looked_for_at_every_forgery():
    stand_in = StandIn()
    party, later = Party(stand_in.settings, stand_in), NOW + timedelta(seconds=50)
    token = stand_in.id_token()
    assert party._verified(token, Algorithm.ES256, NOW)["sub"] == "somebody"
    stand_in.key = other_key()
    renewed = stand_in.id_token()
    with pytest.raises(SignInRefused):
        party._verified(renewed, Algorithm.ES256, later)
    asked = len(stand_in.asked)
    with pytest.raises(SignInRefused):
        party._verified(renewed, Algorithm.ES256, later)
    assert len(stand_in.asked) == asked
    assert party._verified(renewed, Algorithm.ES256, NOW + timedelta(seconds=61))["sub"] == "somebody"


@pytest.mark.parametrize(
    ("answer", "reason", "detail"),
    [
        ({"state": "another"}, Reason.NOT_ASKED, "state"),
        ({"state": ""}, Reason.NOT_ASKED, "state"),
        ({"iss": "https://autre.exemple.fr"}, Reason.NOT_ASKED, "issuer"),
        ({"error": "access_denied"}, Reason.CANCELLED, "authorization"),
        ({"error": "server_error"}, Reason.REFUSED, "authorization"),
        ({"code": ""}, Reason.UNREADABLE, "no code"),
    ],
)
def test_what_the_browser_brings_back(answer, reason, detail):
    assert refusal(StandIn(), **answer) == (reason, detail)


def test_an_answer_that_comes_too_late_or_to_nobody():
    assert refusal(StandIn(), now=NOW + timedelta(minutes=10)) == (Reason.NOT_ASKED, "too late")
    party = Party(provider(), StandIn())
    with pytest.raises(SignInRefused) as refused:
        party.receive(answer={"code": "c", "state": ""}, attempt=None, redirect_uri=BACK, now=NOW)
    assert refused.value.reason is Reason.NOT_ASKED


def test_an_attempt_serves_its_own_provider_only():
    party, attempt = Party(provider(name="autre"), StandIn()), new_attempt(provider="essai", now=NOW)
    with pytest.raises(SignInRefused, match="no attempt"):
        party.receive(
            answer={"code": "c", "state": attempt.state}, attempt=attempt, redirect_uri=BACK, now=NOW
        )


def at(path: str, response: httpx.Response):
    return lambda request: response if request.url.path.endswith(path) else None


def refuse(path: str, error: Exception):
    def answer(request: httpx.Request) -> None:
        if request.url.path.endswith(path):
            raise error

    return answer


@pytest.mark.parametrize("path", ["/token", "/me", "/jwks", "-configuration"])
@pytest.mark.parametrize(
    ("instead", "reason"),
    [
        (httpx.Response(500), Reason.UNREACHABLE),
        (httpx.Response(503, json={"error": "later"}), Reason.UNREACHABLE),
        (httpx.Response(302, headers={"location": "https://autre.exemple.fr/"}), Reason.UNREADABLE),
        (httpx.Response(200, text="<html>"), Reason.UNREADABLE),
        (httpx.Response(200, text="[" * 5000), Reason.UNREADABLE),
        (httpx.Response(200, json=["not an object"]), Reason.UNREADABLE),
        (httpx.Response(200, content=b" " * (MOST_BYTES + 1)), Reason.UNREADABLE),
        (
            httpx.Response(200, content=gzip.compress(b"{}"), headers={"content-encoding": "gzip"}),
            Reason.UNREADABLE,
        ),
        (httpx.ConnectError("down"), Reason.UNREACHABLE),
        (httpx.ReadTimeout("slow"), Reason.UNREACHABLE),
    ],
)
def test_a_provider_that_fails_opens_nothing(path, instead, reason):
    answer = refuse(path, instead) if isinstance(instead, Exception) else at(path, instead)
    assert refusal(StandIn(instead=answer))[0] is reason


def test_a_code_that_served_already():
    stand_in = StandIn(token_answers=[(400, {"error": "invalid_grant", "error_description": "used"})])
    assert refusal(stand_in) == (Reason.REFUSED, "invalid_grant")
    hostile = StandIn(token_answers=[(400, {"error": "Odile DUPONT <script>"})])
    assert refusal(hostile) == (Reason.REFUSED, "error")


@pytest.mark.parametrize(
    "published",
    [
        {"token_endpoint": "https://autre.exemple.fr/token"},
        {"token_endpoint": "http://auth.exemple.fr/token"},
        {"token_endpoint": "https://auth.exemple.fr:8443/token"},
        {"token_endpoint": "file:///etc/passwd"},
        {"token_endpoint": "http://169.254.169.254/latest/"},
        {"token_endpoint": None},
        {"userinfo_endpoint": "https://localhost/me"},
        {"jwks_uri": "https://10.0.0.1/jwks"},
        {"issuer": "https://autre.exemple.fr"},
    ],
)
def test_security_a_discovery_document_leads_nowhere_else(published):
    stand_in = StandIn(published=published)
    assert refusal(stand_in)[0] is Reason.UNREADABLE
    assert {request.url.host for request in stand_in.asked} == {"auth.exemple.fr"}


def test_a_browser_is_sent_over_tls_only():
    stand_in = StandIn(published={"authorization_endpoint": "http://auth.exemple.fr/auth"})
    assert refusal(stand_in) == (Reason.UNREADABLE, "authorization_endpoint")


def test_another_server_that_the_deployment_names():
    settings = provider(other_hosts=("jetons.exemple.fr",))
    stand_in = StandIn(settings=settings, published={"token_endpoint": "https://jetons.exemple.fr/token"})
    assert sign_in(stand_in).subject == "somebody"


def test_leaving_says_who_leaves_and_where_to_come_back():
    party = Party(provider(), StandIn())
    address = urlsplit(party.leave(id_token="t0ken", redirect_uri=BACK, state="s", now=NOW))
    assert parse_qs(address.query) == {
        "id_token_hint": ["t0ken"],
        "post_logout_redirect_uri": [BACK],
        "state": ["s"],
    }


def test_a_client_that_signs_instead_of_saying_a_secret(tmp_path):
    key = RSAKey.generate_key(2048)
    path = tmp_path / "key.pem"
    path.write_bytes(key.as_pem(private=True))
    stand_in = StandIn(
        settings=provider(client_secret="", authentication=ClientAuthentication.PRIVATE_KEY, private_key=path)
    )
    sign_in(stand_in)
    form = stand_in.form_sent("/token")
    assert "client_secret" not in form
    assertion = jwt.decode(form["client_assertion"], key, algorithms=["RS256"]).claims
    assert (assertion["iss"], assertion["sub"]) == ("rempart", "rempart")
    assert f"{ISSUER}/token" in str(assertion["aud"])


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"issuer": "http://auth.exemple.fr"}, "https"),
        ({"issuer": "http://auth.exemple.fr", "is_test": True}, "this machine"),
        ({"issuer": "https://"}, "not an address"),
        ({"issuer": "https://u:p@auth.exemple.fr"}, "not an address"),
        ({"client_id": ""}, "client id"),
        ({"client_secret": ""}, "secret"),
        ({"authentication": ClientAuthentication.PRIVATE_KEY}, "private key"),
        ({"client_secret": "", "id_token_algorithm": Algorithm.HS256}, "secret"),
    ],
)
def test_settings_that_cannot_be(wrong, says):
    with pytest.raises(Wrong, match=says):
        provider(**wrong)


def test_a_secret_is_in_no_representation():
    assert SECRET not in repr(provider())

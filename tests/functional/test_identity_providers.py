"""The relying party against a real provider, in the ways that the browser's journeys do not take."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from django.conf import settings as settings_of_django

from rempart.foundation.access.openid.attempt import new_attempt
from rempart.foundation.access.openid.party import Party, SignedIn
from rempart.foundation.access.openid.pivot import pivot_identity_of
from rempart.foundation.access.openid.professional import professional_of
from rempart.foundation.access.openid.provider import Algorithm, ClientAuthentication
from rempart.foundation.access.openid.refusals import SignInRefused
from rempart.simulators.openid.running import Imitations, imitations
from rempart.site.identity_providers import FranceConnect, ProSanteConnect

ORIGIN = "http://localhost:8000"
CARD, CITIZEN = (
    f"{ORIGIN}/connexion/pro-sante-connect/retour/",
    f"{ORIGIN}/mon-resultat/franceconnect/retour/",
)
CACHE = Path(__file__).parents[2] / "var" / "simulators"


@pytest.fixture(scope="module")
def providers() -> Iterator[Imitations]:
    with imitations(origin=ORIGIN, home=CACHE) as running:
        yield running


def answer_of(address: str, **form: str) -> httpx.URL:
    """Where the provider sends a browser back that came to this address and chose so."""
    with httpx.Client(timeout=20) as browser:
        page = browser.get(address, follow_redirects=True)
        answer = browser.post(page.url, data={"decision": "accept", "acr": "eidas1", **form})
        while not (there := page.url.join(answer.headers["location"])).path.endswith("/retour/"):
            answer = browser.get(there)
    return there


def sign_in(party: Party, back: str, **form: str) -> SignedIn:
    """There and back, as a browser without scripts."""
    now = datetime.now(UTC)
    attempt = new_attempt(provider=party.provider.name, now=now)
    there = answer_of(party.ask(attempt=attempt, redirect_uri=back, now=now), **form)
    return party.receive(answer=dict(there.params), attempt=attempt, redirect_uri=back, now=datetime.now(UTC))


@pytest.mark.parametrize("algorithm", [Algorithm.HS256, Algorithm.ES256])
def test_franceconnect_with_each_of_its_algorithms(providers, algorithm):
    settings = FranceConnect(
        issuer=providers.france_connect,
        client_id=f"rempart-{algorithm.lower()}",
        client_secret=providers.secret,
        algorithm=algorithm,
        openid_test=True,
    )
    party = Party(settings.provider())
    pivot = pivot_identity_of(sign_in(party, CITIZEN, person="celine").claims)
    assert (pivot.birth_name, pivot.given_names) == ("LEFÈVRE", ("Céline", "Noémie"))
    assert (pivot.birth_place, pivot.findings, pivot.complete) == ("2A004", (), True)
    abroad = pivot_identity_of(sign_in(party, CITIZEN, person="amadou").claims)
    assert (abroad.birth_place, abroad.birth_country, abroad.maybe_presumed) == ("", "99341", True)
    assert abroad.subject != pivot.subject
    with pytest.raises(SignInRefused, match="signature"):
        sign_in(party, CITIZEN, person="celine", fault="signature")


def test_pro_sante_connect_with_a_key_instead_of_a_secret_and_a_signed_identity(providers, tmp_path):
    key = tmp_path / "key.pem"
    key.write_text(providers.private_key)
    settings = ProSanteConnect(
        issuer=providers.pro_sante_connect,
        client_id="rempart-key",
        private_key=key,
        authentication=ClientAuthentication.PRIVATE_KEY,
        userinfo_algorithm=Algorithm.RS256,
        openid_test=True,
    )
    party = Party(settings.provider())
    professional = professional_of(sign_in(party, CARD, person="810100543213").claims)
    assert (professional.rpps, professional.practices[0].skill) == ("10100543213", "SM03")
    assert professional.findings == ()
    with pytest.raises(SignInRefused, match="signature"):
        sign_in(party, CARD, person="810100543213", fault="signature")


def test_a_plain_identity_is_refused_where_a_signed_one_is_registered(providers):
    settings = ProSanteConnect(
        issuer=providers.pro_sante_connect,
        client_id="rempart",
        client_secret=providers.secret,
        userinfo_algorithm=Algorithm.RS256,
        openid_test=True,
    )
    with pytest.raises(SignInRefused, match="token"):
        sign_in(Party(settings.provider()), CARD, person="810100543213")


def test_the_wrong_secret(providers):
    settings = ProSanteConnect(
        issuer=providers.pro_sante_connect, client_id="rempart", client_secret="another", openid_test=True
    )
    with pytest.raises(SignInRefused, match="refused: invalid_client"):
        sign_in(Party(settings.provider()), CARD, person="810100543213")


@pytest.fixture
def by_card(providers, settings):
    """The site signs in by the imitated Pro Santé Connect."""
    settings.PUBLIC_URL = ORIGIN
    settings.PRO_SANTE_CONNECT = ProSanteConnect(
        issuer=providers.pro_sante_connect,
        client_id="rempart",
        client_secret=providers.secret,
        openid_test=True,
    ).provider()


@pytest.mark.django_db(transaction=True)
def test_security_nothing_of_a_sign_in_is_logged_and_no_session_is_carried_in(by_card, client, caplog):
    caplog.set_level(logging.WARNING)  # as the site logs
    asked = client.get("/connexion/pro-sante-connect/")["location"]
    before = client.cookies[settings_of_django.SESSION_COOKIE_NAME].value
    attempt = dict(client.session["psc-attempt"])
    there = answer_of(asked, person="810100543213")
    entered = client.get(f"{there.path}?{there.query.decode()}")
    assert entered.status_code == 302
    assert client.cookies[settings_of_django.SESSION_COOKIE_NAME].value != before
    refused = client.get(f"{there.path}?{there.query.decode()}")
    assert refused.status_code == 400
    token = client.session["openid-token"]
    assert "retour" in caplog.text  # the refusal was logged, by its path
    secrets = [there.params["code"], token, token.split(".")[1]]
    secrets += [attempt[name] for name in ("state", "nonce", "verifier")]
    for secret in secrets:
        assert secret not in caplog.text + entered.headers["location"] + refused.content.decode()
    for claim in ("FAURE", "10100543213", "599920022"):
        assert claim not in caplog.text + entered.headers["location"]
    assert attempt["state"] not in str(dict(client.session))


@pytest.mark.django_db
def test_pages_of_a_provider_that_is_not_configured_do_not_exist(client):
    for address in (
        "/connexion/pro-sante-connect/",
        "/connexion/pro-sante-connect/retour/?code=c&state=s",
        "/connexion/pro-sante-connect/telephone/",
        "/deconnexion/pro-sante-connect/suite/",
        "/mon-resultat/franceconnect/",
        "/mon-resultat/franceconnect/retour/?code=c&state=s",
    ):
        assert client.get(address).status_code == 404
    assert "Pro Santé Connect" not in client.get("/connexion/").content.decode()
    assert "FranceConnect" not in client.get("/mon-resultat/").content.decode()

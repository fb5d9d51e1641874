"""What a deployment may say of its identity providers."""

import pytest

from rempart.foundation.access.openid.provider import Algorithm, ClientAuthentication
from rempart.site.identity_providers import FranceConnect, ProSanteConnect
from rempart.site.refusals import CannotRun


def test_without_an_issuer_nobody_signs_in_by_it():
    assert ProSanteConnect().provider() is None
    assert FranceConnect().provider() is None


def test_what_the_services_ask_is_there_without_saying(monkeypatch):
    for name, value in {
        "REMPART_PSC_ISSUER": "https://auth.bas.psc.esante.gouv.fr/auth/realms/esante-wallet",
        "REMPART_PSC_CLIENT_ID": "us",
        "REMPART_PSC_CLIENT_SECRET": "hush",
        "REMPART_FC_ISSUER": "https://fcp-low.sbx.dev-franceconnect.fr/api/v2",
        "REMPART_FC_CLIENT_ID": "us",
        "REMPART_FC_CLIENT_SECRET": "hush",
        "REMPART_FC_ALGORITHM": "HS256",
    }.items():
        monkeypatch.setenv(name, value)
    card, citizen = ProSanteConnect().provider(), FranceConnect().provider()
    assert card is not None
    assert citizen is not None
    assert card.discovery_address.endswith("/esante-wallet/.well-known/wallet-openid-configuration")
    assert (card.scope, card.acr_asked, card.userinfo_algorithm) == ("openid scope_all", "eidas1", None)
    assert (citizen.scope, citizen.acr_accepted) == ("openid identite_pivot", frozenset({"eidas1"}))
    assert (citizen.id_token_algorithm, citizen.userinfo_algorithm) == (Algorithm.HS256, Algorithm.HS256)
    assert citizen.authentication is ClientAuthentication.SECRET_POST
    assert "hush" not in repr(ProSanteConnect()) + repr(card)


def test_settings_that_cannot_be_are_named():
    with pytest.raises(CannotRun, match="franceconnect: the client secret is missing"):
        FranceConnect(issuer="https://fc.exemple.fr", client_id="us").provider()
    with pytest.raises(CannotRun, match="pro-sante-connect: the issuer must be https"):
        ProSanteConnect(issuer="http://localhost:1", client_id="us", client_secret="x").provider()

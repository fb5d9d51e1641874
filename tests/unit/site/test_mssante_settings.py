"""How a deployment says that it takes part in health mail, and what it is told when it says it badly."""

from pathlib import Path

import pytest

from rempart.foundation.messaging.mssante.servers import Server
from rempart.site.mssante_settings import Mssante
from rempart.site.refusals import CannotRun

FILES = {"certificate": Path("ours.pem"), "authorities": Path("igc.pem")}


def test_without_an_address_there_is_no_health_mail():
    assert Mssante(address="", **FILES).health_mail() is None


def test_what_is_said_is_what_is_used():
    found = Mssante(
        address="no-reply@rempart.mssante.fr", returns="retours+{id}@rempart.mssante.fr", product="N1", relay="mx.operateur.fr",
        imap_host="imap.operateur.fr", sessions=8, **FILES,
    ).health_mail()  # fmt: skip
    assert found is not None
    assert found.sender.returns == "retours+{id}@rempart.mssante.fr"
    assert found.relay == Server(host="mx.operateur.fr", port=25)
    assert found.pace.sessions == 8
    assert found.returns is not None
    assert (found.returns.user, found.returns.certificate) == (
        "no-reply@rempart.mssante.fr",
        Path("ours.pem"),
    )


def test_reports_come_back_to_our_own_address_and_nobody_reads_them_unless_told():
    found = Mssante(address="a@b.mssante.fr", **FILES).health_mail()
    assert found is not None
    assert (found.sender.returns, found.returns, found.relay) == ("a@b.mssante.fr", None, None)


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"address": "a@b.fr"}, "REMPART_MSSANTE_CERTIFICATE, REMPART_MSSANTE_AUTHORITIES"),
        ({"address": "a b@c.fr", **FILES}, "REMPART_MSSANTE_ADDRESS"),
        ({"address": "a@b.fr", "returns": "nowhere", **FILES}, "REMPART_MSSANTE_RETURNS"),
    ],
)
def test_what_cannot_be_is_named(said: dict, named: str):
    with pytest.raises(CannotRun, match=named):
        Mssante(**said).health_mail()

"""Which servers take the mail of a domain, as the DNS says it."""

from __future__ import annotations

from types import SimpleNamespace

import dns.resolver
import pytest

from rempart.foundation.messaging.mssante.servers import MailExchangers, NoServer, Server


@pytest.fixture
def answer(monkeypatch):
    """`answer(found)`: what the DNS says from now on, (preference, host) or an error; the domains it was asked about."""
    asked: list[str] = []

    def says(found):
        def resolve(domain, kind, lifetime):
            assert (kind, lifetime <= 10) == ("MX", True)
            asked.append(domain)
            if isinstance(found, Exception):
                raise found
            return [SimpleNamespace(preference=preference, exchange=host) for preference, host in found]

        monkeypatch.setattr(dns.resolver, "resolve", resolve)
        return asked

    return says


def test_the_preferred_server_comes_first_and_is_remembered(answer):
    asked = answer([(20, "mx2.labo.fr."), (10, "mx1.labo.fr.")])
    find = MailExchangers()
    assert list(find("labo.fr")) == [Server(host="mx1.labo.fr"), Server(host="mx2.labo.fr")]
    find("labo.fr")
    assert asked == ["labo.fr"]


def test_few_servers_are_tried(answer):
    answer([(number, f"mx{number}.labo.fr.") for number in range(50)])
    assert len(MailExchangers()("labo.fr")) <= 5


def test_a_domain_without_any_is_its_own_server(answer):
    answer(dns.resolver.NoAnswer())
    assert list(MailExchangers()("labo.fr")) == [Server(host="labo.fr")]


@pytest.mark.parametrize(
    "found",
    [
        [(0, ".")],
        dns.resolver.NXDOMAIN(),
        dns.resolver.LifetimeTimeout(timeout=1, errors=[]),
        dns.resolver.NoNameservers(),
    ],
)
def test_a_domain_that_takes_no_mail_or_a_silent_dns_is_no_server(answer, found):
    answer(found)
    with pytest.raises(NoServer):
        MailExchangers()("labo.fr")

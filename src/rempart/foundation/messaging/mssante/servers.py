"""Which servers take the mail of a domain (RFC 5321 §5.1), from the DNS."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import dns.exception
import dns.resolver

_TIMEOUT_SECONDS = 10.0
_FRESH_SECONDS = 300.0
_MOST = 5


class NoServer(Exception):
    """The DNS names none, or does not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    host: str
    port: int = 25


Finding = Callable[[str], Sequence[Server]]
"""The servers of a domain, the preferred one first. Raises NoServer."""


class MailExchangers:
    """The servers that the DNS names, remembered for five minutes; a domain without MX is its own server."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, tuple[Server, ...]]] = {}

    def __call__(self, domain: str) -> Sequence[Server]:
        until, servers = self._known.get(domain, (0.0, ()))
        if until < time.monotonic():
            servers = _asked(domain)
            self._known[domain] = (time.monotonic() + _FRESH_SECONDS, servers)
        return servers


def _asked(domain: str) -> tuple[Server, ...]:
    try:
        found = dns.resolver.resolve(domain, "MX", lifetime=_TIMEOUT_SECONDS)
    except dns.resolver.NoAnswer:
        return (Server(host=domain),)
    except dns.exception.DNSException:
        raise NoServer(domain) from None
    ordered = sorted(found, key=lambda one: one.preference)
    hosts = [str(one.exchange).rstrip(".") for one in ordered[:_MOST]]
    if not all(hosts):  # RFC 7505: a domain that takes no mail
        raise NoServer(domain)
    return tuple(Server(host=host) for host in hosts)

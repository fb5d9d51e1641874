"""Where a request comes from: one answer, that whoever asks cannot write himself.

A server sees who connects to it: a proxy, when there is one. What the proxy says of the client is believed
only if the proxy is ours: it came over the private socket, or from an address that the operator listed.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_MOST_HOPS = 20
_NETWORK_BITS_V6 = 64
"""What one household or host is given: its addresses are one."""


def proxies(listed: Collection[str]) -> tuple[Network, ...]:
    """The listed addresses and networks. Raises ValueError, naming the one that is none."""
    return tuple(ip_network(one, strict=False) for one in listed)


def is_ours(peer: str, *, trusted: Collection[Network]) -> bool:
    """Whether the proxy that connected is ours: no address at all means the private socket."""
    if not peer:
        return True
    found = _read(peer)
    return found is not None and any(found in known for known in trusted)


def client(peer: str, forwarded: str, *, trusted: Collection[Network]) -> str:
    """The client's address; `forwarded` is X-Forwarded-For, whose last entry the nearest proxy wrote.

    Read from its end: the first address that is none of our proxies is the client, and what he wrote
    before it is not looked at. Empty when a proxy on the private socket said nothing that can be read.
    """
    if not is_ours(peer, trusted=trusted):
        return _plain(_read(peer))
    nearest = _plain(_read(peer))
    for entry in reversed(forwarded.split(",")[-_MOST_HOPS:]):
        found = _read(entry)
        if found is None:
            return nearest
        nearest = _plain(found)
        if not any(found in known for known in trusted):
            return nearest
    return nearest


def network(address: str) -> str:
    """What counts as one place: an IPv4 address, or the /64 of an IPv6 address; empty for what is neither."""
    found = _read(address)
    if isinstance(found, IPv6Address):
        return str(IPv6Network((int(found), _NETWORK_BITS_V6), strict=False))
    return _plain(found)


@lru_cache(maxsize=4_096)
def _read(text: str) -> Address | None:
    """An address as proxies write it: with or without brackets and port, IPv4 inside IPv6 unwrapped."""
    written = text.strip().strip('"')
    if written.startswith("["):
        written = written[1:].partition("]")[0]
    elif written.count(":") == 1:
        written = written.partition(":")[0]
    try:
        found = ip_address(written.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _plain(address: Address | None) -> str:
    return str(address) if address else ""

"""Where a request comes from, whatever it says of itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.foundation.access.origin import client, is_ours, network, proxies

OURS = proxies(["10.0.0.0/8", "2001:db8:1::5"])
SOCKET = ""  # a private socket has no address


@pytest.mark.parametrize(
    ("peer", "forwarded", "found", "because"),
    [
        ("203.0.113.9", "", "203.0.113.9", "nobody between"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9", "a stranger says nothing of himself"),
        ("10.0.0.2", "198.51.100.1", "198.51.100.1", "our proxy says who"),
        (SOCKET, "198.51.100.1", "198.51.100.1", "so does what comes by the private socket"),
        (
            "10.0.0.2",
            "1.2.3.4, 198.51.100.1",
            "198.51.100.1",
            "what the client wrote before it is not believed",
        ),
        ("10.0.0.2", "1.2.3.4, 198.51.100.1, 10.0.0.3", "198.51.100.1", "two proxies of ours"),
        ("10.0.0.2", "198.51.100.1:4711", "198.51.100.1", "with its port"),
        ("10.0.0.2", "[2001:db8::9]:4711", "2001:db8::9", "with its port"),
        ("10.0.0.2", "::ffff:198.51.100.1", "198.51.100.1", "IPv4 inside IPv6"),
        ("::ffff:10.0.0.2", "198.51.100.1", "198.51.100.1", "our proxy, by IPv6"),
        ("10.0.0.2", "198.51.100.1, unknown", "10.0.0.2", "what cannot be read ends the search"),
        ("10.0.0.2", "", "10.0.0.2", "our proxy itself: a health check"),
        ("10.0.0.2", "10.0.0.9, 10.0.0.8", "10.0.0.9", "inside our own house"),
        (SOCKET, "", "", "nobody said anything"),
        (SOCKET, "'; DROP TABLE", "", "nor this"),
        ("not an address", "198.51.100.1", "", "nor is it ours"),
    ],
)
def test_the_client_is_who_our_own_proxy_saw(peer, forwarded, found, because):
    assert client(peer, forwarded, trusted=OURS) == found, because


def test_without_proxies_nobody_but_the_socket_is_believed():
    assert client("127.0.0.1", "198.51.100.1", trusted=()) == "127.0.0.1"
    assert is_ours("", trusted=())
    assert not is_ours("127.0.0.1", trusted=())


@given(st.text(), st.text())
def test_nothing_that_a_stranger_writes_changes_his_address(before, after):
    assert client("203.0.113.9", f"{before},{after}", trusted=OURS) == "203.0.113.9"


@given(st.text(alphabet=st.characters(blacklist_characters=",")))
def test_what_stands_before_the_last_entry_changes_nothing(written):
    assert client("10.0.0.2", f"{written},198.51.100.1", trusted=OURS) == "198.51.100.1"


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("2001:db8:aa:bb:1:2:3:4", "2001:db8:aa:bb::/64"),
        ("2001:db8:aa:bb:ffff::", "2001:db8:aa:bb::/64"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("nonsense", ""),
    ],
)
def test_a_household_is_one_network(address, counted):
    assert network(address) == counted


def test_a_list_of_proxies_with_a_mistake_says_which():
    with pytest.raises(ValueError, match=r"10\.0\.0\.300"):
        proxies(["10.0.0.300"])

"""What is deleted in a mailbox that others use too."""

import pytest

from rempart.foundation.messaging.mailboxes import Mailbox


class Server:
    """As much of a server as deleting asks of one: which messages there are, and which are marked as deleted."""

    def __init__(self, *capabilities: str) -> None:
        self.capabilities, self.there, self.marked = capabilities, {1, 2, 3, 4}, {3}

    def has_capability(self, name):
        return name in self.capabilities

    def search(self, criteria):
        assert criteria == ["DELETED"]
        return sorted(self.marked)

    def add_flags(self, uids, flags, *, silent):
        self.marked |= {*uids}

    def remove_flags(self, uids, flags, *, silent):
        self.marked -= {*uids}

    def expunge(self, uids):
        gone = self.marked & {*uids} if uids is not None else set(self.marked)
        self.there -= gone
        self.marked -= gone


@pytest.mark.parametrize("capabilities", [("UIDPLUS",), ()])
def test_security_what_somebody_else_marked_as_deleted_stays(capabilities):
    server = Server(*capabilities)
    Mailbox(server, validity=1).delete([1, 2])
    assert (server.there, server.marked) == ({3, 4}, {3})

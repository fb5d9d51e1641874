"""SFTP: a laboratory reaches its own three folders with its own key, and an upload that breaks is never taken."""

import asyncio
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncssh
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.functional.accounts import account
from tests.functional.doors import SENDER

from rempart.foundation.access.actor import Role
from rempart.foundation.access.machines import services
from rempart.foundation.access.machines.services import Fault, KeyRefused
from rempart.foundation.access.rights import Right
from rempart.foundation.directories.models import Laboratory
from rempart.screening.listeners import boxes, sftp
from rempart.screening.listeners.boxes import Box

KEY, OTHER_KEY = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
OTHER = "130054323"
REGISTERED = {(SENDER, sftp.fingerprint_of(KEY)), (OTHER, sftp.fingerprint_of(OTHER_KEY))}


def run(body):
    """Run an asynchronous test; no such test takes long."""
    asyncio.run(asyncio.wait_for(body(), timeout=30))


@asynccontextmanager
async def serving(root, *, is_known=lambda *who: who in REGISTERED, **bounds):
    host_key = root.parent / "host_key"
    sftp.make_host_key(host_key)
    port, stop = asyncio.get_running_loop().create_future(), asyncio.Event()
    door = sftp.Door(host="127.0.0.1", port=0, host_key=host_key, root=root, **bounds)
    server = asyncio.create_task(sftp.serve(door, stop=stop, ready=port.set_result, is_known=is_known))
    try:
        yield await port
    finally:
        stop.set()
        await server


def connect(port, *, user=SENDER, key=KEY, **more):
    return asyncssh.connect(
        "127.0.0.1", port, username=user, client_keys=[key], known_hosts=None, config=None, **more
    )


@asynccontextmanager
async def counter(box):
    """A client that came in with the laboratory's key."""
    async with (
        serving(box.root) as port,
        connect(port) as connection,
        connection.start_sftp_client() as client,
    ):
        yield client


@pytest.fixture
def box(tmp_path):
    return Box(root=tmp_path / "drop", laboratory=SENDER)


def inbox(box):
    return {
        name: (box.inbox / name).read_bytes() for name in boxes.waiting(box, untouched_since=time.time() + 60)
    }


def test_a_file_is_there_when_it_is_closed_and_not_before(box):
    async def body():
        async with counter(box) as client:
            async with client.open("inbox/results.hl7", "wb") as file:
                await file.write(b"MSH|" + b"x" * 100_000)
                assert inbox(box) == {}
            assert inbox(box) == {"results.hl7": b"MSH|" + b"x" * 100_000}
            assert sorted(await client.listdir("/")) == [".", "..", ".taken", "done", "inbox", "refused"]

    run(body)


def test_an_upload_that_breaks_stays_unfinished(box):
    async def body():
        async with serving(box.root) as port:
            connection = await connect(port)
            client = await connection.start_sftp_client()
            file = await client.open("inbox/results.hl7", "wb")
            await file.write(b"half of it")
            connection.abort()
            await connection.wait_closed()
            while not any(one.stat().st_size for one in box.inbox.iterdir()):  # noqa: ASYNC110 -- files ring no bell
                await asyncio.sleep(0.01)

    run(body)
    assert inbox(box) == {}
    assert [one.name[0] for one in box.inbox.iterdir()] == ["."]


def test_a_sender_that_ends_its_session_without_closing_the_file_did_not_finish_it(box):
    async def body():
        async with serving(box.root) as port, connect(port) as connection:
            client = await connection.start_sftp_client()
            file = await client.open("inbox/results.hl7", "wb")
            await file.write(b"half of it")
            client.exit()
            await client.wait_closed()

    run(body)
    assert inbox(box) == {}


def test_uploads_under_another_name_and_renamed(box):
    async def body():
        async with counter(box) as client:
            for content in (b"one", b"two"):
                async with client.open("inbox/results.tmp", "wb") as file:
                    await file.write(content)
                assert "results.tmp" not in inbox(box)
                await client.posix_rename("inbox/results.tmp", "inbox/results.hl7")

    run(body)
    assert inbox(box) == {"results.hl7": b"one", "results.hl7-2": b"two"}


def test_what_was_put_away_can_be_read_and_removed(box):
    box.make()
    (box.inbox / "a").write_bytes(b"content")
    boxes.take(box, "a")
    boxes.finish(box, "a", acknowledgement=b'{"accepted": 1}', refused=False)

    async def body():
        async with counter(box) as client:
            async with client.open("done/a.ack.json", "rb") as file:
                assert await file.read() == b'{"accepted": 1}'
            await client.remove("done/a")
            assert await client.listdir("done") == [".", "..", "a.ack.json"]

    run(body)


FORBIDDEN = {
    "write beside the inbox": lambda c: c.open("results.hl7", "wb"),
    "write into done": lambda c: c.open("done/forged.ack.json", "wb"),
    "write into taken": lambda c: c.open(".taken/x", "wb"),
    "write into the box of another": lambda c: c.open(f"../{OTHER}/inbox/x", "wb"),
    "read the box of another": lambda c: c.open(f"/../{OTHER}/done/secret", "rb"),
    "read what is being read": lambda c: c.open(".taken/x", "rb"),
    "read the password file": lambda c: c.open("/etc/passwd", "rb"),
    "follow a link": lambda c: c.open("inbox/link", "rb"),
    "append": lambda c: c.open("inbox/x", "ab"),
    "make a folder": lambda c: c.mkdir("inbox/folder"),
    "remove a folder": lambda c: c.rmdir("inbox"),
    "make a link": lambda c: c.symlink("/etc/passwd", "inbox/another"),
    "make a hard link": lambda c: c.link("done/a", "inbox/another"),
    "read a link": lambda c: c.readlink("inbox/link"),
    "rename out of the inbox": lambda c: c.rename("inbox/a", "done/a"),
    "write a hidden file": lambda c: c.open("inbox/.x", "wb"),
}


def test_nothing_else_may_be_done(box):
    box.make()
    (box.inbox / "a").write_bytes(b"mine")
    (box.inbox / "link").symlink_to("/etc/passwd")
    secret = Box(root=box.root, laboratory=OTHER)
    secret.make()
    (secret.done / "secret").write_bytes(b"another's")

    async def body():
        async with counter(box) as client:
            for what, deed in FORBIDDEN.items():
                try:
                    await deed(client)
                except asyncssh.SFTPError:
                    continue
                pytest.fail(f"a laboratory may {what}")

    before = {path: path.is_symlink() or path.is_dir() or path.read_bytes() for path in box.root.rglob("*")}
    run(body)
    assert before == {
        path: path.is_symlink() or path.is_dir() or path.read_bytes() for path in box.root.rglob("*")
    }


@pytest.mark.parametrize(
    ("user", "key"),
    [
        (OTHER, KEY),
        (SENDER, OTHER_KEY),
        ("root", KEY),
        ("", KEY),
        ("690 001 235", KEY),
        ("..", KEY),
        ("a" * 500, KEY),
    ],
)
def test_nobody_comes_in_with_a_key_that_is_not_that_laboratory_s(box, user, key):
    async def body():
        async with serving(box.root) as port:
            with pytest.raises((asyncssh.PermissionDenied, asyncssh.ConnectionLost)):
                await connect(port, user=user, key=key)

    run(body)
    assert not box.root.exists()


def test_there_is_no_shell_no_command_no_password_and_no_tunnel(box):
    async def body():
        async with serving(box.root) as port:
            with pytest.raises(asyncssh.PermissionDenied):
                await asyncssh.connect(
                    "127.0.0.1",
                    port,
                    username=SENDER,
                    password="x",
                    client_keys=None,
                    known_hosts=None,
                    config=None,
                )
            async with connect(port) as connection:
                for opened in (connection.run("id"), connection.create_session(asyncssh.SSHClientSession)):
                    with pytest.raises(asyncssh.ChannelOpenError):
                        await opened
                with pytest.raises(asyncssh.ChannelOpenError):
                    await connection.open_connection("127.0.0.1", port)

    run(body)


def test_one_laboratory_has_so_many_connections_and_no_more(box):
    async def body():
        async with serving(box.root, most_for_one=2) as port, connect(port), connect(port):
            async with connect(port, user=OTHER, key=OTHER_KEY) as another:
                assert await (await another.start_sftp_client()).listdir("inbox") == [".", ".."]
            with pytest.raises((asyncssh.Error, OSError)):
                async with connect(port) as third:
                    await third.start_sftp_client()

    run(body)


def test_security_a_revoked_key_ends_an_open_connection(box):
    known = set(REGISTERED)

    async def body():
        async with (
            serving(box.root, is_known=lambda *who: who in known, look_every=0.05) as port,
            connect(port) as connection,
            connect(port, user=OTHER, key=OTHER_KEY) as another,
        ):
            client = await connection.start_sftp_client()
            await asyncio.sleep(0.2)
            await client.listdir("inbox")
            known.discard((SENDER, sftp.fingerprint_of(KEY)))
            await asyncio.wait_for(connection.wait_closed(), timeout=5)
            assert await (await another.start_sftp_client()).listdir("inbox") == [".", ".."]

    run(body)


def test_security_strangers_of_one_network_keep_nobody_out(box):
    async def body():
        async with serving(box.root, most_strangers=2) as port, connect(port) as here:
            silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
            await asyncio.sleep(0.2)
            answers = [await asyncio.wait_for(reader.read(4), timeout=5) for reader, _ in silent]
            assert answers == [b"SSH-", b"SSH-", b""]
            assert await (await here.start_sftp_client()).listdir("inbox") == [".", ".."]
            for _, writer in silent:
                writer.close()
            await asyncio.sleep(0.2)
            async with connect(port) as again:
                assert await (await again.start_sftp_client()).listdir("inbox") == [".", ".."]

    run(body)


def test_security_an_inbox_does_not_fill_the_disk(box, monkeypatch):
    monkeypatch.setattr(sftp, "MOST_WAITING_BYTES", 1000)

    async def body():
        async with counter(box) as client:
            async with client.open("inbox/first", "wb") as file:
                await file.write(b"x" * 1000)
            with pytest.raises(asyncssh.SFTPFailure):
                await client.open("inbox/second", "wb")
            (box.inbox / "first").unlink()
            for number in range(sftp._AT_ONCE):
                await client.open(f"inbox/{number}", "wb")
            with pytest.raises(asyncssh.SFTPFailure):
                await client.open("inbox/one-more", "wb")

    run(body)


def test_too_much_is_refused_and_nothing_of_it_taken(box, monkeypatch):
    monkeypatch.setattr(sftp, "MOST_BYTES", 1000)
    monkeypatch.setattr(sftp, "MOST_WAITING", 1)

    async def body():
        async with counter(box) as client:
            file = await client.open("inbox/large", "wb")
            with pytest.raises(asyncssh.SFTPFailure):
                await file.write(b"x" * 1001)
            with pytest.raises(asyncssh.SFTPFailure):
                await client.open("inbox/second", "wb")

    run(body)


def test_the_server_s_own_key_is_made_once_and_nobody_else_reads_it(tmp_path):
    sftp.make_host_key(tmp_path / "keys" / "host")
    first = (tmp_path / "keys" / "host").read_bytes()
    sftp.make_host_key(tmp_path / "keys" / "host")
    assert (tmp_path / "keys" / "host").read_bytes() == first
    assert (tmp_path / "keys" / "host").stat().st_mode & 0o777 == 0o600


# Registering a key


@pytest.fixture
def biologist(transactional_db):
    Laboratory.objects.create(finess=SENDER, name="LBM EXEMPLE", department="69")
    agent = account(Role.BIOLOGIST, establishment=SENDER)
    return agent.actor(Right.KEYS_MANAGE, now=datetime.now(UTC))


def register(actor, content):
    return services.add_certificate(
        actor=actor, laboratory=SENDER, name="SIL", content=content, now=datetime.now(UTC)
    )


def test_a_registered_key_is_known_until_it_is_revoked(biologist):
    row = register(biologist, KEY.export_public_key())
    fingerprint = sftp.fingerprint_of(KEY)
    assert sftp.known(SENDER, fingerprint)
    assert not sftp.known(OTHER, fingerprint)
    assert not sftp.known(SENDER, sftp.fingerprint_of(OTHER_KEY))
    assert row.expires_at > datetime.now(UTC) + timedelta(days=30)
    services.revoke_certificate(actor=biologist, certificate_id=row.id, now=datetime.now(UTC))
    assert not sftp.known(SENDER, fingerprint)


def _rsa(bits):
    return (
        rsa.generate_private_key(65537, bits)
        .public_key()
        .public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    )


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (_rsa(2048), Fault.WEAK),
        (b"ssh-ed25519 AAAA", Fault.UNREADABLE),
        (b"ssh-ed25519", Fault.UNREADABLE),
        (b"ssh-rsa \xff\xfe", Fault.UNREADABLE),
    ],
)
def test_a_weak_or_broken_key_is_not_registered(biologist, content, fault):
    with pytest.raises(KeyRefused) as refused:
        register(biologist, content)
    assert refused.value.fault is fault

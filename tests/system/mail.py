"""A real Postfix and a real Dovecot of an operator of health mail, in a folder of their own and on free ports.

Postfix asks everybody for a certificate of the private authority and takes messages of up to 1 MB for two domains;
Dovecot keeps the mailboxes and refuses those it does not know, so that Postfix sends a bounce. Other tests may use the
same fixture, `mail`: the laboratory's tool reads `mail.account("labo")`. Mailboxes last as long as the test run; a test
takes a mailbox of its own, by a name that nobody else has (see NAMES), or empties it first.

Nothing of the machine's own Postfix and Dovecot is read or written. Both start as root and give their rights away.
"""

from __future__ import annotations

import base64
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.igc import Authority

from rempart.foundation.messaging.mailboxes import Account, MailboxUnavailable, opened
from rempart.site.listening import free_port

HERE, THERE = "rempart.mssante.test", "labo.mssante.test"
SUBJECT = "CN=mx.mssante.test,OU=318 130002132,O=OPERATEUR,ST=Paris (75),C=FR"
PASSWORD = "open sesame"
TOKEN_KEY = b"a key of the tests, of thirty-two bytes or more"
"""Signs the tokens (HS256) that open mailboxes as those of Pro Santé Connect do; `sub` is the user."""
NAMES = ("labo", "site-1", "site-2", "doctor", "dispatch", "bounces", "certified")
"""Mailboxes, of both domains alike; `certified` opens with a certificate only."""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """Where the two listen, and what opens them. `certificate`: ours, as a client; PEM with its key."""

    folder: Path
    authority: Authority
    server_certificate: Path
    certificate: Path
    smtp_port: int
    imap_port: int

    def account(self, name: str, *, domain: str = THERE) -> Account:
        """How to read one of NAMES."""
        return Account(
            host="localhost",
            port=self.imap_port,
            user=f"{name}@{domain}",
            password=PASSWORD,
            authorities=self.authority.path,
        )

    def wait_for(self, name: str, *, domain: str = THERE, most_seconds: float = 15) -> list[bytes]:
        """What is unread in a mailbox, as soon as there is something; it is deleted there."""
        until = time.monotonic() + most_seconds
        while time.monotonic() < until:
            with opened(self.account(name, domain=domain)) as mailbox:
                found = list(mailbox.fetch(mailbox.unseen()))
                mailbox.delete([one.uid for one in found])
            if found:
                return [one.raw for one in found]
            time.sleep(0.1)
        raise AssertionError(f"nothing came to {name}; {self.folder}/postfix.log and dovecot.log say why")


@contextmanager
def running() -> Iterator[Mail]:
    """The two, for as long as the block lasts. Skips where they cannot run; fails where they are not installed."""
    if not shutil.which("postfix") or not shutil.which("dovecot"):
        pytest.fail("Postfix and Dovecot are not installed: tests/system/install.sh, or apt-get install postfix "
                    "dovecot-imapd dovecot-lmtpd")  # fmt: skip
    if os.geteuid() != 0:
        pytest.skip("Postfix starts as root only")
    with TemporaryDirectory(prefix="rempart-mail-") as folder:
        yield from _running(Path(folder))


def _running(folder: Path) -> Iterator[Mail]:
    folder.chmod(0o755)  # both give their rights away, and still have to find their files
    authority = Authority(folder)
    mail = Mail(
        folder=folder,
        authority=authority,
        server_certificate=authority.sign(SUBJECT, file="server"),
        certificate=authority.sign(
            "CN=rempart.test,OU=318 180036011,O=REMPART,ST=Paris (75),C=FR", file="client"
        ),
        smtp_port=free_port("127.0.0.1", 0),
        imap_port=free_port("127.0.0.1", 0),
    )
    lmtp_port = free_port("127.0.0.1", 0)
    dovecot = _dovecot(mail, lmtp_port=lmtp_port)
    try:
        postfix = _postfix(mail, lmtp_port=lmtp_port)
        try:
            _wait(mail)
            yield mail
        finally:
            subprocess.run(["postfix", "-c", postfix, "stop"], capture_output=True, timeout=30, check=False)
    finally:
        dovecot.terminate()
        dovecot.wait(timeout=15)


def _wait(mail: Mail) -> None:
    for _ in range(100):
        try:
            with opened(mail.account("labo")):
                return
        except MailboxUnavailable:
            time.sleep(0.1)
    raise AssertionError(f"Dovecot does not answer: {mail.folder}/dovecot.log")


def _dovecot(mail: Mail, *, lmtp_port: int) -> subprocess.Popen[bytes]:
    user = pwd.getpwnam("dovecot")
    store = mail.folder / "mailboxes"
    store.mkdir()
    os.chown(store, user.pw_uid, user.pw_gid)
    users = mail.folder / "users"
    users.write_text("".join(
        f"{name}@{domain}:{{PLAIN}}{PASSWORD}:{user.pw_uid}:{user.pw_gid}::{store}/{domain}/{name}::\n"
        for domain in (HERE, THERE) for name in NAMES
    ))  # fmt: skip
    configuration = mail.folder / "dovecot.conf"
    configuration.write_text(f"""
protocols = imap lmtp
listen = 127.0.0.1
base_dir = {mail.folder}/dovecot
state_dir = {mail.folder}/dovecot
log_path = {mail.folder}/dovecot.log
mail_location = maildir:~/Maildir
first_valid_uid = {user.pw_uid}
recipient_delimiter = +
lmtp_hdr_delivery_address = original
ssl = required
ssl_cert = <{mail.server_certificate}
ssl_key = <{mail.server_certificate}
ssl_ca = <{mail.authority.path}
ssl_verify_client_cert = yes
ssl_require_crl = no
auth_mechanisms = plain login external xoauth2
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
auth_ssl_username_from_cert = yes
ssl_cert_username_field = commonName
passdb {{
  driver = passwd-file
  args = scheme=plain username_format=%u {users}
  mechanisms = plain login
}}
passdb {{
  driver = oauth2
  args = {_tokens(mail)}
  mechanisms = xoauth2
}}
passdb {{
  driver = static
  args = nopassword=y
  mechanisms = external
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {users}
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {mail.imap_port}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp_port}
  }}
}}
""")
    return subprocess.Popen(["dovecot", "-F", "-c", configuration])


def _tokens(mail: Mail) -> Path:
    """How Dovecot checks a token: signed with TOKEN_KEY, of whom `sub` says."""
    key = mail.folder / "tokens" / "default" / "HS256" / "default"
    key.parent.mkdir(parents=True)
    key.write_bytes(base64.b64encode(TOKEN_KEY))
    path = mail.folder / "oauth2.conf"
    path.write_text(
        f"introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix={mail.folder}/tokens/\n"
        "username_attribute = sub\n"
    )
    return path


def _postfix(mail: Mail, *, lmtp_port: int) -> Path:
    own = mail.folder / "postfix"
    for name in ("queue", "data"):
        (own / name).mkdir(parents=True)
    shutil.chown(own / "data", "postfix")
    (own / "main.cf").write_text(f"""
compatibility_level = 3.6
myhostname = mx.mssante.test
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
queue_directory = {own}/queue
data_directory = {own}/data
alias_maps =
alias_database =
local_recipient_maps =
maillog_file = {mail.folder}/postfix.log
maillog_file_prefixes = {mail.folder}
disable_dns_lookups = yes
smtp_dns_support_level = disabled
message_size_limit = 1048576
recipient_delimiter = +
virtual_mailbox_domains = {HERE}, {THERE}
virtual_transport = lmtp:inet:127.0.0.1:{lmtp_port}
smtpd_relay_restrictions = reject_unauth_destination
smtpd_tls_security_level = encrypt
smtpd_tls_req_ccert = yes
smtpd_tls_mandatory_protocols = >=TLSv1.2
smtpd_tls_CAfile = {mail.authority.path}
smtpd_tls_chain_files = {_key_first(mail.server_certificate)}
""")
    (own / "master.cf").write_text(f"""
127.0.0.1:{mail.smtp_port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
""")
    subprocess.run(["postfix", "-c", own, "start"], check=True, capture_output=True, timeout=60)
    return own


def _key_first(certificate: Path) -> Path:
    """Postfix wants the key before the certificate."""
    text = certificate.read_text()
    start = text.index("-----BEGIN PRIVATE KEY-----")
    path = certificate.with_name(f"{certificate.stem}-chain.pem")
    path.write_text(text[start:] + text[:start])
    path.chmod(0o600)
    return path

"""What no file of the house may hold: a way out to an address that somebody gave, a form that takes everything."""

import ast
import re
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "src" / "rempart"
MODULES = {
    path.relative_to(SOURCES).as_posix(): ast.parse(path.read_text("utf-8")) for path in SOURCES.rglob("*.py")
}
TEMPLATES = {
    path.relative_to(SOURCES).as_posix(): path.read_text("utf-8")
    for path in SOURCES.rglob("templates/**/*.*")
}

TALK = {
    "httpx", "requests", "urllib.request", "urllib3", "aiohttp", "http.client", "smtplib", "ftplib", "imaplib",
    "imapclient", "dns.resolver", "telnetlib", "xmlrpc", "hvac", "authlib", "socket", "websockets", "paramiko", "asyncssh",
}  # fmt: skip
"""What a module speaks to other machines with."""

OUTGOING = {
    "foundation/access/openid/outgoing.py": "the identity providers of the configuration, and no other host",
    "foundation/access/openid/party.py": "through outgoing.py",
    "foundation/messaging/carriers/smpp_session.py": "the SMS centre of the configuration",
    "foundation/messaging/carriers/smtp.py": "the mail server of the configuration",
    "foundation/messaging/mailboxes.py": "the mailboxes of the configuration, and those that a laboratory names for its own tool",
    "foundation/messaging/mssante/servers.py": "the DNS, about domains of the white list",
    "foundation/messaging/mssante/session.py": "the relay of the configuration, or servers whose certificate the white list names",
    "foundation/people/teleservice/client.py": "the national INS teleservice of the configuration, by mutual TLS",
    "foundation/vault/engine.py": "the OpenBao of the configuration",
    "screening/handover/mailbox/answering.py": "the mail server that a laboratory names for its own tool",
    "screening/listeners/sftp.py": "to nobody: whoever comes in with a registered key",
    "screening/signing/remote.py": "the signing service of the configuration, over a private socket of this machine",
    "screening/signing/service.py": "to nobody: whoever may open its private socket",
    "simulators/sending.py": "the demo's own server",
    "simulators/openid/running.py": "a stand-in for tests and the demo, on this machine",
    "site/listening.py": "ourselves: does the server answer",
}
"""Who may, and to whom: never to an address that somebody gave us."""


MARKED = {"site/templatetags/components.py": "what a template of ours has rendered, and escaped"}


def imported(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_security_only_these_modules_speak_to_other_machines():
    talking = {
        path
        for path, tree in MODULES.items()
        if any(name == word or name.startswith(f"{word}.") for name in imported(tree) for word in TALK)
    }
    assert talking == set(OUTGOING), "say here to whom, and that no visitor chooses it"


def test_security_no_form_and_no_schema_takes_what_it_does_not_name():
    """Mass assignment: a form or a schema lists its fields, and nothing a visitor sent is spread into a call."""
    wide = []
    for path, tree in MODULES.items():
        for node in ast.walk(tree):
            match node:
                case ast.Assign(targets=[ast.Name(id="fields")], value=ast.Constant(value="__all__")):
                    wide.append((path, node.lineno, "fields = __all__"))
                case ast.Assign(targets=[ast.Name(id="exclude")]) if "forms" in path or "pages" in path:
                    wide.append((path, node.lineno, "exclude"))
                case ast.keyword(arg=None, value=value) if re.search(
                    r"request\.(POST|GET|body)|\.model_dump\(|\.dict\(", ast.unparse(value)
                ):
                    wide.append((path, node.lineno, ast.unparse(value)))
                case ast.ClassDef(bases=bases) if any(
                    ast.unparse(base).split(".")[-1] == "Schema" for base in bases
                ):
                    if 'extra="forbid"' not in ast.unparse(node).replace("'", '"'):
                        wide.append((path, node.lineno, f"{node.name} takes fields it does not name"))
    assert wide == []


def test_security_nothing_of_a_visitor_is_run_or_unpickled():
    found = []
    for path, tree in MODULES.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            if name == "mark_safe" and path in MARKED:
                continue
            if name in (
                "eval",
                "exec",
                "os.system",
                "pickle.loads",
                "pickle.load",
                "yaml.load",
                "marshal.loads",
                "mark_safe",
            ):
                found.append((path, node.lineno, name))
            if any(word.arg == "shell" for word in node.keywords):
                found.append((path, node.lineno, "shell="))
    assert found == []


@pytest.mark.parametrize("path", sorted(TEMPLATES))
def test_security_a_template_runs_and_styles_nothing_of_its_own(path):
    text = TEMPLATES[path]
    for attributes in re.findall(r"<script\b([^>]*)>", text):
        assert 'type="application/json"' in attributes or 'nonce="{{ request.csp_nonce }}"' in attributes
    assert not re.search(r"\|safe\b|\{% autoescape off|javascript:", text)
    if path.endswith(".html"):
        assert not re.search(r"<[^>{%]+\s(?:on[a-z]+|style)\s*=\s*[\"']|<style\b", text)

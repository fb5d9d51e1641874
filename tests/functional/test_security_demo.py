"""A small country at work, from its laboratories to its patients; then everything it wrote is read for their names.

The demo is started as an operator starts it, and visited as people would: the portal with wrong and right
answers, an investigator's list and search, machines with keys that are none and messages that are damaged. The
identities are those of the messages that its laboratories sent, read by our own decoders.
"""

from __future__ import annotations

import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pyarrow.parquet as parquet
import pytest

from rempart.foundation.terminology import pathogen
from rempart.screening.formats import Context, decode
from rempart.screening.rules.catalogue import Profile
from rempart.screening.rules.report import Person
from rempart.simulators.laboratory import Epidemic
from rempart.site.demo.running import SEED
from rempart.site.listening import free_port

DAYS, POPULATION = 6, 1_200
PATIENCE = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a run left: what it said, what it wrote, and what its visitors know."""

    said: str
    var: Path
    persons: tuple[Person, ...]
    secrets: frozenset[str]


def persons() -> tuple[Person, ...]:
    """Everybody of whom the demo's laboratories sent something."""
    start = datetime.now(UTC).date() - timedelta(days=DAYS)
    epidemic = Epidemic(seed=SEED, population=POPULATION, start=start, days=DAYS)
    context = Context(pathogen=pathogen("covid19"), profile=Profile.FR)
    found = {}
    for day in range(DAYS):
        for message in epidemic.messages(day):
            for item in decode(message.payload, format=message.format, context=context):
                found |= {report.person.ins or repr(report.person): report.person for report in item.reports}
    return tuple(found.values())


@pytest.fixture(scope="module")
def ran() -> Iterator[Ran]:
    """The demo, run and visited once for all the questions, in a folder that the database's account reaches."""
    folder = Path(tempfile.mkdtemp(prefix="rempart-test-"))
    folder.chmod(0o755)
    try:
        yield _run(folder)
    finally:
        shutil.rmtree(folder)


def _run(folder: Path) -> Ran:
    port = free_port("127.0.0.1", 0)
    command = [
        sys.executable, "-m", "rempart.site.cli", "demo",
        "--days", str(DAYS), "--population", str(POPULATION), "--port", str(port),
    ]  # fmt: skip
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("DATABASE", "REMPART"))
    }
    environment |= {"REMPART_VAR": str(folder / "var"), "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
    said: list[str] = []
    with subprocess.Popen(
        command, env=environment, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as demo:
        try:
            _hear(demo, said, until="certificates ")
            secrets = _visit(f"http://localhost:{port}", "".join(said))
        finally:
            demo.send_signal(signal.SIGINT)
            try:
                said.append(demo.communicate(timeout=PATIENCE)[0])
            finally:
                demo.kill()
    return Ran(said="".join(said), var=folder / "var", persons=persons(), secrets=secrets)


def _hear(demo: subprocess.Popen[str], said: list[str], *, until: str) -> None:
    assert demo.stdout is not None
    deadline = time.monotonic() + PATIENCE
    with selectors.DefaultSelector() as ready:
        ready.register(demo.stdout, selectors.EVENT_READ)
        while until not in "".join(said[-3:]):
            assert demo.poll() is None, "".join(said)
            assert time.monotonic() < deadline, "".join(said)
            if ready.select(1.0):
                said.append(demo.stdout.readline())


class Visitor:
    """A browser without scripts: it fills in the form of the page where it is."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, follow_redirects=True, timeout=30)
        self.page = self.http.get("/")

    def go(self, path: str) -> str:
        self.page = self.http.get(path)
        return self.page.text

    def send(self, **fields: str) -> str:
        token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', self.page.text)[-1]
        self.page = self.http.post(
            self.page.url.path,
            data={**fields, "csrfmiddlewaretoken": token},
            headers={"Origin": str(self.http.base_url).rstrip("/")},
        )
        return self.page.text

    def leave(self) -> str:
        """Goes; the key of the session."""
        self.http.close()
        return self.http.cookies["session"]


def _visit(url: str, told: str) -> frozenset[str]:
    """Everything that people and machines do at the doors; what they were given that nobody else may read."""
    someone = next(person for person in persons() if person.ins and person.birth_date and person.birth_name)
    return frozenset({*_patient(url), _agent(url, told, someone), *_machine(url, someone)})


def _patient(url: str) -> Iterator[str]:
    visitor = Visitor(url)
    outbox = visitor.go("/demonstration/messages/")
    born, reference = re.findall(r"(\d\d/\d\d/\d{4}) \(montré.+?/r/([\w-]{20,})", outbox, re.DOTALL)[0]
    yield reference
    visitor.http.post(f"/r/{reference}", content=b"x")  # refused, and logged
    visitor.go(f"/r/{reference}/absent")
    visitor.go(f"/r/{reference}")
    visitor.send(birth_date="01/01/1901")
    visitor.go("/mon-resultat/")
    visitor.send(birth_date=born)
    code = re.findall(r"(\d{6}) est votre code", httpx.get(f"{url}/demonstration/messages/").text)[0]
    visitor.send(code="000000")
    visitor.send(code=code)
    assert visitor.http.get("/mon-resultat/certificat.pdf").content.startswith(b"%PDF")
    yield visitor.leave()


def _agent(url: str, told: str, someone: Person) -> str:
    visitor = Visitor(url)
    ((account, password),) = re.findall(r"^(enquete-nord)\s+(\S+)", told, re.MULTILINE)
    for given in ("a wrong one", password):
        visitor.go("/connexion/")
        visitor.send(login=account, password=given)
    for given in ("000000", re.findall(r"rp-secret\D*(\d{6})", visitor.page.text)[0]):
        visitor.send(code=given)
    assert "Suivi des cas positifs" in visitor.go("/suivi/")
    for asked in (
        {"number": someone.ins},
        {"number": "", "name": someone.birth_name, "birth_date": f"{someone.birth_date:%d/%m/%Y}"},
    ):
        visitor.go("/suivi/recherche/")
        visitor.send(**asked)
    assert visitor.page.status_code == 200
    for path in ("/absent/", "/suivi/x/", "/suivi/00000000-0000-7000-8000-000000000000/"):
        visitor.go(path)
    return visitor.leave()


def _machine(url: str, someone: Person) -> Iterator[str]:
    key = "rmp_a-key-that-somebody-invented"
    with httpx.Client(base_url=url, timeout=30, headers={"Authorization": f"Bearer {key}"}) as machine:
        for payload in (b"MSH|^~\\&|" + someone.birth_name.encode(), someone.ins.encode(), b"\xff" * 100):
            machine.post(
                "/api/v1/deliveries", content=payload, headers={"Content-Type": "application/hl7-v2"}
            )
    yield key


def numbers_of(person: Person) -> set[str]:
    """What is one person's alone, in every usual form."""
    found = {person.ins, person.ins[:13], person.insured_number, person.email, person.phone, person.mobile}
    found |= {" ".join(re.findall("..", number)) for number in (person.phone, person.mobile)}
    if person.birth_date:
        found |= {f"{person.birth_date:{form}}" for form in ("%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y")}
    return {one for one in found if len(one) >= 9}


def names_of(person: Person) -> set[str]:
    """How he is called, and where he lives."""
    found = {person.birth_name, person.used_name, *person.first_names, *person.address.lines}
    return {one.upper() for one in found if len(one) >= 4}


def written(ran: Ran) -> Iterator[tuple[Path, bytes]]:
    """Every file, but for those that were there before anybody came (the site's style sheets)."""
    for path in ran.var.rglob("*"):
        if path.is_file() and "static" not in path.relative_to(ran.var).parts:
            yield path.relative_to(ran.var), path.read_bytes()


def in_clear(ran: Ran) -> dict[str, str]:
    """What a person can read of it: what was said, logs, facts, and whatever is no database and no key."""
    found = {"said": ran.said}
    for path, content in written(ran):
        if path.suffix == ".parquet":
            found[str(path)] = str(parquet.read_table(ran.var / path).to_pylist())
        elif path.parts[:3] != ("postgres", "server", "data"):
            found[str(path)] = content.decode("latin-1")
    return found


def test_the_run_was_one(ran):
    assert len(ran.persons) > 50
    assert len(ran.secrets) == 4
    assert re.search(r"accepted [1-9]\d* .*failed 0", ran.said)
    text = in_clear(ran)
    assert any(name.endswith("server/log") for name in text)
    assert any(name.endswith(".parquet") for name in text)


def numbers_read(ran: Ran) -> set[tuple[str, str]]:
    return {
        (name, one)
        for name, text in in_clear(ran).items()
        for person in ran.persons
        for one in numbers_of(person)
        if one in text
    }


def names_read(ran: Ran) -> dict[str, set[str]]:
    spoken = set().union(*map(names_of, ran.persons))
    read = {}
    for name, text in in_clear(ran).items():
        words = set(re.findall(r"\w+", text.upper()))
        if found := {one for one in spoken if set(re.findall(r"\w+", one)) <= words}:
            read[name] = found
    return read


def test_security_nothing_that_can_be_read_says_a_number_a_date_or_an_address_of_anybody(ran):
    assert numbers_read(ran) == set()


def test_security_nothing_that_can_be_read_says_a_name_of_anybody(ran):
    assert names_read(ran) == {}


def test_what_is_said_of_somebody_would_be_found(ran):
    someone = next(person for person in ran.persons if person.ins and person.birth_date and person.birth_name)
    for said in (someone.ins, someone.ins[:13], f"born {someone.birth_date:%d/%m/%Y}"):
        assert numbers_read(replace(ran, said=f"error: {said}."))
    assert names_read(replace(ran, said=f"error: {someone.birth_name.lower()}?"))


def test_security_the_files_of_the_database_say_no_number_of_anybody(ran):
    """Also what no table shows any more: old versions of rows, and the log that a crash would replay."""
    spoken = {one.encode() for person in ran.persons for one in numbers_of(person) if one.isalnum()}
    sizes = {len(one) for one in spoken}
    assert sizes >= {10, 13, 15}
    found = set()
    for path, content in written(ran):
        for run in set(re.findall(rb"[0-9AB]{10,}", content)):
            windows = {run[start : start + size] for size in sizes for start in range(len(run) - size + 1)}
            found |= {(str(path), one) for one in windows & spoken}
    assert found == set()


def test_security_no_reference_key_or_session_is_written_anywhere(ran):
    leaks = {
        (str(path), one) for path, content in written(ran) for one in ran.secrets if one.encode() in content
    }
    assert leaks == set()
    for name, text in in_clear(ran).items():
        assert not [one for one in ran.secrets if one in text], name
        assert not re.search(r"rmp_[\w-]{30,}", text), name
        assert not re.search(r"/r/[\w-]{20,}", text), name
        assert "Traceback" not in text, name


def test_security_the_passwords_of_the_database_are_where_they_belong(ran):
    kept = re.findall(r'"([^"]{20,})"', (ran.var / "postgres" / "passwords.json").read_text())
    assert kept
    for name, text in in_clear(ran).items():
        assert name.endswith("passwords.json") or not [one for one in kept if one in text], name

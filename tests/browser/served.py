"""The platform as it is served to people: granian and the worker, over this worker's clone of the tests' database.

pytest-django's live server cannot stream events, and runs no worker; the journeys need both.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from django.test import override_settings
from tests.functional.accounts import account

from rempart.foundation.access.actor import Role
from rempart.foundation.access.models import Agent, create_machine_key
from rempart.foundation.access.signin import factors
from rempart.foundation.database.connection import Database
from rempart.foundation.directories.models import Laboratory as Known
from rempart.foundation.vault import Keyring, keyring_of
from rempart.screening.rules.report import Format
from rempart.screening.signing.signers import export_trust
from rempart.simulators.damage import Damage, payload
from rempart.simulators.messages import Laboratory, Sample
from rempart.site import serving
from rempart.site.configuration import Configuration
from rempart.site.listening import Listening, free_port

PASSWORD = "Une phrase de passe longue, n° 7"
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # of every application: RFC 6238's
_TYPES = {
    Format.HL7V2: "application/hl7-v2",
    Format.HPRIM_MEDECIN: "application/hprim-medecin",
    Format.CDA: "application/hl7-cda+xml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The platform at `url`, and what its operator does for the people of a journey."""

    url: str
    configuration: Configuration

    def employ(
        self, username: str, name: str, *departments: str, application: bool = True, email: str = ""
    ) -> Agent:
        """Give an investigator an account, trained, with an application as second factor or with none yet."""
        agent = account(Role.INVESTIGATOR, *departments, username=username, name=name, email=email)
        agent.set_password(PASSWORD)
        agent.save()
        if application:
            factors.add_application(agent, secret=SECRET, counter=-1, keyring=self.keyring)
        return agent

    def code(self, username: str) -> str:
        """What the application of an account shows, or would show after the code it spent."""
        agent = Agent.objects.get(username=username)
        return factors.next_code(agent, keyring=self.keyring, now=datetime.now(UTC))

    @property
    def keyring(self) -> Keyring:
        return keyring_of(self.configuration.key_store)

    def admit(self, laboratory: Laboratory) -> httpx.Client:
        """Write a laboratory into the directory; its software, with its key."""
        Known.objects.get_or_create(
            finess=laboratory.finess, defaults={"name": laboratory.name, "department": laboratory.department}
        )
        now = datetime.now(UTC)
        key = create_machine_key(laboratory=laboratory.finess, now=now, expires_at=now + timedelta(hours=1))
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {key}"}, timeout=60)

    def deliver(self, *samples: Sample) -> None:
        """Let each laboratory deliver its samples over HTTP, and be told that they are taken."""
        for laboratory in {sample.laboratory.finess: sample.laboratory for sample in samples}.values():
            own = [sample for sample in samples if sample.laboratory.finess == laboratory.finess]
            with self.admit(laboratory) as software:
                for sample in own:
                    answer = software.post(
                        "/api/v1/deliveries",
                        content=payload(sample, Damage.NONE),
                        headers={"Content-Type": _TYPES[laboratory.format]},
                    )
                    taken = "MSA|AA|" if laboratory.format is Format.HL7V2 else '"outcome":"accepted"'
                    assert taken in answer.text.replace(" ", ""), answer.text

    def trust(self, folder: Path) -> Path:
        """The folder of what a verifier needs to trust."""
        export_trust(self.configuration.key_store, folder)
        return folder


@contextmanager
def serve(
    database: Database, var: Path, *, port: int = 0, more: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """Start the web server and the worker, with keys, facts and static files of their own under `var`.

    `port`: any free one when it is 0; `more`: settings besides those of every journey.
    """
    port = port or free_port("127.0.0.1", 0)
    url = f"http://127.0.0.1:{port}"
    environment = {
        **database.environment(),
        "REMPART_VAR": str(var),
        "REMPART_DEMO": "true",
        "REMPART_SECRET_KEY": secrets.token_hex(),
        "REMPART_PUBLIC_URL": url,
        "DJANGO_SETTINGS_MODULE": "rempart.site.settings",
        **(more or {}),
    }
    with ExitStack() as running:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            configuration = Configuration.model_validate({})
            with override_settings(STATIC_ROOT=configuration.static):
                serving.collect_static(configuration)
            web = serving.web_command(Listening(port=port))
            processes = running.enter_context(serving.processes(web, serving.worker_command()))
        serving.wait_until_ready(Listening(port=port), processes, public_url=url)
        yield Served(url=url, configuration=configuration)
        serving.check_alive(processes)

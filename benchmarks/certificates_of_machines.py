"""Certificates of laboratories' machines for the benchmarks, and the authority that signs them."""

from __future__ import annotations

import hashlib
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme


class Authority:
    """Signs the listener's certificate and those of laboratories; writes the listener's files."""

    def __init__(self, folder: Path) -> None:
        self._authority, self._folder = trustme.CA(), folder
        server = self._authority.issue_cert("localhost")
        self.certificate, self.key = folder / "mllp.pem", folder / "mllp.key"
        self.laboratories = folder / "laboratories.pem"
        server.private_key_pem.write_to_path(self.key)
        for part in server.cert_chain_pems:
            part.write_to_path(self.certificate, append=True)
        self._authority.cert_pem.write_to_path(self.laboratories)

    def machine(self, finess: str) -> ssl.SSLContext:
        """The side of TLS of a laboratory's machine, whose certificate is registered."""
        from rempart.foundation.access.models import ClientCertificate

        own = self._authority.issue_cert(f"{finess}.laboratoire.example")
        context = ssl.create_default_context()
        self._authority.configure_trust(context)
        own.configure_cert(context)
        der = ssl.PEM_cert_to_DER_cert(own.cert_chain_pems[0].bytes().decode())
        now = datetime.now(UTC)
        ClientCertificate.objects.create(
            fingerprint=hashlib.sha256(der).digest(), laboratory=finess, name="bench", created_at=now,
            expires_at=now + timedelta(days=1),
        )  # fmt: skip
        return context

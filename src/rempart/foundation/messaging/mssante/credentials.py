"""What we show of ourselves and whom we believe: TLS 1.2 at least, our certificate, the authorities of the trust space."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509


class Unusable(Exception):
    """The files cannot be used now. `code` is stable; the message names the file and what is wrong."""

    def __init__(self, code: str, what: str) -> None:
        super().__init__(what)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """PEM files. `authorities`: who vouches for servers, and nobody else (IGC-Santé); `revoked`: their lists of
    certificates taken back, None when servers are believed without one."""

    certificate: Path  # with its chain
    key: Path | None = None  # None: in the same file
    authorities: Path
    revoked: Path | None = None

    @property
    def stamp(self) -> tuple[int, ...]:
        """Changes when a file does: what was made of them is then made anew."""
        paths = (self.certificate, self.key, self.authorities, self.revoked)
        return tuple(path.stat().st_mtime_ns if path is not None and path.exists() else 0 for path in paths)

    def context(self, *, by_name: bool, now: datetime) -> ssl.SSLContext:
        """For sessions; `by_name`: the server's name must be in its certificate. Raises Unusable: `credentials`,
        `revoked_expired`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.check_hostname = by_name
        context.verify_mode = ssl.CERT_REQUIRED
        path = self.authorities
        try:
            context.load_verify_locations(path)
            path = self.key or self.certificate
            path.open("rb").close()  # what TLS says of a missing file does not name it
            path = self.certificate
            context.load_cert_chain(self.certificate, self.key)
            if self.revoked is not None:
                path = self.revoked
                self._holds(path, now=now)
                context.load_verify_locations(path)
                context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
        except (OSError, ValueError) as why:  # ssl.SSLError is an OSError
            what = why.strerror if isinstance(why, OSError) else "it holds no such list"
            raise Unusable("credentials", f"{path}: {what or type(why).__name__}") from None
        return context

    @staticmethod
    def _holds(path: Path, *, now: datetime) -> None:
        """That no list in the file has expired: servers would all be refused, without saying why."""
        end = b"-----END X509 CRL-----"
        for piece in path.read_bytes().split(end)[:-1]:
            until = x509.load_pem_x509_crl(
                piece[piece.index(b"-----BEGIN X509 CRL-----") :] + end
            ).next_update_utc
            if until is not None and until < now:
                raise Unusable(
                    "revoked_expired", f"{path} expired on {until:%Y-%m-%d %H:%M} UTC: fetch a newer one"
                )


def expires(certificate: Path) -> datetime:
    """When a certificate ends. Raises ValueError or OSError for a file that holds none."""
    return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc.astimezone(UTC)

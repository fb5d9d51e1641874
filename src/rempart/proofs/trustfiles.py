"""What a verifier trusts, from the files it was given: keys, the list of authorities, their revocation lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from rempart.proofs import tsl
from rempart.proofs.trust import NOTHING, TrustError, TrustList

_LIMIT = 32_000_000  # bytes; lists of a large authority reach some megabytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustFiles:
    """Paths, each to a file; `keys` and `crls` to a directory as well."""

    keys: Path | None = None
    services: Path | None = None  # trust service status list: 2D-DOC signers need an authority in it
    services_signer: Path | None = None  # certificate of whoever signed that list
    crls: Path | None = None


def load(files: TrustFiles, *, at: datetime) -> tuple[TrustList, tuple[str, ...]]:
    """What is trusted at an aware moment, and what its user must know (sentences). Raises TrustError."""
    trusted = TrustList.load(files.keys) if files.keys else NOTHING
    notes = [f"Passed over {file}: no certificate and no public key in it." for file in trusted.skipped]
    if files.services is None:
        if files.services_signer or files.crls:
            raise TrustError("A signer or revocation lists are given, but no list of authorities (--tsl).")
        return trusted, tuple(notes)
    services = load_services(files.services, signer=files.services_signer, at=at)
    if services.stale(at):
        raise TrustError(
            f"{files.services}: a newer list was due on {services.next_update:%Y-%m-%d}; fetch it, this one says nothing any more."
        )
    if not services.signature_checked:
        notes.append(
            f"The signature of {files.services} was not checked: anybody may have written it (--tsl-signer)."
        )
    crls = list(_crls(files.crls))
    notes += [
        f"{file}: a newer revocation list was due on {crl.next_update_utc:%Y-%m-%d}; what was revoked since is not in it."
        for file, crl in crls
        if crl.next_update_utc is not None and crl.next_update_utc < at
    ]
    return tsl.vouched(trusted, services, crls=[crl for _, crl in crls]), tuple(notes)


def load_services(path: Path, *, signer: Path | None, at: datetime) -> tsl.TrustServices:
    """A list of authorities at an aware moment, perhaps a stale one. Raises TrustError."""
    try:
        return tsl.parse(_read(path), signer=_read(signer) if signer else None, at=at)
    except tsl.TslError as error:
        raise TrustError(f"{path}: {error}") from error


def _crls(path: Path | None) -> Iterator[tuple[Path, x509.CertificateRevocationList]]:
    if path is None:
        return
    for file in sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]:
        data = _read(file)
        load_crl = x509.load_pem_x509_crl if data.lstrip().startswith(b"-----") else x509.load_der_x509_crl
        try:
            yield file, load_crl(data)
        except ValueError as error:
            raise TrustError(f"{file} is no certificate revocation list (PEM or DER).") from error


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT + 1)
    except OSError as error:
        raise TrustError(f"Cannot read {path}: {error.strerror}.") from error
    if len(data) > _LIMIT:
        raise TrustError(f"{path} is larger than {_LIMIT // 1_000_000} MB.")
    return data

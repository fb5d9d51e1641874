"""All that is trusted, from one file or a folder of them, found by the names that certificates use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rempart.proofs.trust import jwks
from rempart.proofs.trust.certificates import parse
from rempart.proofs.trust.keylists import looks_like_one, parse_key_list
from rempart.proofs.trust.keys import TrustedKey

_FILE_LIMIT = 8_000_000  # bytes; the list of a whole continent is under 1 MB


class TrustError(Exception):
    """A trust list that cannot be used; the message says which file and why."""


@dataclass(frozen=True, slots=True)
class TrustList:
    """Trusted keys, found by the names that certificates use. Empty: nothing is trusted."""

    keys: tuple[TrustedKey, ...]
    skipped: tuple[str, ...]  # files of the directory that hold no certificate and no public key
    _by_key_id: dict[bytes, list[TrustedKey]]
    _by_document: dict[str, list[TrustedKey]]
    _by_thumbprint: dict[str, list[TrustedKey]]

    @classmethod
    def of(cls, keys: Iterable[TrustedKey], *, skipped: Sequence[str] = ()) -> TrustList:
        keys = tuple(keys)
        by_key_id: dict[bytes, list[TrustedKey]] = defaultdict(list)
        by_document: dict[str, list[TrustedKey]] = defaultdict(list)
        by_thumbprint: dict[str, list[TrustedKey]] = defaultdict(list)
        for key in keys:
            if key.thumbprint:
                by_thumbprint[key.thumbprint].append(key)
                continue
            by_key_id[key.key_id].append(key)
            for document in key.documents:
                by_document[document].append(key)
        return cls(keys, tuple(skipped), dict(by_key_id), dict(by_document), dict(by_thumbprint))

    @classmethod
    def load(cls, path: Path) -> TrustList:
        """Read a file (PEM, with any number of blocks, DER, or a key list) or every file under a directory.

        Raises TrustError when the path cannot be read or holds nothing usable.
        """
        if not path.is_dir():
            keys = _keys_in(path)
            if not keys:
                raise TrustError(f"{path} holds no certificate and no public key (PEM, DER or key list).")
            return cls.of(keys)
        found: list[TrustedKey] = []
        skipped: list[str] = []
        for file in sorted(file for file in path.rglob("*") if file.is_file()):
            keys = _keys_in(file)
            found.extend(keys)
            if not keys:
                skipped.append(str(file))
        if not found:
            raise TrustError(
                f"No file under {path} holds a certificate or a public key (PEM, DER or key list)."
            )
        return cls.of(found, skipped=skipped)

    def for_key_id(self, key_id: bytes) -> list[TrustedKey]:
        """Keys that may have signed an EU DCC: those of that identifier (there may be several), then bare ones."""
        return [*self._by_key_id.get(key_id, ()), *self._by_key_id.get(b"", ())]

    def for_document(self, authority: str, certificate_id: str) -> list[TrustedKey]:
        """Keys of a 2D-DOC signer."""
        return self._by_document.get(authority + certificate_id, [])

    def for_thumbprint(self, thumbprint: str) -> list[TrustedKey]:
        """Keys of a SMART Health Card issuer."""
        return self._by_thumbprint.get(thumbprint, [])


NOTHING = TrustList.of(())


def _keys_in(path: Path) -> list[TrustedKey]:
    data = _read(path)
    if looks_like_one(data):
        return [*parse_key_list(data, source=str(path)), *jwks.parse(data, source=str(path))]
    return parse(data, name=path.stem, source=str(path))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_LIMIT + 1)
    except OSError as error:
        raise TrustError(f"Cannot read {path}: {error.strerror}.") from error
    if len(data) > _FILE_LIMIT:
        raise TrustError(f"{path} is larger than {_FILE_LIMIT // 1_000_000} MB: no list of certificates.")
    return data

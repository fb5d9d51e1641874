"""Web sessions that a look into the database does not open.

The row is found by a digest of the visitor's key, and its content is sealed under that key, which only his
cookie holds. Whoever reads the table can neither continue a visit nor see what it holds.
"""

from __future__ import annotations

import base64
import hashlib
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.utils import timezone

_NONCE = 12
_ROW_CHARACTERS = 40  # of Django's column: 160 bits of the digest


def row_key(session_key: str) -> str:
    """The key of the row of a session: tells nothing of the key in the visitor's cookie."""
    return hashlib.sha256(b"rempart session row" + session_key.encode()).hexdigest()[:_ROW_CHARACTERS]


class SessionStore(db.SessionStore):
    """Django's own, but for the key of the row and what is written in it."""

    def encode(self, session_dict: dict[str, Any]) -> str:
        """The content, sealed under the visitor's key."""
        nonce = os.urandom(_NONCE)
        sealed = self._seal().encrypt(nonce, self.serializer().dumps(session_dict), None)
        return base64.b64encode(nonce + sealed).decode()

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """What was sealed; nothing for what another key, or an older version, wrote."""
        try:
            packed = base64.b64decode(session_data)
            opened = self._seal().decrypt(packed[:_NONCE], packed[_NONCE:], None)
            return dict(self.serializer().loads(opened))
        except (ValueError, InvalidTag):
            return {}

    def exists(self, session_key: str) -> bool:
        return super().exists(row_key(session_key))

    async def aexists(self, session_key: str) -> bool:
        return await super().aexists(row_key(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        return self._digested(super().create_model_instance(data))

    async def acreate_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        return self._digested(await super().acreate_model_instance(data))

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            super().delete(row_key(key))

    async def adelete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            await super().adelete(row_key(key))

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        found = self._rows().first() if self.session_key else None
        return self._or_forgotten(found)

    async def _aget_session_from_db(self) -> AbstractBaseSession | None:
        found = await self._rows().afirst() if self.session_key else None
        return self._or_forgotten(found)

    def _rows(self) -> Any:
        return self.model.objects.filter(
            session_key=row_key(str(self.session_key)), expire_date__gt=timezone.now()
        )

    def _or_forgotten(self, found: AbstractBaseSession | None) -> AbstractBaseSession | None:
        if found is None:
            self._session_key = None
        return found

    def _digested(self, row: AbstractBaseSession) -> AbstractBaseSession:
        row.session_key = row_key(row.session_key)
        return row

    def _seal(self) -> AESGCM:
        key = str(self.session_key).encode()  # 165 random bits: a hash is enough
        return AESGCM(hashlib.sha256(b"rempart session seal" + key).digest())

"""The passwords of the embedded cluster's three roles, random, in a file of mode 0600."""

from __future__ import annotations

import json
import os
import secrets
from enum import StrEnum
from pathlib import Path

from rempart.foundation.database.errors import DatabaseError
from rempart.foundation.database.locks import open_file


class Role(StrEnum):
    """Who connects. ADMIN exists in the embedded cluster only, to make the other two and the databases."""

    ADMIN = "rempart_admin"
    OWNER = "rempart_owner"
    APP = "rempart_app"


def read(path: Path) -> dict[Role, str]:
    """The password of each role; DatabaseError when the file is not whole."""
    try:
        content = json.loads(path.read_text("utf-8"))
        return {role: str(content[role]) for role in Role}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatabaseError(
            f"{path} does not hold the passwords of {', '.join(Role)} ({type(error).__name__}). Bring the file back "
            "from a copy; without it the data beside it cannot be opened."
        ) from error


def make(path: Path) -> None:
    """Write new passwords, whole or not at all."""
    half = path.with_suffix(".new")
    half.unlink(missing_ok=True)
    fd = open_file(half)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        json.dump({role: secrets.token_urlsafe(24) for role in Role}, file)
        file.flush()
        os.fsync(fd)
    half.replace(path)

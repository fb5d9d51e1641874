"""What people write where they know nothing: data/placeholders.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Final


def _read() -> Mapping[str, frozenset[str]]:
    text = (files(__package__) / "data" / "placeholders.toml").read_text("utf-8")
    return {kind: frozenset(values) for kind, values in tomllib.loads(text).items()}


PLACEHOLDERS: Final = _read()
"""By kind: `names` as words A-Z, `codes` as letters and digits, `dates` as YYYYMMDD."""

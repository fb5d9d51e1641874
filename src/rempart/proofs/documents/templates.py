"""The typst templates of the documents, with what all of them share in front."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def template(name: str) -> bytes:
    """A template's source: `common.typ`, then the template itself."""
    folder = resources.files("rempart.proofs") / "templates"
    return (folder / "common.typ").read_bytes() + (folder / name).read_bytes()

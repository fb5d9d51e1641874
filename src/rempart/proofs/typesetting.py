"""Typesetting: a template and its data as one PDF, PDF/A-2a and PDF/UA-1; the same bytes for the same values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib import resources
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import typst

_lock = Lock()  # a typst compiler serves one thread at a time, and two would be no faster


class RenderError(Exception):
    """The page could not be made: a fault of the template or of the installation, not of the data."""


def typeset(template: bytes, data: Mapping[str, object], *, at: datetime) -> bytes:
    """The PDF of a typst template, which finds `data` in the file `data.json`; `at` is when it was made.

    Only the shipped font (Public Sans) is there. Raises RenderError.
    """
    import typst

    # Data as a file: values in `sys_inputs` make typst lay out again what has not changed, which takes twice as long.
    files: Any = {"main.typ": template, "data.json": json.dumps(data).encode()}  # not in typst's own types
    with _lock:
        try:
            pdf, warnings = _compiler().compile_with_warnings(
                files,
                format="pdf",
                pdf_standards=["a-2a", "ua-1"],
                timestamp=int(at.timestamp()),
            )
        except typst.TypstError as error:
            # Not chained: the compiler quotes the text it fails on, which may be a person's name.
            raise RenderError(f"The template does not compile: {_unquoted(error.message)}") from None
    if warnings:
        raise RenderError(f"The template has a flaw: {_unquoted(warnings[0].message)}")
    if not isinstance(pdf, bytes):
        raise RenderError("The template gives more than one document.")
    return pdf


def _unquoted(message: str) -> str:
    return re.sub(r'".*"', '"…"', message, flags=re.DOTALL)


@cache
def _compiler() -> typst.Compiler:
    import typst

    with resources.as_file(resources.files("rempart.proofs") / "fonts") as folder:
        fonts = typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)]
        )
    return typst.Compiler(font_paths=fonts)

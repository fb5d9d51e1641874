"""Which form a 2D-DOC has."""

from __future__ import annotations

from rempart.proofs.reasons import ContainerError, Reason
from rempart.proofs.twoddoc import binary, text
from rempart.proofs.twoddoc.document import Document

_MAX_TEXT = 8_192  # characters; the largest DataMatrix holds 2,335
_BINARY_MARK = binary.MARK.decode("iso-8859-1")


def claims_to_be(code: str) -> bool:
    """Whether a text begins as a 2D-DOC does, in either form."""
    return code.startswith((text.MARK, _BINARY_MARK))


def read(code: str) -> Document:
    """Open a 2D-DOC without judging it: its text (separators real or printed), or its bytes as ISO-8859-1.

    Raises ContainerError, whatever the text.
    """
    if len(code) > _MAX_TEXT:
        raise ContainerError(Reason.TOO_LARGE)
    if not code.startswith(_BINARY_MARK):
        return text.read(text.with_separators(code))
    try:
        return binary.read(code.encode("iso-8859-1"))
    except UnicodeEncodeError as error:
        raise ContainerError(Reason.BAD_CHARACTERS) from error

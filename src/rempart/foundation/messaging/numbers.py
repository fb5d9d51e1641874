"""Telephone numbers and addresses, as carriers want them and as they are compared."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from rempart.foundation.messaging.letters import Channel

_SIGNS = re.compile(r"\(0\)|[\s.\-/()\u00a0]")
_NATIONAL = re.compile(r"0[1-9][0-9]{8}", re.ASCII)
_ABROAD = re.compile(r"(?:\+|00)([1-9][0-9]{7,14})", re.ASCII)
_COMPARED = 9


def international(number: str) -> str:
    """A mobile number with its country code, without a plus sign (E.164); empty for what is none."""
    bare = _SIGNS.sub("", number)
    if found := _ABROAD.fullmatch(bare):
        return found[1]
    if not _NATIONAL.fullmatch(bare):
        return ""
    codes = _codes()
    beginning = max((one for one in codes if bare.startswith(one)), key=len, default="")
    return f"{codes[beginning]}{bare[1:]}" if beginning else ""


def comparable(channel: Channel, recipient: str) -> str:
    """A recipient as every spelling of it gives it: the last nine digits of a number; an address in small letters."""
    if channel is Channel.SMS:
        return "".join(character for character in recipient if character.isdigit())[-_COMPARED:]
    return " ".join(recipient.lower().split())


@cache
def _codes() -> Mapping[str, str]:
    found = tomllib.loads(resources.files(__package__).joinpath("data/numbering.toml").read_text("utf-8"))
    codes: Mapping[str, str] = found["codes"]
    return codes

"""Telephone numbers and addresses, as carriers want them and as they are compared."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from rempart.foundation.messaging.letters import Channel

_SIGNS = re.compile(r"\(0\)|[\s.\-/()\u00a0]")
_NATIONAL = re.compile(r"0[1-9][0-9]{8}", re.ASCII)
_ABROAD = re.compile(r"(?:\+|00)([1-9][0-9]{7,14})", re.ASCII)


def international(number: str) -> str:
    """A mobile number with its country code, without a plus sign (E.164); empty for what is none, or is no country's and
    paid for by whoever writes to it."""
    bare = _SIGNS.sub("", number)
    if found := _ABROAD.fullmatch(bare):
        if not found[1].startswith("33"):
            return "" if found[1].startswith(_data().nobodys) else found[1]
        bare = f"0{found[1][2:]}"  # a number overseas may be said with the code of France
    if not _NATIONAL.fullmatch(bare):
        return ""
    codes = _data().codes
    beginning = max((one for one in codes if bare.startswith(one)), key=len, default="")
    return f"{codes[beginning]}{bare[1:]}" if beginning else ""


def comparable(channel: Channel, recipient: str) -> str:
    """A recipient as every spelling of it gives it: a number with its country code, whether its sign stands before it, as
    with us, or not, as with operators; an address in small letters."""
    if channel is Channel.SMS:
        digits = "".join(character for character in recipient if character.isdigit())
        return international(recipient) or international(f"+{digits}") or digits
    return " ".join(recipient.lower().split())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Numbering:
    codes: Mapping[str, str]
    nobodys: tuple[str, ...]


@cache
def _data() -> _Numbering:
    found = tomllib.loads(resources.files(__package__).joinpath("data/numbering.toml").read_text("utf-8"))
    return _Numbering(codes=found["codes"], nobodys=tuple(found["no_country"]["codes"]))

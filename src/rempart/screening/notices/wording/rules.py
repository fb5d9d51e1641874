"""What a text of a notice may say, how long it may be, and how it becomes the mail that leaves.

Ours, but for GSM 03.38 (the length of a text message) and the rule that nothing medical stands where a stranger may read it
(issue 5). The words and lengths are data: data/checks.toml.
"""

from __future__ import annotations

import difflib
import html
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from rempart.foundation.messaging import gsm7
from rempart.foundation.messaging.letters import Channel
from rempart.screening.notices.rules import Audience, Words

_NAMED = re.compile(r"\{([a-z_]*)\}")
_LINK = re.compile(r"https?://[^\s<>\"']+")
_WORD = re.compile(r"[a-z0-9]+")
_PLACE = re.compile(r"//+(?P<said>[^\s/?#]*)|(?P<bare>(?:[\w-]+[.\u3002\uff0e\uff61])+[^\W\d_]{2,})")
"""What a telephone or a mail program makes a link of: whatever follows two slashes, and names with points."""
_TO_RELATIVES = "relative-"
_TO_DOCTORS = "doctor-"


class Fault(StrEnum):
    """What is wrong with a text."""

    EMPTY = "empty"
    SUBJECT = "subject"  # missing, or there where the channel has none
    LINES = "lines"  # a subject of several lines
    LONG = "long"
    SEGMENTS = "segments"
    UNKNOWN = "unknown"  # a name in braces that is none of this kind
    MISSING = "missing"  # a name that this kind needs
    BRACE = "brace"
    FORBIDDEN = "forbidden"
    PLACE = "place"  # an address on the web that is none of those trusted


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """`what`: the word, name or figure at fault; `most`: the figure allowed, 0 where there is none."""

    fault: Fault
    what: str = ""
    most: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text message has no `subject`. Both hold names in braces, which are filled in for each recipient."""

    text: str
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of notice: what its texts must and may name, and how they read as long as nobody published another."""

    name: str
    label: str
    needs: tuple[str, ...]
    may: tuple[str, ...]
    defaults: Mapping[Channel, Text]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    forbidden: tuple[str, ...]
    forbidden_to_relatives: tuple[str, ...]
    places: tuple[str, ...]
    most_text: int
    most_subject: int
    most_segments: int
    samples: Mapping[str, str]


@cache
def kinds() -> Mapping[str, Kind]:
    """Every kind, by its name, in the order of the file."""
    return {
        name: Kind(
            name=name,
            label=said["label"],
            needs=tuple(said["needs"]),
            may=tuple(said.get("may", ())),
            defaults={
                channel: Text(
                    text=said[channel.value]["text"].strip(), subject=said[channel.value].get("subject", "")
                )
                for channel in (Channel.SMS, Channel.EMAIL, Channel.MSSANTE)
                if channel.value in said
            },
        )
        for name, said in _data("texts.toml").items()
    }


@cache
def checks() -> Checks:
    """What texts are checked against."""
    said = _data("checks.toml")
    return Checks(
        forbidden=tuple(said["forbidden"]),
        forbidden_to_relatives=tuple(said["forbidden_to_relatives"]),
        places=tuple(said["places"]),
        most_text=said["most_text"],
        most_subject=said["most_subject"],
        most_segments=said["most_segments"],
        samples=said["samples"],
    )


def kind_for(audience: Audience, words: Words) -> str:
    """The kind of text for a reader and what there is to say."""
    whose = {
        Audience.PERSON: "",
        Audience.RELATIVE: _TO_RELATIVES,
        Audience.OWN_MAILBOX: "own-",
        Audience.PRESCRIBER: _TO_DOCTORS,
        Audience.TREATING_DOCTOR: _TO_DOCTORS,
    }
    return f"{whose[audience]}{words.value}"


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its names replaced. A value is never read again: what it holds in braces stays as it is."""
    return _NAMED.sub(lambda found: values.get(found[1], ""), text)


def samples(public_url: str) -> Mapping[str, str]:
    """What might stand for each name: the link leads to this deployment, for its length is what a text message pays."""
    return {**checks().samples, "link": f"{public_url}{checks().samples['link']}"}


def sample(text: str, *, public_url: str) -> str:
    """A text as a recipient might get it."""
    return filled(text, samples(public_url))


def segments(text: str, *, public_url: str) -> int:
    """How many segments a text message takes once its names are filled in."""
    return gsm7.segments(sample(text, public_url=public_url))


def problems(kind: Kind, channel: Channel, text: Text, *, public_url: str) -> Sequence[Problem]:
    """Everything that keeps a text from being published, in the order somebody reads it; none: it may be."""
    limits = checks()
    found = list(_of_subject(channel, text.subject, limits))
    if not text.text.strip():
        return [*found, Problem(fault=Fault.EMPTY)]
    if len(text.text) > limits.most_text:
        found.append(Problem(fault=Fault.LONG, what=str(len(text.text)), most=limits.most_text))
    names = [name for part in (text.subject, text.text) for name in _NAMED.findall(part)]
    known = {*kind.needs, *kind.may}
    found += [Problem(fault=Fault.UNKNOWN, what=name) for name in dict.fromkeys(names) if name not in known]
    said = set(_NAMED.findall(text.text))
    found += [Problem(fault=Fault.MISSING, what=name) for name in kind.needs if name not in said]
    if set("{}") & set(_NAMED.sub("", text.subject + text.text)):
        found.append(Problem(fault=Fault.BRACE))
    if (
        channel is Channel.SMS
        and (count := segments(text.text, public_url=public_url)) > limits.most_segments
    ):
        found.append(Problem(fault=Fault.SEGMENTS, what=str(count), most=limits.most_segments))
    found += [Problem(fault=Fault.FORBIDDEN, what=word) for word in _forbidden(kind, channel, text, limits)]
    found += [Problem(fault=Fault.PLACE, what=place) for place in _strange_places(text, limits)]
    return found


def html_of(text: str, *, subject: str) -> str:
    """A mail as HTML, made of its text and nothing else: paragraphs, and links that show where they lead."""
    paragraphs = [
        "<br>".join(_LINK.sub(_anchor, html.escape(line, quote=False)) for line in part.split("\n"))
        for part in re.split(r"\n{2,}", text.strip())
    ]
    body = "".join(f"<p>{part}</p>" for part in paragraphs)
    return (
        f'<!DOCTYPE html><html lang="fr"><head><meta charset="utf-8"><title>{html.escape(subject)}</title></head>'
        '<body style="font-family:sans-serif;font-size:1rem;line-height:1.5;max-width:40em;color:#161616;'
        f'background:#ffffff">{body}</body></html>'
    )


def difference(before: Text, after: Text) -> Sequence[tuple[str, str]]:
    """The lines of two versions: ("-", line) went, ("+", line) came, (" ", line) stayed."""
    old, new = (
        [f"Objet : {one.subject}"] * bool(one.subject) + one.text.split("\n") for one in (before, after)
    )
    return [(line[0], line[2:]) for line in difflib.ndiff(old, new) if line[0] in "-+ "]


def _of_subject(channel: Channel, subject: str, limits: Checks) -> Iterator[Problem]:
    if bool(subject.strip()) == (channel is Channel.SMS):
        yield Problem(fault=Fault.SUBJECT)
    if "\n" in subject or "\r" in subject:
        yield Problem(fault=Fault.LINES)
    if len(subject) > limits.most_subject:
        yield Problem(fault=Fault.LONG, what=str(len(subject)), most=limits.most_subject)


def _forbidden(kind: Kind, channel: Channel, text: Text, limits: Checks) -> Iterator[str]:
    """The words that a stranger must not read. MSSanté opens to its owner alone: anything may stand there."""
    if channel is Channel.MSSANTE:
        return
    to_relative = kind.name.startswith(_TO_RELATIVES)
    everywhere = channel is Channel.SMS or to_relative
    words = (*limits.forbidden, *limits.forbidden_to_relatives) if to_relative else limits.forbidden
    read = f"{text.subject} {text.text}" if everywhere else text.subject
    for word in dict.fromkeys(_WORD.findall(_plain(_NAMED.sub(" ", read)))):
        if word.startswith(words):
            yield word


def _strange_places(text: Text, limits: Checks) -> Iterator[str]:
    """Where a link would lead but to the portal and to those trusted: who follows it, or whose own link is made a part of it,
    gives away what opens his result."""
    said = _NAMED.sub(" ", f"{text.subject} {text.text}")
    for found in dict.fromkeys(match["said"] or match["bare"] or "//" for match in _PLACE.finditer(said)):
        name = found.casefold()
        if not any(name == one or name.endswith(f".{one}") for one in limits.places):
            yield found


def _plain(text: str) -> str:
    """Without accents, and without what is not seen and parts a word."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(
        letter
        for letter in apart
        if not unicodedata.combining(letter) and unicodedata.category(letter) != "Cf"
    )


def _anchor(found: re.Match[str]) -> str:
    address = found[0]  # of escaped text: "&" is "&amp;" already
    return f'<a href="{address}">{address}</a>'


def _data(name: str) -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "data" / name).read_text("utf-8"))

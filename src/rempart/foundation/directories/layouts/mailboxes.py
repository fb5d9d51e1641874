"""The mailboxes of MSSanté: Extraction_Correspondance_MSSante, one line per mailbox and holder.

`|` between fields, UTF-8, 31 columns named in the first line; PER (of a person) and ORG (of a structure) only, an address
may stand on several lines. Reference: certificates.md §7.3. How a structure is numbered is not documented: a FINESS is
recognised by its form, bare or after the prefix 1 of national identifiers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rempart.foundation.directories.layouts.rows import (
    Fault,
    Layout,
    Lines,
    Row,
    address,
    begins_with,
    named_rows,
)
from rempart.foundation.directories.policy import Directory
from rempart.foundation.identifiers import rpps

_ADDRESS = re.compile(r"[^\s@|<>]+@[^\s@|<>]+")
_FINESS = re.compile(r"[0-9][0-9AB][0-9]{7}", re.ASCII)
_KINDS = frozenset({"PER", "ORG", "APP", "CAB"})

_LONGEST = 20
"""Characters of a number: RPPS has 11, ADELI 9, those internal to an establishment some more."""


def _read(lines: Lines) -> Iterator[Row | Fault]:
    for found in named_rows(lines, Directory.MAILBOXES):
        if isinstance(found, Fault):
            yield found
            continue
        line, said = found
        kind, mailbox = said["kind"].strip().upper(), said["address"].strip().lower()
        if kind not in _KINDS:
            yield Fault(line=line, why="the kind of mailbox is not PER, ORG, APP or CAB")
            continue
        if not _ADDRESS.fullmatch(mailbox):
            yield Fault(line=line, why="not an address of a mailbox")
            continue
        number = rpps.rpps_of(said["number"])
        if len(number) > _LONGEST:
            yield Fault(line=line, why="too long a number (Identifiant PP)")
            continue
        structure = rpps.finess_of(said["structure"])
        yield Row(
            line=line,
            values=(
                mailbox,
                kind,
                number,
                said["structure"],
                structure if _FINESS.fullmatch(structure) else "",
                said["service"],
                said["title"],
                said["family_name"],
                said["first_name"],
                said["profession_code"],
                said["trade_name"] or said["legal_name"],
                address(
                    said["point"],
                    said["distribution"],
                    f"{said['street_number']} {said['repetition']} {said['street_type']} {said['street']}",
                    said["place"],
                    said["routing"] or said["postcode"],
                ),
            ),
        )


LAYOUT = Layout(
    directory=Directory.MAILBOXES,
    table="directories_mailbox",
    columns=dict.fromkeys(
        (
            "address",
            "kind",
            "number",
            "structure",
            "finess",
            "service",
            "title",
            "family_name",
            "first_name",
            "profession_code",
            "structure_name",
            "structure_address",
        ),
        "text",
    ),
    key="address",
    unique=False,
    begins=begins_with(Directory.MAILBOXES, "Type de BAL", "Adresse BAL"),
    read=_read,
)

"""Who may do what, where and for what purpose: the table data/rights.toml, as values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources

from rempart.foundation.access.refusals import NotAllowed


class Role(StrEnum):
    """What somebody is here for. An account has one role; who has two jobs has two accounts."""

    INVESTIGATOR = "investigator"  # level 2, health insurance
    REGIONAL_INVESTIGATOR = (
        "regional-investigator"  # level 3, regional agency or cell of Santé publique France
    )
    DELEGATE = "delegate"  # works for one of them, on the files handed to him
    DOCTOR = "doctor"
    PHARMACIST = "pharmacist"
    NURSE = "nurse"
    BIOLOGIST = "biologist"  # and whoever works for a laboratory under its account
    ADMINISTRATOR = "administrator"  # opens the accounts of a region
    REFERENT = "referent"  # of a region, for the connection of its laboratories
    HELP_DESK = "help-desk"
    COMMUNICATION = "communication"  # writes what notices say
    OPERATOR = "operator"
    EPIDEMIOLOGIST = "epidemiologist"
    DATA_PROTECTION = "data-protection"  # data-protection officer
    OVERSIGHT = "oversight"  # member of the committee that watches over the platform
    LABORATORY = "laboratory"  # a machine
    PATIENT = "patient"
    SYSTEM = "system"


class Purpose(StrEnum):
    """Why something nominative is done; written in the audit."""

    INTAKE = "intake"
    INVESTIGATION = "investigation"
    CARE = "care"
    OWN_DATA = "own-data"
    NOTICE = "notice"
    SURVEILLANCE = "surveillance"
    OPERATION = "operation"
    ADMINISTRATION = "administration"
    RIGHTS = "rights"
    OVERSIGHT = "oversight"
    EXCHANGE = "exchange"


class Right(StrEnum):
    """One kind of thing that can be done; each has its row in the table."""

    CASES_LIST = "cases.list"
    CASES_SEARCH = "cases.search"
    CASES_OPEN = "cases.open"
    CASES_WORK = "cases.work"
    CASES_HAND_OVER = "cases.hand-over"
    IDENTITIES_REVIEW = "identities.review"
    FILES_SAMPLING = "files.sampling"
    FILES_MASKS = "files.masks"
    RESULTS_ENTER = "results.enter"
    DRIVES_RUN = "drives.run"
    GLASS_BREAK = "glass.break"
    GLASS_REVIEW = "glass.review"
    ACCOUNTS_MANAGE = "accounts.manage"
    ACCOUNTS_REVIEW = "accounts.review"
    ACCOUNTS_UNBLOCK = "accounts.unblock"
    KEYS_MANAGE = "keys.manage"
    DELIVERIES_SEND = "deliveries.send"
    TABLES_UPLOAD = "tables.upload"
    REGISTER_EDIT = "register.edit"
    REGISTER_COMPLETE = "register.complete"
    DESK_USE = "desk.use"
    DESK_OPEN = "desk.open"
    DESK_WATCH = "desk.watch"
    HANDOVER_USE = "handover.use"
    CALLS_MAKE = "calls.make"
    NOTICES_WORD = "notices.word"
    MESSAGES_WATCH = "messages.watch"
    TRANSCODING_EDIT = "transcoding.edit"
    RESULTS_OWN = "results.own"
    REQUESTS_OWN = "requests.own"
    REQUESTS_HANDLE = "requests.handle"
    RETENTION_MANAGE = "retention.manage"
    AUDIT_SEARCH = "audit.search"
    AUDIT_ALERTS = "audit.alerts"
    OVERSIGHT_READ = "oversight.read"
    EXCHANGE_USE = "exchange.use"


class Where(StrEnum):
    """How far a right reaches; data/rights.toml says what each word means."""

    NATION = "nation"
    DEPARTMENTS = "departments"
    ESTABLISHMENT = "establishment"
    HANDED = "handed"
    NAMED = "named"
    OWN = "own"


class Fields(StrEnum):
    """Groups of a person's fields."""

    IDENTITY = "identity"  # names, birth date, sex
    NUMBER = "number"  # NIR or INS
    CONTACT = "contact"  # telephone, e-mail
    ADDRESS = "address"
    SAMPLING = "sampling"  # when, where, in what state the test is
    RESULT = "result"
    CLINICAL = "clinical"  # symptoms, residence kind, health worker
    PRESCRIBER = "prescriber"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One cell of the table: a right, as one role has it."""

    right: Right
    role: Role
    where: Where
    purpose: Purpose
    sees: tuple[Fields, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table: a right and everybody who has it."""

    right: Right
    does: str
    purpose: Purpose
    sees: tuple[Fields, ...]
    to: Mapping[Role, Where]


@lru_cache(maxsize=1)
def table() -> Mapping[Right, Row]:
    """The whole table, in the order it is written. Raises ValueError when it names what does not exist, or
    leaves a right out."""
    text = resources.files(__package__).joinpath("data/rights.toml").read_text("utf-8")
    rows = {
        Right(name): Row(
            right=Right(name),
            does=row["does"],
            purpose=Purpose(row["purpose"]),
            sees=tuple(Fields(group) for group in row.get("sees", ())),
            to={Role(role): Where(where) for role, where in row["to"].items()},
        )
        for name, row in tomllib.loads(text).items()
    }
    if missing := set(Right) - set(rows):
        raise ValueError(f"rights.toml has no row for {', '.join(sorted(missing))}")
    return rows


def granted(role: Role, right: Right) -> Grant:
    """The right as this role has it. Raises NotAllowed when it has not."""
    row = table()[right]
    where = row.to.get(role)
    if where is None:
        raise NotAllowed(f"{role} has no {right}")
    return Grant(right=right, role=role, where=where, purpose=row.purpose, sees=row.sees)


def has(role: Role, right: Right) -> bool:
    """Whether a role has a right at all."""
    return role in table()[right].to

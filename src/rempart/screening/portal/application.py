"""What the portal takes from its data: how far back its list goes, and the links of the phone's application."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An application on the person's phone, and the links it opens by; an empty link: it does not."""

    name: str
    declare: str
    twoddoc: str
    dcc: str
    separator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Where a person goes to put what is hers into the application; empty where there is nothing to put."""

    dcc: str = field(default="", repr=False)  # carries the declaration code too, where there is one
    twoddoc: str = field(default="", repr=False)
    declare: str = field(default="", repr=False)


def links(application: Application, *, twoddoc: str, hc1: str, code: str) -> Links:
    """The links of one result. Any of its texts may be empty.

    Certificates are percent-encoded whole: separators of a 2D-DOC become %1D and %1F. The EU certificate stands after `#`,
    which no browser sends to a server.
    """
    encoded = quote(hc1, safe="")
    both = f"{encoded}{application.separator}{code}" if code else encoded
    return Links(
        dcc=application.dcc.format(certificate=both) if hc1 and application.dcc else "",
        twoddoc=application.twoddoc.format(certificate=quote(twoddoc, safe="")) if twoddoc else "",
        declare=declare_link(application, code),
    )


def declare_link(application: Application, code: str) -> str:
    """Opens the application with a declaration code; empty where either is missing."""
    return application.declare.format(code=code) if code and application.declare else ""


def application() -> Application | None:
    """The application of this deployment; None where it names none."""
    row = _data()["application"]
    named = {name: str(row[name]) for name in ("name", "declare", "twoddoc", "dcc", "separator")}
    return Application(**named) if named["name"] else None


def listed_for() -> timedelta:
    """How long after its sampling a test is in the list."""
    return timedelta(days=_data()["list"]["days"])


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads((files(__package__) / "data" / "portal.toml").read_text("utf-8"))

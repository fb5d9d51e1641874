"""Connection URLs in the form that libpq and Django both read."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from psycopg.conninfo import conninfo_to_dict


def compose(**parameters: str) -> str:
    """A postgresql:// URL of libpq's parameters; a socket's folder may hold any character."""
    rest = dict(parameters)
    user, password = (quote(rest.pop(name, ""), safe="") for name in ("user", "password"))
    login = f"{user}:{password}@" if password else f"{user}@" if user else ""
    dbname = quote(rest.pop("dbname", ""), safe="")
    query = urlencode(rest, quote_via=quote, safe="")
    return f"postgresql://{login}/{dbname}" + (f"?{query}" if query else "")


def change(url: str, **parameters: str) -> str:
    """The same server, with another user, password or dbname."""
    return compose(**{name: str(value) for name, value in conninfo_to_dict(url).items()} | parameters)

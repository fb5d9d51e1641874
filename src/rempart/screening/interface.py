"""The machines' interface as OpenAPI describes it: what a delivery's request and answers are made of.

The doors (api.py) read and write bytes themselves; this is what they promise, held by schemathesis in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rempart.screening.formats.media import MEDIA_TYPES
from rempart.screening.rules.refusals import refusals
from rempart.screening.rules.report import Outcome, Severity

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_UUID: Schema = {"type": "string", "format": "uuid"}
_RANK: Schema = {"type": "integer", "minimum": 0}


def _object(required: Mapping[str, Schema], **optional: Schema) -> Schema:
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


_FINDING: dict[str, Schema] = {
    "code": {"type": "string", "pattern": "^[A-Z][0-9]{2}$"},
    "severity": {"type": "string", "enum": [one.value for one in Severity]},
    "location": _TEXT,
    "message": _TEXT,
    "do": _TEXT,
}
_FOUND = _object(
    _FINDING, text={**_TEXT, "description": "What the code means, in French (Accept-Language: fr)"}
)
_GROUP = _object(
    {
        **_FINDING,
        "text_fr": _TEXT,
        "do_fr": _TEXT,
        "items": {"type": "array", "items": _RANK, "description": "Ranks of the messages it was said of"},
    }
)
_ITEM = _object(
    {
        "item": {**_RANK, "description": "Rank of the message in the delivery, from 0"},
        "control_id": {**_TEXT, "description": "MSH-10; empty where the format has none"},
        "outcome": {"type": "string", "enum": [one.value for one in Outcome]},
        "delivery": {
            **_UUID,
            "description": "The delivery that holds it: the first one, when it is a repeat",
        },
        "repeated": {"type": "boolean", "description": "The same bytes had been kept before"},
        "findings": {"type": "array", "items": _FOUND},
    }
)
_ITEMS: dict[str, Schema] = {
    "items": {"type": "array", "items": _ITEM},
    "groups": {"type": "array", "items": _GROUP, "description": "What was said, the same once"},
}
_ANSWER = _object(_ITEMS)
_PROBLEM = _object({"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}}, detail=_TEXT)
_STATES: dict[str, Schema] = {"status": {"type": "string", "enum": ["waiting", "done", "failed"]}}
_TAKEN = _object({"delivery": _UUID, **_STATES, "url": _TEXT})
_STANDING = _object(
    {"delivery": _UUID, **_STATES, "received_at": {"type": "string", "format": "date-time"}},
    **_ITEMS,
    problem=_PROBLEM,
)
_BINARY: Schema = {"type": "string", "format": "binary"}
_RETRY: Schema = {
    "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds until it may be tried again"}
}


def _json(description: str, schema: Schema, **more: Any) -> Schema:
    return {"description": description, "content": {"application/json": {"schema": schema}}, **more}


def _refusals(*statuses: int) -> dict[int, Schema]:
    """The problems of these statuses, with the codes that their titles may be."""
    found: dict[int, Schema] = {}
    for status in statuses:
        codes = sorted(one.code for one in refusals().values() if one.status == status)
        retried = any(one.retry for one in refusals().values() if one.status == status)
        found[status] = {
            "description": f"Refused; `title` is the code: {', '.join(codes)}",
            "content": {"application/problem+json": {"schema": _PROBLEM}},
            **({"headers": _RETRY} if retried else {}),
        }
    return found


def _header(name: str, description: str) -> Schema:
    return {"in": "header", "name": name, "required": False, "description": description, "schema": _TEXT}


DELIVER: Schema = {
    "parameters": [
        _header("Prefer", "`respond-async`: do not wait; the answer is fetched later"),
        _header("Accept-Language", "`fr`: what codes mean and what to do, in French"),
    ],
    "requestBody": {
        "required": True,
        "description": "At most 50 MB and 10,000 messages; the content type names the format",
        "content": {name: {"schema": _BINARY} for name in MEDIA_TYPES},
    },
    "responses": {
        200: {
            "description": (
                "What became of each message, after all of them are on disk. HL7 v2 and HPRIM Santé are answered by "
                "their own acknowledgements unless Accept asks for JSON."
            ),
            "content": {
                "application/json": {"schema": _ANSWER},
                "application/hl7-v2": {"schema": _BINARY},
                "application/hprim-sante": {"schema": _BINARY},
            },
        },
        202: _json(
            "Taken, with `Prefer: respond-async`; the answer will be at `url`", _TAKEN,
            headers={"Location": {"schema": _TEXT}, **_RETRY},
        ),
        **_refusals(401, 413, 415, 429, 500, 503),
    },
}  # fmt: skip

STATUS: Schema = {
    "responses": {
        200: _json("Where it stands; with `items` and `groups` once it is done", _STANDING, headers=_RETRY),
        **_refusals(401, 404, 429, 503),
    }
}

"""The public test certificates of fifteen countries (dgc-testdata): what each file expects, and what we find."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import base45

from rempart.proofs import barcodes, cose, dcc, dcc_schema, trust
from rempart.proofs.trust import TrustList

CORPORA = Path(__file__).parents[1].parent / "shared" / "corpora" / "certificates"
TESTDATA = CORPORA / "dgc-testdata"
_RAW = re.compile("2DCode/raw/", re.IGNORECASE)
ABSENT = f"public test data is not at {CORPORA}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """One file: a certificate in each of its layers, whom to trust, when to judge, and what to expect."""

    name: str  # BG/4
    content: dict[str, Any]

    @property
    def text(self) -> str:
        return str(self.content["PREFIX"])

    @property
    def schema(self) -> str:
        return str(self.content["TESTCTX"]["SCHEMA"])

    @property
    def at(self) -> datetime:
        clock = datetime.fromisoformat(self.content["TESTCTX"]["VALIDATIONCLOCK"])
        return clock if clock.tzinfo else clock.replace(tzinfo=UTC)

    @property
    def trusted(self) -> TrustList:
        return TrustList.of(trust.parse(base64.b64decode(self.content["TESTCTX"]["CERTIFICATE"])))

    @property
    def expected(self) -> dict[str, bool]:
        """By step, without `EXPECTED`; steps under which a file expects nothing are left out."""
        results = self.content["EXPECTEDRESULTS"]
        return {name.removeprefix("EXPECTED"): value for name, value in results.items()}

    def found(self) -> dict[str, bool]:
        """By step, what we find; steps for which the file lacks the layer are left out."""
        return dict(self._found())

    def _found(self) -> Iterator[tuple[str, bool]]:
        content = self.content
        envelope = dcc.read(self.text)
        says = cose.to_json(envelope.certificate)
        yield "UNPREFIX", self.text.removeprefix(dcc.PREFIX) == content["BASE45"]
        compressed = base45.b45decode(content["BASE45"])
        if content.get("COMPRESSED"):
            yield "B45DECODE", compressed.hex() == content["COMPRESSED"].lower()
        if content.get("COSE"):
            yield "COMPRESSION", zlib.decompress(compressed).hex() == content["COSE"].lower()
        if content.get("CBOR"):
            cbor = cose.to_json(cose.decode_cbor(bytes.fromhex(content["CBOR"])))
            yield "DECODE", cbor in (says, cose.to_json(cose.decode_cbor(envelope.message.payload)))
        yield "VALIDJSON", says == content["JSON"]
        yield "SCHEMAVALIDATION", dcc_schema.deviations(envelope.certificate) == ()
        keys = self.trusted.keys
        yield "VERIFY", any(cose.verifies(envelope.message, key.public_key) for key in keys)
        yield "KEYUSAGE", all(key.usages is None or envelope.usages <= key.usages for key in keys)
        yield "EXPIRATIONCHECK", envelope.issued_at <= self.at <= envelope.expires_at
        if content.get("2DCODE"):
            yield "PICTUREDECODE", self.text in barcodes.read_png(base64.b64decode(content["2DCODE"]))


def vectors() -> list[Vector]:
    """Every file of the test data, by name; none when it is absent."""
    return [
        Vector(
            name=_RAW.sub("", path.relative_to(TESTDATA).as_posix()).removesuffix(".json"),
            content=json.loads(path.read_text("utf-8")),
        )
        for path in sorted(TESTDATA.rglob("*.json"))
    ]

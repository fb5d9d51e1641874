"""Certificates issued, printed and verified per second on one core, and a record day's on two.

Beside what cannot be saved: a bare ECDSA P-256 signature, or its verification, and a bare typst page with two codes.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from importlib import resources
from itertools import cycle
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

import typst
from benchmarks.rows import Row, rate, table
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from rempart.proofs import signing, testcertificate, trust, uvci
from rempart.proofs.documents import certificate as paper
from rempart.proofs.trust import jwks
from rempart.proofs.verdict import verify

NOW = datetime(2021, 4, 9, 7, 30, tzinfo=UTC)
SIGNATURE, VERIFICATION = "ECDSA P-256 signature", "ECDSA P-256 verification"
PAGE = "bare typst page with two codes (PDF/A-2a, PDF/UA-1)"
ISSUER = "https://benchmark.example"
RECORD_DAY = 2_280_000  # results; each has an EU DCC and a 2D-DOC to be signed
PROCESSES = 2
_PAGES = 300  # more than typst remembers
_NAMES = ("Martin", "Lefèvre", "Da Silva", "Nguyễn", "Œuvrard", "d’Almeida", "Ben Saïd", "Müller-Roux")
_FIRST_NAMES = ("Zoé", "Anne-Noëlle", "Jean", "Karim", "Chloé", "Maëlys", "Paul", "Inès")
_CERTIFICATE = testcertificate.TestCertificate(
    birth_name="Lefèvre",
    first_names=("Zoé", "Anne-Noëlle"),
    birth_date=date(1984, 2, 29),
    sex=testcertificate.Sex.FEMALE,
    loinc="94500-6",
    analysis_label="SARS-CoV-2 ARN, RT-PCR",
    analysis=testcertificate.Analysis.NAAT,
    result=testcertificate.Result.NEGATIVE,
    sampled_at=NOW - timedelta(hours=20),
    laboratory_name="Laboratoire des Trois Rivières",
    issuer="Rempart",
    uvci=uvci.derive(b"benchmark"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    dcc: signing.KeyMaterial
    seal: signing.KeyMaterial

    @classmethod
    def make(cls) -> _Keys:
        make = partial(
            signing.make_document_signer,
            not_before=NOW - timedelta(days=1),
            not_after=NOW + timedelta(days=365),
        )
        return cls(
            dcc=make(common_name="Benchmark DSC", issuer_name="Benchmark CSCA"),
            seal=make(common_name="0001", issuer_name="BMK0"),
        )


def run(*, seconds: float = 1.5, payloads: int = 100_000) -> list[Row]:
    """One row per step; `seconds` of measure each, and `payloads` for the record day."""
    keys = _Keys.make()
    dcc, seal = keys.dcc.signer(), keys.seal.signer()
    issued = testcertificate.issue(_CERTIFICATE, dcc_signer=dcc, twoddoc_signer=seal, issued_at=NOW)
    issue_card = partial(testcertificate.issue_card, _CERTIFICATE, dcc, issuer=ISSUER, issued_at=NOW)
    card = issue_card()
    trusted = trust.TrustList.of(
        [
            *trust.parse(keys.dcc.certificate),
            *trust.parse(keys.seal.certificate),
            *jwks.parse(jwks.key_set([dcc.private_key.public_key()], issuer=ISSUER)),
        ]
    )
    key, message, algorithm = ec.generate_private_key(ec.SECP256R1()), bytes(300), ec.ECDSA(hashes.SHA256())
    signature, public_key = key.sign(message, algorithm), key.public_key()
    steps: dict[str, dict[str, Callable[[], object]]] = {
        SIGNATURE: {
            SIGNATURE: lambda: key.sign(message, algorithm),
            "EU DCC issued": partial(testcertificate.issue_dcc, _CERTIFICATE, dcc, issued_at=NOW),
            "2D-DOC issued": partial(testcertificate.issue_twoddoc, _CERTIFICATE, seal, issued_at=NOW),
            "SMART Health Card issued": issue_card,
        },
        VERIFICATION: {
            VERIFICATION: lambda: public_key.verify(signature, message, algorithm),
            **{
                f"{name} verified": partial(verify, text, trust=trusted, at=NOW)
                for name, text in (
                    ("EU DCC", issued.hc1),
                    ("2D-DOC", issued.twoddoc),
                    ("SMART Health Card", card),
                )
            },
        },
        PAGE: _pages(dcc, seal),
    }
    rows: list[Row] = []
    for limit, measured in steps.items():
        speeds = {name: rate(step, seconds=seconds) for name, step in measured.items()}
        bare = speeds.pop(limit)
        rows.append(Row(name=limit, per_second=bare))
        rows += [
            Row(name=name, per_second=speed, limit_name=limit, ratio=speed / bare)
            for name, speed in speeds.items()
        ]
    return [*rows, _record_day(keys, payloads=payloads, signature=rows[0].per_second)]


def _pages(dcc: signing.Signer, seal: signing.Signer) -> dict[str, Callable[[], object]]:
    """Another person on each page, since typst remembers what it has laid out: the bare page, called as typst's manual
    says, with the words and codes of a certificate and nothing laid out; and the certificate, its codes not made yet."""
    issue = partial(testcertificate.issue, dcc_signer=dcc, twoddoc_signer=seal, issued_at=NOW)
    issued = [(certificate, issue(certificate)) for certificate in _persons(_PAGES, 0)]
    with resources.as_file(resources.files("rempart.proofs") / "fonts") as folder:
        fonts = typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)]
        )
    compiler = typst.Compiler(font_paths=fonts)
    template = (Path(__file__).parent / "bare.typ").read_bytes()
    bare, printed = cycle([json.dumps(paper._page(*one)) for one in issued]), cycle(issued)
    return {
        PAGE: lambda: compiler.compile(
            template,
            format="pdf",
            sys_inputs={"data": next(bare)},
            pdf_standards=["a-2a", "ua-1"],
            timestamp=int(NOW.timestamp()),
        ),
        "certificate printed, its codes made": lambda: paper.render_certificate(*next(printed)),
    }


def _record_day(keys: _Keys, *, payloads: int, signature: float) -> Row:
    """Certificates of different persons on two processes, each on its own; how long a whole record day would take."""
    context = get_context("spawn")
    ready = context.Barrier(PROCESSES)
    with ProcessPoolExecutor(PROCESSES, context, initializer=_share, initargs=(ready,)) as pool:
        shares = [
            pool.submit(_issue_many, keys, payloads // PROCESSES, number) for number in range(PROCESSES)
        ]
        slowest = max(share.result() for share in shares)
    per_second = payloads / slowest
    return Row(
        name=f"EU DCC and 2D-DOC of {payloads:,} persons, {PROCESSES} processes "
        f"(a record day of {RECORD_DAY:,}: {RECORD_DAY / per_second:.0f} s)",
        per_second=per_second,
        limit_name=f"{PROCESSES} × {SIGNATURE}",
        ratio=per_second / (signature * PROCESSES),
    )


_ready: list[Barrier] = []


def _share(ready: Barrier) -> None:
    _ready.append(ready)


def _issue_many(keys: _Keys, count: int, seed: int) -> float:
    """Seconds that `count` certificates take, once every process is ready."""
    dcc, seal = keys.dcc.signer(), keys.seal.signer()
    testcertificate.issue(_CERTIFICATE, dcc_signer=dcc, twoddoc_signer=seal, issued_at=NOW)
    _ready[0].wait()
    start = time.perf_counter()
    for certificate in _persons(count, seed):
        testcertificate.issue(certificate, dcc_signer=dcc, twoddoc_signer=seal, issued_at=NOW)
    return time.perf_counter() - start


def _persons(count: int, seed: int) -> Iterator[testcertificate.TestCertificate]:
    chance = random.Random(seed)
    for _ in range(count):
        yield replace(
            _CERTIFICATE,
            birth_name=chance.choice(_NAMES),
            first_names=(chance.choice(_FIRST_NAMES), chance.choice(_FIRST_NAMES)),
            birth_date=date.fromordinal(chance.randrange(710_000, 737_000)),
            uvci=uvci.derive(chance.randbytes(16)),
        )


if __name__ == "__main__":
    print(table(run()))

"""`rempart certificate`: issue, show and verify test certificates, without a database.

Exit codes: 0 everything holds, 1 something does not, 2 it could not run.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from rempart.proofs import claims as claims_file
from rempart.proofs import inputs, pdf
from rempart.proofs.reasons import MEANING, ContainerError, Kind, Reason
from rempart.proofs.signing import LocalSigner
from rempart.proofs.testcertificate import issue as issue_certificate
from rempart.proofs.trust import TrustError, TrustList
from rempart.proofs.twoddoc import GS, RS, US
from rempart.proofs.verdict import Verdict, open_text
from rempart.proofs.verdict import verify as verify_text

app = typer.Typer(
    name="certificate",
    help="Issue, show and verify test certificates (EU DCC, 2D-DOC).",
    no_args_is_help=True,
)

Inputs = Annotated[
    list[str],
    typer.Argument(
        help="HC1: or 2D-DOC texts, text files with one per line, PNG or PDF files.", metavar="INPUT…"
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object per certificate.")]
At = Annotated[str, typer.Option("--at", help="Another moment than now, ISO 8601 (UTC without an offset).")]
KeyFile = Annotated[Path, typer.Option(help="Private key, PEM or DER.")]
CertificateFile = Annotated[Path, typer.Option(help="Certificate of that key, PEM or DER.")]


@app.command()
def verify(
    inputs_: Inputs,
    trust: Annotated[
        Path | None,
        typer.Option(
            help="File or directory of trusted certificates or public keys, PEM or DER; 2D-DOC: FR000001.der."
        ),
    ] = None,
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Judge signatures and dates of certificates against trusted keys."""
    moment = _moment(at)
    trusted = _trusted(trust)
    verdicts = [
        (found, _judge(found, trusted, moment)) for handed in inputs_ for found in inputs.find(handed)
    ]
    for found, verdict in verdicts:
        _say(_json(found, verdict) if as_json else _sentence(found, verdict))
    if any(found.could_not_run for found, _ in verdicts):
        raise typer.Exit(2)
    if not all(verdict.valid for _, verdict in verdicts):
        raise typer.Exit(1)


@app.command()
def show(inputs_: Inputs, as_json: AsJson = False) -> None:
    """Print what certificates say, without judging their signatures."""
    founds = [found for handed in inputs_ for found in inputs.find(handed)]
    readable = True
    for found in founds:
        kind, reason, content, warnings = _open(found)
        readable = readable and reason is None
        if as_json:
            fields = {"input": found.input, "place": found.place, "kind": kind, "reason": reason}
            _say(json.dumps({**fields, "claims": content, "warnings": list(warnings)}))
            continue
        _say(f"{_where(found)}: {kind if reason is None else MEANING[reason]}")
        for line in _lines(content):
            _say(f"  {line}")
        for warning in warnings:
            _say(f"  warning: {warning}")
    if any(found.could_not_run for found in founds):
        raise typer.Exit(2)
    if not readable:
        raise typer.Exit(1)


@app.command()
def issue(
    claims: Annotated[
        Path,
        typer.Argument(help="JSON file with the fields of the certificate, see docs/guides/certificates.md."),
    ],
    dcc_key: KeyFile,
    dcc_certificate: CertificateFile,
    twoddoc_key: KeyFile,
    twoddoc_certificate: CertificateFile,
    pdf_file: Annotated[
        Path | None, typer.Option("--pdf", help="Write the printable certificate there.")
    ] = None,
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Sign a test result as EU DCC and 2D-DOC, and print both texts."""
    moment = _moment(at)
    try:
        certificate = claims_file.parse(claims.read_bytes(), secret=secrets.token_bytes(16))
        issued = issue_certificate(
            certificate,
            dcc_signer=LocalSigner.load(dcc_key.read_bytes(), dcc_certificate.read_bytes()),
            twoddoc_signer=LocalSigner.load(twoddoc_key.read_bytes(), twoddoc_certificate.read_bytes()),
            issued_at=moment,
        )
        if pdf_file is not None:
            pdf_file.write_bytes(pdf.render_pdf(certificate, issued))
    except OSError as error:
        raise _stop(f"Cannot read or write {error.filename}: {error.strerror}.") from error
    except (ValueError, pdf.RenderError) as error:
        raise _stop(str(error)) from error
    if as_json:
        _say(json.dumps({"hc1": issued.hc1, "2d-doc": issued.twoddoc, "uvci": certificate.uvci}))
        return
    if issued.hc1:
        _say(issued.hc1)
    _say(_printed(issued.twoddoc))


def _judge(found: inputs.Found, trust: TrustList, at: datetime) -> Verdict:
    if found.problem is not None:
        return Verdict(kind=Kind.UNKNOWN, reason=found.problem)
    return verify_text(found.text, trust=trust, at=at)


def _open(found: inputs.Found) -> tuple[Kind, Reason | None, dict[str, object], tuple[str, ...]]:
    if found.problem is not None:
        return Kind.UNKNOWN, found.problem, {}, ()
    try:
        opened = open_text(found.text)
    except ContainerError as error:
        return Kind.UNKNOWN, error.reason, {}, ()
    return opened.kind, None, dict(opened.claims), opened.warnings


def _moment(text: str) -> datetime:
    if not text:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _stop(f"--at takes a time such as 2021-05-06T18:00:00Z, not {text!r}.") from error


def _trusted(path: Path | None) -> TrustList:
    if path is None:
        return TrustList.of(())
    try:
        trusted = TrustList.load(path)
    except TrustError as error:
        raise _stop(str(error)) from error
    for file in trusted.skipped:
        typer.echo(f"Passed over {file}: no certificate and no public key in it.", err=True)
    return trusted


def _json(found: inputs.Found, verdict: Verdict) -> str:
    return json.dumps(
        {
            "input": found.input,
            "place": found.place,
            "kind": verdict.kind,
            "valid": verdict.valid,
            "reason": verdict.reason,
            "claims": verdict.claims,
            "warnings": list(verdict.warnings),
        }
    )


def _sentence(found: inputs.Found, verdict: Verdict) -> str:
    answer = "valid" if verdict.valid else "NOT VALID"
    lines = [f"{_where(found)}: {answer} ({verdict.kind}, {verdict.reason}). {MEANING[verdict.reason]}"]
    return "\n".join([*lines, *(f"  warning: {warning}" for warning in verdict.warnings)])


def _where(found: inputs.Found) -> str:
    handed = found.input if len(found.input) <= 40 else f"{found.input[:37]}…"
    return f"{handed}, {found.place}" if found.place else handed


def _lines(content: object, path: str = "") -> Iterator[str]:
    """One line per value: `dcc.nam.fn: Lefèvre`."""
    if isinstance(content, dict):
        items: Iterable[tuple[object, object]] = content.items()
    elif isinstance(content, list):
        items = enumerate(content, start=1)
    else:
        yield f"{path}: {content}"
        return
    for key, value in items:
        yield from _lines(value, f"{path}.{key}" if path else str(key))


def _printed(text: str) -> str:
    """A 2D-DOC as it can be copied from a terminal."""
    return text.replace(GS, "<GS>").replace(RS, "<RS>").replace(US, "<US>")


def _say(text: str) -> None:
    """Print; what a hostile certificate could do to a terminal is taken out of it."""
    clean = "".join(
        character if character.isprintable() or character == "\n" else "�" for character in _printed(text)
    )
    encoding = sys.stdout.encoding or "utf-8"
    typer.echo(clean.encode(encoding, "backslashreplace").decode(encoding))


def _stop(message: str) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(2)

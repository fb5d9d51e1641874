"""`rempart certificate`: issue, show and verify test certificates, without a database.

Exit codes: 0 everything holds, 1 something does not, 2 it could not run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="certificate",
    help="Issue, show and verify test certificates (EU DCC, 2D-DOC, SMART Health Card).",
    no_args_is_help=True,
)

Inputs = Annotated[
    list[str],
    typer.Argument(
        help="HC1:, shc:/ or 2D-DOC texts, text files with one per line, PNG, PDF or .smart-health-card files.",
        metavar="INPUT…",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object per certificate.")]
At = Annotated[str, typer.Option("--at", help="Another moment than now, ISO 8601 (UTC without an offset).")]
KeyFile = Annotated[Path, typer.Option(help="Private key, PEM or DER.")]
CertificateFile = Annotated[Path, typer.Option(help="Certificate of that key, PEM or DER.")]


@app.command()
def verify(
    inputs: Inputs,
    trust: Annotated[
        Path | None,
        typer.Option(
            help="File or directory of trusted certificates, public keys, key lists or key sets; 2D-DOC: FR000001.der."
        ),
    ] = None,
    tsl: Annotated[
        Path | None,
        typer.Option(help="Trust service status list (XML): a 2D-DOC's signer needs an authority in it."),
    ] = None,
    tsl_signer: Annotated[
        Path | None, typer.Option(help="Certificate that must have signed that list, PEM or DER.")
    ] = None,
    crl: Annotated[
        Path | None,
        typer.Option(help="File or directory of these authorities' revocation lists, PEM or DER."),
    ] = None,
    revoked: Annotated[
        Path | None, typer.Option(help="File or directory of hashes of certificates that were taken back.")
    ] = None,
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Judge signatures, dates and revocation of certificates against trusted keys."""
    from rempart.proofs import console
    from rempart.proofs.trustfiles import TrustFiles

    files = TrustFiles(keys=trust, services=tsl, services_signer=tsl_signer, crls=crl)
    try:
        raise typer.Exit(console.verify(inputs, trust=files, revoked=revoked, at=at, as_json=as_json))
    except console.CannotRunError as error:
        raise _stop(error) from error


@app.command()
def control(
    inputs: Inputs,
    trust: Annotated[
        Path | None, typer.Option(help="File or directory of trusted certificates, public keys or key lists.")
    ] = None,
    revoked: Annotated[
        Path | None, typer.Option(help="File or directory of hashes of certificates that were taken back.")
    ] = None,
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Say what somebody at a door may know: accepted today or not, and whose it is; never a result.

    Exit code 0: every certificate is accepted.
    """
    from rempart.proofs import console
    from rempart.proofs.trustfiles import TrustFiles

    try:
        raise typer.Exit(
            console.control(inputs, trust=TrustFiles(keys=trust), revoked=revoked, at=at, as_json=as_json)
        )
    except console.CannotRunError as error:
        raise _stop(error) from error


@app.command()
def rules(
    inputs: Inputs,
    folder: Annotated[
        Path | None, typer.Option("--rules", help="Directory of rules, JSON; those of France by default.")
    ] = None,
    value_sets: Annotated[
        Path | None,
        typer.Option("--valuesets", help="Directory of value sets, JSON; those of 2023 by default."),
    ] = None,
    country: Annotated[str, typer.Option(help="Where its holder comes to, ISO 3166-1 alpha-2.")] = "FR",
    region: Annotated[str, typer.Option(help="The region there, when it has rules of its own.")] = "",
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Say which business rules EU certificates satisfy; whether they hold is for `verify`."""
    from rempart.proofs import console

    try:
        raise typer.Exit(
            console.rules(
                inputs,
                folder=folder,
                value_sets=value_sets,
                country=country,
                region=region,
                at=at,
                as_json=as_json,
            )
        )
    except console.CannotRunError as error:
        raise _stop(error) from error


@app.command()
def authorities(
    services: Annotated[Path, typer.Argument(help="Trust service status list (XML).", metavar="LIST")],
    signer: Annotated[
        Path | None, typer.Option(help="Certificate that must have signed it, PEM or DER.")
    ] = None,
    at: At = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print what a list of 2D-DOC's authorities says; 1 when a newer one is due."""
    from rempart.proofs import console

    try:
        raise typer.Exit(console.authorities(services, signer=signer, at=at, as_json=as_json))
    except console.CannotRunError as error:
        raise _stop(error) from error


@app.command()
def show(inputs: Inputs, as_json: AsJson = False) -> None:
    """Print what certificates say, without judging their signatures."""
    from rempart.proofs import console

    raise typer.Exit(console.show(inputs, as_json=as_json))


@app.command()
def issue(
    claims: Annotated[
        Path, typer.Argument(help="JSON file with the fields, see docs/guides/certificates.md.")
    ],
    dcc_key: KeyFile,
    dcc_certificate: CertificateFile,
    twoddoc_key: KeyFile,
    twoddoc_certificate: CertificateFile,
    shc_key: Annotated[
        Path | None, typer.Option(help="Private key for a SMART Health Card as well, PEM or DER.")
    ] = None,
    shc_certificate: Annotated[Path | None, typer.Option(help="Certificate of that key.")] = None,
    shc_issuer: Annotated[
        str,
        typer.Option(help="Address below which that key is published, https://… without a slash at its end."),
    ] = "",
    shc_file: Annotated[
        Path | None,
        typer.Option(help="Write the card there: its QR code (.png), or the file to be downloaded."),
    ] = None,
    page: Annotated[Path | None, typer.Option("--pdf", help="Write the printable certificate there.")] = None,
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Sign a test result as EU DCC, 2D-DOC and, where asked for, SMART Health Card, and print the texts."""
    from rempart.proofs import console

    card = None
    if shc_key and shc_certificate:
        card = console.CardFiles(signer=(shc_key, shc_certificate), issuer=shc_issuer, write=shc_file)
    elif shc_key or shc_certificate or shc_file:
        raise _stop(ValueError("A SMART Health Card needs --shc-key, --shc-certificate and --shc-issuer."))
    dcc, twoddoc = (dcc_key, dcc_certificate), (twoddoc_key, twoddoc_certificate)
    try:
        raise typer.Exit(
            console.issue(claims, dcc=dcc, twoddoc=twoddoc, card=card, page=page, at=at, as_json=as_json)
        )
    except console.CannotRunError as error:
        raise _stop(error) from error


@app.command()
def recover(
    claims: Annotated[Path, typer.Argument(help="JSON file of a positive test, as for `issue`.")],
    dcc_key: KeyFile,
    dcc_certificate: CertificateFile,
    at: At = "",
    as_json: AsJson = False,
) -> None:
    """Sign the recovery that a positive test proves as EU DCC, and print the text."""
    from rempart.proofs import console

    try:
        raise typer.Exit(console.recover(claims, dcc=(dcc_key, dcc_certificate), at=at, as_json=as_json))
    except console.CannotRunError as error:
        raise _stop(error) from error


def _stop(error: Exception) -> typer.Exit:
    typer.echo(str(error), err=True)
    return typer.Exit(2)

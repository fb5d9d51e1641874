"""The operator's door of screening: `rempart check`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class FormatOption(StrEnum):
    AUTO = "auto"
    HL7V2 = "hl7v2"
    HPRIM_MEDECIN = "hprim-medecin"
    CDA = "cda"
    FHIR = "fhir"
    HPRIM_SANTE = "hprim-sante"
    TABLE = "table"


class ProfileOption(StrEnum):
    FR = "fr"
    GENERIC = "generic"


Paths = Annotated[list[str], typer.Argument(metavar="PATH…", help="Files, or folders to walk.")]
InFormat = Annotated[FormatOption, typer.Option("--format", help="Format of the files.")]
UnderProfile = Annotated[
    ProfileOption,
    typer.Option("--profile", help="fr: every rule; generic: without those on French identifiers."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object per message.")]
ForPathogen = Annotated[
    str, typer.Option("--pathogen", envvar="REMPART_PATHOGEN", hidden=True, help="The pathogen's data file.")
]


def check(
    paths: Paths,
    format_: InFormat = FormatOption.AUTO,
    profile: UnderProfile = ProfileOption.FR,
    as_json: AsJson = False,
    pathogen: ForPathogen = "covid19",
) -> None:
    """Read and judge laboratories' messages, without storing anything.

    Exit code: 0 nothing was rejected, 1 something was, 2 it could not run.
    """
    from rempart.screening import checking

    raise typer.Exit(
        checking.check(
            paths,
            format_name=format_.value,
            profile_name=profile.value,
            pathogen_name=pathogen,
            as_json=as_json,
        )
    )

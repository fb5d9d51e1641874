"""One decoder on bytes that libFuzzer makes from good messages, guided by what they reach (`make fuzz`).

Whatever the bytes: an outcome for each message, an answer that is JSON, an acknowledgement where the format has one,
nothing in a finding that tells who the person is, in bounded time and memory. What breaks that is written to var/fuzz, to become
a test. The rest of the tests does the same with hypothesis, on fewer bytes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["rempart.screening", "rempart.foundation.identifiers"]):
    from tests import messages
    from tests.unit.screening.formats.tables.test_decoding import ROW, table, workbook

    from rempart.screening.formats import decode
    from rempart.screening.formats.hl7v2.ack import acknowledge
    from rempart.screening.formats.hprim_sante import ack as hprim_sante_ack
    from rempart.screening.rules.answer import answer
    from rempart.screening.rules.judging import judge
    from rempart.screening.rules.report import Format

FOLDER = Path("var/fuzz")
LONGEST = 65_536  # bytes of an input
SLOW = 10  # seconds for one input: two orders of magnitude above what any of them takes
MOST_MEMORY = 2_048  # MB
PRIVATE = ("PAT-TROIS", "BRETEUIL", "279035121518989", "28/03/1979", "0600000000")

SEEDS: dict[Format, tuple[bytes, ...]] = {
    Format.HL7V2: (messages.hl7(), b"FHS|^~\\&|\rBHS|^~\\&|\r" + messages.hl7() * 2 + b"BTS|2\rFTS|1\r"),
    Format.HPRIM_MEDECIN: (messages.hprim(), messages.hprim(line_end="\r") * 2),
    Format.HPRIM_SANTE: (messages.sante(),),
    Format.CDA: (messages.cda(),),
    Format.FHIR: (messages.fhir(),),
    Format.TABLE: (
        table(ROW, ROW).encode(),
        table(ROW, delimiter=",", quote=True).encode(),
        workbook(list(ROW), list(ROW.values())),
    ),
}


def run(format_: Format, *, seconds: int) -> None:
    """Feed one decoder until the time is over; ends the process, as libFuzzer does."""
    corpus = FOLDER / format_.value
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[format_]):
        (corpus / f"seed-{number}").write_bytes(seed)
    arguments = [
        f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-timeout={SLOW}", f"-rss_limit_mb={MOST_MEMORY}",
        f"-artifact_prefix={FOLDER}/{format_.value}-", "-print_final_stats=1", "-verbosity=0",
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *arguments, str(corpus)], lambda payload: outcome(payload, format_))
    atheris.Fuzz()


def outcome(payload: bytes, format_: Format) -> None:
    """What must hold of any bytes."""
    context = messages.FRENCH
    items = list(decode(payload, format=format_, context=context))
    assert [item.position for item in items] == list(range(len(items)))
    assert items
    for item in items:
        judgement = judge(item, profile=context.profile, pathogen=context.pathogen, now=messages.NOW)
        json.loads(json.dumps(answer(item, judgement, source="fuzz")))
        acknowledge(item, judgement, now=messages.NOW)
        hprim_sante_ack.acknowledge([item], [judgement], now=messages.NOW)
        for said in judgement.findings:
            told = f"{said.message} {said.location}"
            assert not any(word in told for word in PRIVATE), said.code


if __name__ == "__main__":
    run(Format(sys.argv[1]), seconds=int(sys.argv[2]))

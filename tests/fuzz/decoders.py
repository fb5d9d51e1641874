"""One decoder on bytes that libFuzzer makes from good messages, guided by what they reach (`make fuzz`).

Whatever the bytes: an outcome for each message, an answer that is JSON, an acknowledgement where the format has one,
nothing in a finding that tells who the person is, in bounded time and memory. What breaks that is written to var/fuzz, to become
a test. The rest of the tests does the same with hypothesis, on fewer bytes.
"""

from __future__ import annotations

import json
import sys

import atheris

with atheris.instrument_imports(include=["rempart.screening", "rempart.foundation.identifiers"]):
    from tests import messages
    from tests.fuzz.engine import fuzz
    from tests.unit.screening.formats.tables.test_decoding import ROW, table, workbook

    from rempart.screening.formats import decode
    from rempart.screening.formats.hl7v2.ack import acknowledge
    from rempart.screening.formats.hprim_sante import ack as hprim_sante_ack
    from rempart.screening.rules.answer import answer
    from rempart.screening.rules.judging import judge
    from rempart.screening.rules.report import Format

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
    format_ = Format(sys.argv[1])
    fuzz(format_.value, SEEDS[format_], lambda payload: outcome(payload, format_), seconds=int(sys.argv[2]))

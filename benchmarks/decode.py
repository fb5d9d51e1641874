"""Messages decoded and judged per second, beside `hl7` (parse and access) and `hl7apy` on the same messages."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import hl7
from benchmarks.rows import Row, rate, table
from fhir.resources.R4B.bundle import Bundle
from hl7apy.exceptions import HL7apyException
from hl7apy.parser import parse_message

from rempart.foundation.terminology import pathogen
from rempart.screening.formats import Context, decode
from rempart.screening.rules.catalogue import Profile
from rempart.screening.rules.judging import judge
from rempart.screening.rules.report import Format

REQUIRED = 15_000  # messages per second on one core, of the kind that laboratories send
CORPUS = Path(__file__).parents[1].parent / "shared" / "corpora" / "lab" / "hl7v2" / "reportstream"
NOW = datetime(2021, 4, 9, 8, 0, tzinfo=UTC)
SAMPLES = Path(__file__).parents[1] / "docs" / "samples"
SAMPLE = 500  # messages
RUNS = 40
SLOW_SAMPLE = 20  # for hl7apy, which reads some tens of messages per second


def run(*, seconds: float = 6.0) -> list[Row]:
    """One row per reader and kind of message; `seconds` of measure each. The corpus is optional."""
    agent = pathogen("covid19")
    french = Context(pathogen=agent)
    generic = Context(pathogen=agent, profile=Profile.GENERIC)
    messages = invented(SAMPLE)
    rows = _beside("invented messages", messages, french, seconds)
    hprim = [_HPRIM.format(n=n, day=1 + n % 28).encode("cp1252") for n in range(SAMPLE)]
    speed = _per_message(lambda: _ours(hprim, french, Format.HPRIM_MEDECIN), hprim, seconds)
    rows.append(Row(name="HPRIM Médecin decoded and judged", per_second=speed))
    sante = [_SANTE.format(n=n, day=1 + n % 28).replace("\n", "\r").encode("cp1252") for n in range(SAMPLE)]
    speed = _per_message(lambda: _ours(sante, french, Format.HPRIM_SANTE), sante, seconds)
    rows.append(Row(name="HPRIM Santé decoded and judged", per_second=speed))
    rows += documents(french, seconds)
    if CORPUS.is_dir():
        rows += _beside("ReportStream corpus", corpus(), generic, seconds)
    return rows


def documents(context: Context, seconds: float) -> list[Row]:
    """The documents of the laboratories' guide, each with a record number of its own; FHIR beside its published models."""
    rows: list[Row] = []
    for name, file, format_ in _DOCUMENTS:
        text = (SAMPLES / file).read_text("utf-8")
        many = [text.replace("00000", f"{n:05d}").encode() for n in range(SAMPLE // 10)]
        speed = _per_message(lambda many=many, format_=format_: _ours(many, context, format_), many, seconds)
        row = Row(name=f"{name} decoded and judged", per_second=speed)
        if format_ is Format.FHIR:
            theirs = _per_message(
                lambda many=many: [Bundle.model_validate_json(one) for one in many], many, seconds
            )
            rows.append(Row(name=f"{name}: fhir.resources, read", per_second=theirs))
            row = replace(row, limit_name="fhir.resources, read", ratio=speed / theirs)
        rows.append(row)
    return rows


def corpus() -> list[bytes]:
    """The ORU messages of the public corpus."""
    found = [path.read_bytes() for path in sorted(CORPUS.glob("*.hl7"))]
    return [payload for payload in found if b"ORU^R01" in payload]


def _beside(kind: str, messages: Sequence[bytes], context: Context, seconds: float) -> list[Row]:
    """Ours, beside the two libraries on the same messages."""
    texts = [
        message.decode("utf-8", "replace").replace("\r\n", "\r").replace("\n", "\r") for message in messages
    ]
    readable = [text for text in texts if _hl7apy_reads(text)][:SLOW_SAMPLE]
    ours = _per_message(lambda: _ours(messages, context, Format.HL7V2), messages, seconds)
    theirs = _per_message(lambda: _with_hl7(texts), texts, seconds)
    rows = [
        Row(name=f"{kind}: hl7, parse and access", per_second=theirs),
        Row(
            name=f"{kind}: decoded and judged",
            per_second=ours,
            limit_name="hl7, parse and access",
            ratio=ours / theirs,
        ),
    ]
    if kind.startswith("invented"):
        required = {"limit_name": f"the {REQUIRED:,}/s required", "ratio": ours / REQUIRED}
        rows.append(Row(name=f"{kind}: decoded and judged", per_second=ours, **required))
    if readable:
        slow = _per_message(lambda: _with_hl7apy(readable), readable, seconds / 3)
        rows.append(Row(name=f"{kind}: hl7apy, parse", per_second=slow))
        rows.append(
            Row(
                name=f"{kind}: decoded and judged",
                per_second=ours,
                limit_name=f"hl7apy, parse ({len(readable)} it can read)",
                ratio=ours / slow,
            )
        )
    return rows


def _per_message(work: Callable[[], object], messages: Sequence[object], seconds: float) -> float:
    """Short runs, the best of many: a busy neighbour slows most of them, never all."""
    return rate(work, seconds=seconds, best_of=RUNS) * len(messages)


def _ours(messages: Sequence[bytes], context: Context, format_: Format) -> None:
    for message in messages:
        for item in decode(message, format=format_, context=context):
            judge(item, profile=context.profile, pathogen=context.pathogen, now=NOW)


def _with_hl7(texts: Sequence[str]) -> None:
    """What somebody who uses the library would do at the least: parse, and read the fields that we read."""
    for text in texts:
        message = hl7.parse(text)
        for segment, fields in _ACCESSED.items():
            try:
                found = message.segments(segment)
            except KeyError:
                continue
            for one in found:
                for number in fields:
                    if number < len(one):
                        str(one[number])


def _with_hl7apy(texts: Sequence[str]) -> None:
    for text in texts:
        parse_message(text)


def _hl7apy_reads(text: str) -> bool:
    try:
        parse_message(text)
    except (HL7apyException, ValueError, IndexError, KeyError, AttributeError, TypeError):
        return False
    return True


_DOCUMENTS = (
    ("CDA laboratory report", "cr-bio.xml", Format.CDA),
    ("CDA rapid test", "bio-trod.xml", Format.CDA),
    ("FHIR Bundle", "bundle.json", Format.FHIR),
)
_ACCESSED = {
    "MSH": (4, 9, 10, 11, 12),
    "PID": (3, 5, 7, 8, 11, 13),
    "ORC": (1, 3, 12),
    "OBR": (3, 4, 7, 16, 22),
    "OBX": (2, 3, 5, 11, 23),
}


def invented(count: int) -> list[bytes]:
    """HL7 messages like those of French laboratories: one result, two answers, about 1.2 kB."""
    chance = random.Random(20210408)
    return [_HL7.format(**_values(chance, n)).replace("\n", "\r").encode("utf-8") for n in range(count)]


def _values(chance: random.Random, n: int) -> dict[str, object]:
    year, month, day = chance.randint(1930, 2015), chance.randint(1, 12), chance.randint(1, 28)
    sex = chance.choice("12")
    body = f"{sex}{year % 100:02d}{month:02d}51215{chance.randint(1, 999):03d}"
    return {
        "n": n,
        "nir": f"{body}{97 - int(body) % 97:02d}",
        "sex": "MF"[int(sex) - 1],
        "born": f"{year}{month:02d}{day:02d}",
        "time": f"20210408{chance.randint(7, 18):02d}{chance.randint(0, 59):02d}00+0200",
        "result": chance.choice(("260373001^Detected^SCT^P^Positif^99SIDEP", "260415000^Not detected^SCT")),
        "answer": chance.choice("YN"),
        "phone": f"06{chance.randint(0, 99_999_999):08d}",
    }


_DOCTOR = "810003456786^MARTIN^PAUL^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"
_HL7 = (
    "MSH|^~\\&|SIL-EX|690001235|SIDEP|DGS|20210408200500+0200||ORU^R01^ORU_R01|MSG{n:08d}|P|2.5|||AL|NE|FRA|UNICODE UTF-8\n"
    "PID|1||{nir}^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS~PAT{n:07d}^^^LBM-EX^PI||"
    "PERSONNE-{n}^CAMILLE^CAMILLE ANDRÉE^^^^L~USAGE-{n}^CAMILLE^^^^^D||{born}|{sex}|||"
    "{n} AV DE BRETEUIL^^PARIS^^75007^FRA^H~^^^^^^BDL^^51215||^PRN^CP^^^^^^^^^{phone}~^NET^Internet^c{n}@example.org"
    "|||||||||||||||||||VALI\n"
    "PV1|1|O\n"
    f"ORC|RE|P{{n}}^PRESC|21098{{n:06d}}^LBM-EX|||||||||{_DOCTOR}\n"
    f"OBR|1|P{{n}}^PRESC|21098{{n:06d}}^LBM-EX|94500-6^SARS-CoV-2 RT-PCR^LN|||{{time}}|||||||||{_DOCTOR}"
    "||||||20210408200000+0200|||F\n"
    "OBX|1|CE|94500-6^SARS-CoV-2 RT-PCR^LN||{result}|||A|||F|||{time}"
    "|||||||||LBM EXEMPLE^^^^^&1.2.250.1.71.4.2.2&ISO^FINEG^^^1690001235\n"
    "OBX|2|CE|95418-0^Employed in a healthcare setting^LN||{answer}^^expandedYes-NoIndicator||||||F\n"
    "OBX|3|CE|95419-8^Has symptoms related to condition of interest^LN||{answer}^^expandedYes-NoIndicator||||||F\n"
    "SPM|1|||258500001^Nasopharyngeal swab^SCT|||||||||||||{time}\n"
)
_HPRIM = (
    "PAT{n:07d}\nPERSONNE-{n}\nCamille\n{n} avenue de Breteuil\n\n75007 PARIS\n{day:02d}/03/1979\n279035121518989\n"
    "21098{n:06d}\n08/04/2021\n690001235 LBM EXEMPLE\n10003456786 DR MARTIN PAUL\n\nRésultat : NÉGATIF\n****LAB****\n"
    "TEX|VIROLOGIE\nRES|SARS-CoV-2 RT-PCR|94500-6|C|N|||||F\nRES|Mobile|SIDEP-MOBILE|A|0600000000|||||F\n"
    "RES|Symptômes|SIDEP-SYMPT|C|ASY|||||F\n****FIN****\n****FINFICHIER****\n"
)
_SANTE = (
    "H|~^\\&|LABO{n:05d}.HPR||690001235~LBM EXEMPLE||ORU|||SIDEP~DGS||P|H2.3~C|20210408200500\n"
    "P|1|PAT{n:07d}|||USAGE-{n}~Camille~Andrée|PERSONNE-{n}|197903{day:02d}|F||{n} avenue de Breteuil~~PARIS~~75007~FRA"
    "|279035121518989~INS-NIR~20210101~1.2.250.1.213.1.4.10|06{n:08d}^c{n}@example.org|10003456786~LEROY&ANNE\n"
    "C|1|L|À jeun\n"
    "OBR|1|P{n}|21098{n:06d}|94500-6~SARS-CoV-2 RT-PCR~LN|||20210408134800+0200||||||||NPH~Nasopharynx"
    "|10003456786&MARTIN&PAUL||||||20210408200000+0200|||F\n"
    "OBX|1|CE|94500-6~SARS-CoV-2 RT-PCR~LN||260415000~Not detected~SCT|||N|||F\n"
    "OBX|2|CE|95418-0~Professionnel de santé~LN||N||||||F\n"
    "OBX|3|CE|SIDEP-SYMPT~Symptômes~L||ASY||||||F\n"
    "OBX|4|CE|SIDEP-RESID~Lieu de résidence~L||I||||||F\n"
    "OBX|5|CE|SIDEP-LIEUNAISS~Lieu de naissance~L||51215||||||F\n"
    "L|1||1|10\n"
)

if __name__ == "__main__":
    print(table(run()))

"""One good message of each format, and how to change a piece of it: what the tests of the road start from."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from rempart.foundation.terminology import Pathogen, pathogen
from rempart.screening.formats import Context, decode
from rempart.screening.rules.catalogue import Profile
from rempart.screening.rules.judging import Judgement, judge
from rempart.screening.rules.report import Item, Report

SAMPLES = Path(__file__).parents[1] / "docs" / "samples"
NOW = datetime(2021, 4, 9, 8, 0, tzinfo=UTC)
COVID: Pathogen = pathogen("covid19")
FRENCH = Context(pathogen=COVID)
GENERIC = Context(pathogen=COVID, profile=Profile.GENERIC)

PID = (
    "PID|1||279035121518989^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS~PAT0012345^^^LBM-EX^PI||"
    "PAT-TROIS^DOMINIQUE^DOMINIQUE MARIE-LOUISE^^^^L~MARTIN^DOMINIQUE^^^^^D||19790328|F|||"
    "28 AV DE BRETEUIL^^PARIS^^75007^FRA^H~^^^^^^BDL^^51215||"
    "^PRN^CP^^^^^^^^^0600000000~^NET^Internet^dominique@example.org"
)
DOCTOR = "810003456786^MARTIN^PAUL^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"
SEGMENTS = (
    "MSH|^~\\&|SIL-EX|690001235|SIDEP|DGS|20210408150500+0200||ORU^R01^ORU_R01|MSG000001|P|2.5|||AL|NE|FRA|UNICODE UTF-8",
    PID,
    "PV1|1|O",
    f"ORC|RE|P123^PRESC|21048BC000020^LBM-EX|||||||||{DOCTOR}",
    f"OBR|1|P123^PRESC|21048BC000020^LBM-EX|94500-6^SARS-CoV-2 RT-PCR^LN|||20210408134800+0200|||||||||{DOCTOR}"
    "||||||20210408150000+0200|||F",
    "OBX|1|CE|94500-6^SARS-CoV-2 RT-PCR^LN||260373001^Detected^SCT^P^Positif^99SIDEP|||A|||F|||20210408134800+0200"
    "|||||||||LBM EXEMPLE^^^^^&1.2.250.1.71.4.2.2&ISO^FINEG^^^1690001235",
    "OBX|2|CE|95418-0^Employed in a healthcare setting^LN||N^^expandedYes-NoIndicator||||||F",
    "OBX|3|CE|95419-8^Has symptoms related to condition of interest^LN||Y^^expandedYes-NoIndicator||||||F",
    "SPM|1|||258500001^Nasopharyngeal swab^SCT|||||||||||||20210408134800+0200",
)
HEADER = (
    "PAT0012345",
    "PAT-TROIS",
    "DOMINIQUE",
    "28 AVENUE DE BRETEUIL",
    "",
    "75007 PARIS",
    "28/03/1979",
    "279035121518989",
    "21048BC000020",
    "08/04/2021",
    "690001235 LBM EXEMPLE",
    "10003456786 DR MARTIN PAUL",
)
BODY = (
    "",
    "DETECTION DU SARS-COV-2 PAR RT-PCR (nasopharynge)",
    "Resultat : POSITIF",
    "****LAB****",
    "TEX|VIROLOGIE",
)
RESULT = "RES|SARS-CoV-2 RT-PCR|94500-6|C|P|||||F"
MOBILE = "RES|Mobile|SIDEP-MOBILE|A|0600000000|||||F"
SANTE = (
    "H|~^\\&|LABO01.HPR||690001235~LBM EXEMPLE||ORU|||REMPART~REMPART||P|H2.3~C|20210408150500",
    "P|1|PAT0012345|||MARTIN~DOMINIQUE~MARIE-LOUISE|PAT-TROIS|19790328|F||28 AVENUE DE BRETEUIL~~PARIS~~75007~FRA"
    "|279035121518989~INS-NIR~20210101~1.2.250.1.213.1.4.10|0600000000^0145678901|10003456786~LEROY&ANNE",
    "OBR|1|P123|21048BC000020|94500-6~SARS-CoV-2 RT-PCR~LN|||20210408134800+0200||||||||NPH~Nasopharynx"
    "|10003456786&MARTIN&PAUL||||||20210408150000+0200|||F",
    "OBX|1|CE|94500-6~SARS-CoV-2 RT-PCR~LN||260373001~Detected~SCT||||||F",
    "OBX|2|CE|SIDEP-LIEUNAISS~Lieu de naissance~L||51215||||||F",
    "OBX|3|CE|95418-0~Professionnel de santé~LN||N||||||F",
)
FIN, FINFICHIER = "****FIN****", "****FINFICHIER****"


def hl7(
    *changes: tuple[str, str], line_end: str = "\r", without: tuple[str, ...] = (), more: tuple[str, ...] = ()
) -> bytes:
    """The good HL7 message with pieces of it replaced, a segment left out, segments added before SPM.

    Each change must be there to be made: a test whose change does nothing tests nothing.
    """
    segments = [s for s in (*SEGMENTS[:-1], *more, SEGMENTS[-1]) if not s.startswith(without)]
    text = line_end.join([*segments, ""])
    return _changed(text, changes).encode("utf-8")


def hprim(
    *changes: tuple[str, str], lines: tuple[str, ...] = (RESULT, MOBILE), line_end: str = "\r\n"
) -> bytes:
    """The good HPRIM Médecin message with pieces of it replaced and other RES lines."""
    text = line_end.join([*HEADER, *BODY, *lines, FIN, FINFICHIER, ""])
    return _changed(text, changes).encode("utf-8")


def sante(
    *changes: tuple[str, str],
    line_end: str = "\r",
    without: tuple[str, ...] = (),
    more: tuple[str, ...] = (),
    end: str = "L|1||1",
) -> bytes:
    """The good HPRIM Santé message with pieces of it replaced, a segment left out, segments added before L."""
    segments = [s for s in (*SANTE, *more) if not s.startswith(without)]
    return _changed(line_end.join([*segments, end, ""]), changes).encode("utf-8")


def cda(*changes: tuple[str, str], sample: str = "cr-bio") -> bytes:
    """The CDA document of the laboratories' guide ("cr-bio", "bio-trod") with pieces of it replaced."""
    return _changed((SAMPLES / f"{sample}.xml").read_text("utf-8"), changes).encode("utf-8")


def fhir(*changes: tuple[str, str]) -> bytes:
    """The FHIR Bundle of the laboratories' guide with pieces of it replaced."""
    return _changed((SAMPLES / "bundle.json").read_text("utf-8"), changes).encode("utf-8")


def _changed(text: str, changes: tuple[tuple[str, str], ...]) -> str:
    for old, new in changes:
        assert old in text, f"{old!r} is not in the message"
        text = text.replace(old, new)
    return text


def items(payload: bytes, context: Context = FRENCH) -> list[Item]:
    return list(decode(payload, context=context))


def item(payload: bytes, context: Context = FRENCH) -> Item:
    """The only message of a payload."""
    (only,) = items(payload, context)
    return only


def report(payload: bytes, context: Context = FRENCH) -> Report:
    """The only report of the only message."""
    (only,) = item(payload, context).reports
    return only


def verdict(item: Item, context: Context = FRENCH, now: datetime = NOW) -> Judgement:
    """What becomes of one message."""
    return judge(item, profile=context.profile, pathogen=context.pathogen, now=now)


def judged(payload: bytes, context: Context = FRENCH, now: datetime = NOW) -> Judgement:
    """What becomes of the only message."""
    return verdict(item(payload, context), context, now)


def codes(judgement: Judgement) -> list[str]:
    return [finding.code for finding in judgement.findings]

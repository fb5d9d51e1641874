"""One result as the bytes a laboratory sends: HL7 v2.5 ORU^R01, HPRIM Médecin, or HPRIM Santé 2.3.

Laboratories differ as in life: with or without accents, a SNOMED code or a word for the result, line
ends, encodings. What they write is right; what is wrong on purpose comes from `damage`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from rempart.screening.rules.report import Format

HPRIM_END = "****FINFICHIER****"


class Wording(StrEnum):
    """How a laboratory writes its results."""

    BOTH = "both"  # a SNOMED CT code and our letter
    SNOMED = "snomed"
    WORD = "word"


@dataclass(frozen=True, slots=True, kw_only=True)
class Laboratory:
    """A synthetic laboratory and its habits."""

    finess: str
    name: str
    department: str
    format: Format
    encoding: str
    line_end: str
    accents: bool
    wording: Wording
    batches: bool  # wraps its HL7 files in FHS/BHS


class Sample(NamedTuple):
    """All that one message says, as it will be written. Times are YYYYMMDDHHMMSS+ZZZZ."""

    laboratory: Laboratory
    finess: str
    control_id: str
    record: str
    written: str
    sampled: str
    validated: str
    local_id: str
    nir: str  # 15 characters, or empty
    insured: str  # what HPRIM writes on line 8: own number, that of a parent, without key, or empty
    birth_name: str
    used_name: str
    first_name: str
    second_name: str
    sex: str
    born: str  # YYYYMMDD
    birth_place: str
    street: str
    postal_code: str
    city: str
    phone: str
    mail: str
    rpps: str
    doctor: str
    analysis: str  # LOINC code
    label: str
    specimen: str  # code^text^system
    result: str  # P, N, I, X
    value: str  # the result written otherwise; empty to write it as the laboratory does
    status: str  # F, C, P, D
    symptoms: str  # ASY, S0, S2, S5, S8, NSP
    onset: str  # YYYYMMDD, or empty
    health_worker: bool
    residence: str  # I, H, E, C, A
    device: str = ""  # a rapid test's number in the EU list


_SNOMED = {
    "P": ("260373001", "Detected", "Positif", "POSITIF"),
    "N": ("260415000", "Not detected", "Négatif", "NEGATIF"),
    "I": ("373068000", "Undetermined", "Ininterprétable", "ININTERPRETABLE"),
    "X": ("125154007", "Specimen unsatisfactory for evaluation", "Non conforme", "NON CONFORME"),
}
_ORDER_CONTROL = {"F": "RE", "C": "RO", "P": "RE", "D": "CA"}
_RESIDENCE = {"H": "22232009^Hospital^SCT", "E": "42665001^Nursing home^SCT", "C": "57656006^Prison^SCT"}
_YES_NO = "^^expandedYes-NoIndicator"
_INS = "ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO"  # the test authority: nobody here exists
_LONGEST_LINE = 220  # of HPRIM Santé
_PS = "^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"


def text_of(sample: Sample) -> str:
    """The message as text, with its laboratory's line ends."""
    return _WRITERS[sample.laboratory.format](sample)


def hl7(s: Sample) -> str:
    """HL7 v2.5 ORU^R01 with one result, its questions and its specimen."""
    lab = s.laboratory
    identity = (
        f"{s.nir}^^^{_INS}^INS~{s.local_id}^^^{lab.name}^PI" if s.nir else f"{s.local_id}^^^{lab.name}^PI"
    )
    used = f"~{s.used_name}^{s.first_name}^^^^^D" if s.used_name != s.birth_name else ""
    reach = "~".join(
        part
        for part in (
            f"^PRN^CP^^^^^^^^^{s.phone}" if s.phone else "",
            f"^NET^Internet^{s.mail}" if s.mail else "",
        )
        if part
    )
    order = f"{s.record}^{lab.name}"
    doctor = f"8{s.rpps}^{s.doctor}{_PS}"
    segments = [
        f"MSH|^~\\&|SIL|{s.finess}|SIDEP|DGS|{s.written}||ORU^R01^ORU_R01|{s.control_id}|P|2.5|||AL|NE|FRA|UNICODE UTF-8",
        f"PID|1||{identity}||{s.birth_name}^{s.first_name}^{s.first_name} {s.second_name}^^^^L{used}||{s.born}|{s.sex}|||"
        f"{s.street}^^{s.city}^^{s.postal_code}^FRA^H~^^^^^^BDL^^{s.birth_place}||{reach}"
        f"|||||||||||||||||||{'VALI' if s.nir else 'PROV'}",
        f"PV1|1|{'I' if s.residence == 'H' else 'O'}",
        f"ORC|{_ORDER_CONTROL[s.status]}||{order}|||||||||{doctor}",
        f"OBR|1||{order}|{s.analysis}^{s.label}^LN|||{s.sampled}|||||||||{doctor}||||||{s.validated}|||{s.status}",
        f"OBX|1|{_hl7_value(s)}|||{'A' if s.result == 'P' else 'N'}|||{s.status}|||{s.sampled}"
        f"||||{s.device}|||||{lab.name}^^^^^&1.2.250.1.71.4.2.2&ISO^FINEG^^^1{s.finess}",
        f"OBX|2|CE|95418-0^Employed in a healthcare setting^LN||{'Y' if s.health_worker else 'N'}{_YES_NO}||||||F",
    ]
    if s.symptoms != "NSP":
        answer = "N" if s.symptoms == "ASY" else "Y"
        segments.append(
            f"OBX|3|CE|95419-8^Has symptoms related to condition of interest^LN||{answer}{_YES_NO}||||||F"
        )
        if s.onset:
            segments.append(f"OBX|4|DT|65222-2^Date and time of symptom onset^LN||{s.onset}||||||F")
    if s.residence in _RESIDENCE:
        segments.append(f"OBX|5|CE|75617-1^Residence type^LN||{_RESIDENCE[s.residence]}||||||F")
    elif s.residence == "A":
        segments.append(f"OBX|5|CE|95421-4^Resides in a congregate care setting^LN||Y{_YES_NO}||||||F")
    segments.append(f"SPM|1|||{s.specimen}|||||||||||||{s.sampled}")
    segments.append("")
    return lab.line_end.join(segments)


def _hl7_value(s: Sample) -> str:
    """OBX-2 to OBX-5."""
    test = f"{s.analysis}^{s.label}^LN"
    if s.value:
        return f"CE|{test}||{s.value}"
    code, english, french, word = _SNOMED[s.result]
    if s.laboratory.wording is Wording.BOTH:
        return f"CE|{test}||{code}^{english}^SCT^{s.result}^{french}^99SIDEP"
    if s.laboratory.wording is Wording.SNOMED:
        return f"CE|{test}||{code}^{english}^SCT"
    return f"ST|{test}||{word}"


def hprim(s: Sample) -> str:
    """HPRIM Médecin 3.0: twelve header lines, a text for the doctor, and the coded part."""
    lab = s.laboratory
    _, _, french, word = _SNOMED[s.result]
    value = s.value or (word if lab.wording is Wording.WORD else s.result)
    status = {"F": "F", "C": "C"}.get(s.status, "R")
    given = s.sampled
    lines = [
        s.local_id,
        s.used_name,
        s.first_name,
        s.street,
        "",
        f"{s.postal_code} {s.city}",
        f"{s.born[6:8]}/{s.born[4:6]}/{s.born[:4]}",
        s.insured,
        s.record,
        f"{given[6:8]}/{given[4:6]}/{given[:4]}" if given else "",
        f"{s.finess} {lab.name}",
        f"{s.rpps} {s.doctor.replace('^', ' ')}",
        "",
        s.label,
        f"Résultat : {french}",
        "****LAB****",
        "TEX|VIROLOGIE",
        f"RES|{s.label}|{s.analysis}|C|{value}|||||{status}",
        f"RES|Sexe|SIDEP-SEXE|C|{s.sex}|||||F",
        f"RES|Date et heure de validation|SIDEP-VALIDDT|A|{s.validated[:12]}|||||F",
        f"RES|Professionnel de santé|SIDEP-PROSANTE|C|{'O' if s.health_worker else 'N'}|||||F",
        f"RES|Symptômes|SIDEP-SYMPT|C|{s.symptoms}|||||F",
        f"RES|Résidence|SIDEP-RESID|C|{s.residence}|||||F",
    ]
    if given:
        lines.append(f"RES|Date et heure de prélèvement|SIDEP-PRELDT|A|{given[:12]}|||||F")
    if s.birth_name != s.used_name:
        lines.append(f"RES|Nom de naissance|SIDEP-NOMNAISS|A|{s.birth_name}|||||F")
    if s.phone:
        lines.append(f"RES|Mobile|SIDEP-MOBILE|A|{s.phone}|||||F")
    if s.mail:
        lines.append(f"RES|Courriel|SIDEP-EMAIL|A|{s.mail}|||||F")
    if s.device:
        lines.append(f"RES|Test rapide|SIDEP-DISPOSITIF|A|{s.device}|||||F")
    lines += ["****FIN****", HPRIM_END, ""]
    return lab.line_end.join(lines)


def hprim_sante(s: Sample) -> str:
    """HPRIM Santé 2.3: H, P, OBR, OBX, L; lines of 220 characters at most, continued by A."""
    lab = s.laboratory
    test = f"{s.analysis}~{s.label}~LN"
    if s.value:
        value = s.value
    elif lab.wording is Wording.WORD:
        value = _SNOMED[s.result][3]
    else:
        value = f"{_SNOMED[s.result][0]}~{_SNOMED[s.result][2]}~SCT"
    used = f"{s.used_name}~{s.first_name}~{s.second_name}"
    ins = f"{s.nir}~INS-NIR~~1.2.250.1.213.1.4.10" if s.nir else ""
    reach = "^".join(filter(None, (s.phone, s.mail)))
    doctor = f"{s.rpps}&{s.doctor.replace('^', '&')}"
    segments = [
        f"H|~^\\&|{s.control_id}||{s.finess}~{lab.name}||ORU|||SIDEP~DGS||P|H2.3~C|{s.written[:14]}",
        f"P|1|{s.local_id}|||{used}|{s.birth_name}|{s.born}|{s.sex}||{s.street}~~{s.city}~~{s.postal_code}~FRA|{ins}|{reach}",
        f"OBR|1||{s.record}|{test}|||{s.sampled}||||||||{s.specimen.replace('^', '~')}|{doctor}||||||{s.validated}|||{s.status}",
        f"OBX|1|CE|{test}||{value}||||||{s.status}",
        f"OBX|2|CE|95418-0~Professionnel de santé~LN||{'O' if s.health_worker else 'N'}||||||F",
        f"OBX|3|CE|SIDEP-SYMPT~Symptômes~L||{s.symptoms}||||||F",
        f"OBX|4|CE|SIDEP-RESID~Lieu de résidence~L||{s.residence}||||||F",
        f"OBX|5|CE|SIDEP-LIEUNAISS~Lieu de naissance~L||{s.birth_place}||||||F",
    ]
    if s.device:
        segments.append(f"OBX|6|CE|SIDEP-DISPOSITIF~Test rapide~L||{s.device}||||||F")
    segments.append(f"L|1||1|{len(segments) + 1}")
    lines = [line for segment in segments for line in _continued(segment)]
    return lab.line_end.join([*lines, ""])


def _continued(segment: str) -> list[str]:
    """A segment as lines of 220 characters at most."""
    rest = _LONGEST_LINE - len("A|")
    return [
        segment[:_LONGEST_LINE],
        *(f"A|{segment[at : at + rest]}" for at in range(_LONGEST_LINE, len(segment), rest)),
    ]


_WRITERS = {Format.HL7V2: hl7, Format.HPRIM_MEDECIN: hprim, Format.HPRIM_SANTE: hprim_sante}

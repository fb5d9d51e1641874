"""How the trust space names what it exchanges (CI-SIS, Référentiel #2; reference certificates.md §7.5): subjects, names of
documents, and the header fields that readers act on."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date

PATIENTS = "patient.mssante.fr"
"""The domain of patients' own mailboxes, in Mon espace santé."""

NO_REPLY = {"X-MSS-MES": "FIN"}
"""That a patient cannot answer."""

_PREFIX = "XDM/1.0/DDM+"
_CODE = re.compile(r"[0-9A-Za-z.-]{1,20}")
_NOT_NAME = re.compile(r"[^A-Za-z0-9]+")
_LONGEST = 40  # characters of a name in the name of a document


def subject(label: str, *, family_name: str, first_name: str, born: date | None) -> str:
    """The subject of a mail with documents in an IHE_XDM.ZIP: what, and whose; an unknown date of birth is left out."""
    parts = (label, family_name.upper(), first_name, f"{born:%d/%m/%Y}" if born else "")
    return _PREFIX + " ".join(" ".join(part.split()) for part in parts if part.strip())


def document_name(
    *, acted_on: date, kind: str, family_name: str, first_name: str, number: str, ending: str = "pdf"
) -> str:
    """`20210408_CR-BIO_MARTIN_Zoe_21048BC000020.pdf`: letters without accents, digits and hyphens only, whatever the
    parts hold (ECO.2.1.6). `number`: of the file of the test, as its laboratory knows it."""
    parts = (f"{acted_on:%Y%m%d}", _safe(kind), _safe(family_name.upper()), _safe(first_name), _safe(number))
    return f"{'_'.join(part for part in parts if part)}.{_safe(ending).lower()}"


def of_documents(codes: Sequence[str], *, qualified: bool) -> Mapping[str, str]:
    """The fields of a mail with CDA documents in an IHE_XDM.ZIP: their type codes, and whether the patient's INS is
    qualified (matricule, its authority and the traits). Raises ValueError for a code that is none."""
    if not codes or not all(_CODE.fullmatch(code) for code in codes):
        raise ValueError("the type codes of the CDA documents are expected")
    return {"X-MSS-CODECDA": ",".join(dict.fromkeys(codes)), "X-MSS-INS": "O" if qualified else "N"}


def _safe(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "OE").replace("ß", "ss"))
    plain = "".join(one for one in plain if not unicodedata.combining(one))
    return _NOT_NAME.sub("-", plain).strip("-")[:_LONGEST].rstrip("-")

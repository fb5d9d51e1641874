"""A dossier on paper: PDF/A and PDF/UA, in large letters, for whoever wants it so."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from functools import cache
from importlib import resources
from threading import Lock
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rempart.protection.accesses.words import PURPOSES, ROLES, word
from rempart.protection.rights import rules
from rempart.protection.rights.dossier import Dossier
from rempart.protection.rights.words import CASES, KINDS, RESULTS, STATES

if TYPE_CHECKING:
    import typst

_ZONE = ZoneInfo("Europe/Paris")
_lock = Lock()  # a compiler serves one thread at a time


class PaperError(Exception):
    """The paper could not be made: a fault of the template or of the installation, not of the data."""


def printed(dossier: Dossier) -> bytes:
    """The dossier as PDF."""
    import typst

    with _lock:
        try:
            compiler, template = _compiler()
            pdf = compiler.compile(
                template,
                format="pdf",
                sys_inputs={"data": json.dumps(_page(dossier), ensure_ascii=False)},
                pdf_standards=["a-2a", "ua-1"],
                timestamp=int(dossier.made_at.timestamp()),
            )
        except typst.TypstError as error:
            # not chained: the compiler quotes what it fails on, which is a person's
            raise PaperError(re.sub(r'".*"', '"…"', error.message, flags=re.DOTALL)) from None
    if not isinstance(pdf, bytes):
        raise PaperError("The dossier is not one document.")
    return pdf


@cache
def _compiler() -> tuple[typst.Compiler, bytes]:
    import typst

    with resources.as_file(resources.files("rempart.proofs") / "fonts") as folder:
        fonts = typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)]
        )
    template = resources.files("rempart.protection.rights") / "data" / "dossier.typ"
    return typst.Compiler(font_paths=fonts), template.read_bytes()


def _page(dossier: Dossier) -> dict[str, object]:
    """What the template prints, in words."""
    return {
        "made": _moment(dossier.made_at),
        "date": [dossier.made_at.year, dossier.made_at.month, dossier.made_at.day],
        "sections": [
            {"title": title, "empty": empty, "items": items}
            for title, empty, items in (
                ("Mon identité, telle qu’elle a été reçue", "Aucune.", [_identity(one) for one in dossier.identities]),
                ("Mes résultats", "Aucun.", [_result(one) for one in dossier.results]),
                ("Les messages qui m’ont été préparés", "Aucun.", [
                    [("Préparé le", _moment(one.made_at)), ("Lien valable jusqu’au", _day(one.usable_until))]
                    for one in dossier.notices
                ]),
                ("Les dossiers de suivi", "Aucun.", [
                    [
                        ("État", str(word(CASES, one.state))),
                        ("Ouvert le", _moment(one.opened_on)),
                        ("Département", one.department),
                        ("Gardé jusqu’au", _day(one.kept_until)),
                    ]
                    for one in dossier.cases
                ]),
                ("Qui a consulté mes données", "Personne dans les six derniers mois.", [
                    [
                        ("Quand", _moment(one.at)),
                        ("Quoi", one.what),
                        ("Qui", ", ".join(part for part in (str(word(ROLES, one.role)), one.organisation) if part)),
                        ("Pourquoi", str(word(PURPOSES, one.purpose))),
                    ]
                    for one in dossier.accesses
                ]),
                ("Mes demandes", "Aucune.", [
                    [
                        ("Numéro", one.number),
                        ("Objet", str(word(KINDS, one.kind))),
                        ("État", str(STATES[rules.State(one.state)][0])),
                        ("Faite le", _moment(one.made_at)),
                        ("Ce que j’ai écrit", one.asks),
                        ("Réponse", one.answer),
                    ]
                    for one in dossier.requests
                ]),
                ("La recherche", "", [
                    [("Réutilisation de mes données, sans mon nom", "Je m’y suis opposé" if dossier.objects_to_research else "Je ne m’y suis pas opposé")]
                ]),
            )
        ],
    }  # fmt: skip


def _identity(one: object) -> list[tuple[str, str]]:
    return _rows(
        one,
        birth_name="Nom de naissance",
        used_name="Nom utilisé",
        first_names="Prénoms",
        sex="Sexe",
        birth_date="Né(e) le",
        birth_place="Lieu de naissance (code INSEE)",
        number="Numéro de sécurité sociale",
        insured_number="Numéro de l’assuré",
        received_at="Reçue le",
        kept_until="Gardée jusqu’au",
    )


def _result(one: object) -> list[tuple[str, str]]:
    said = _rows(
        one,
        test="Test",
        sampled_at="Prélevé le",
        laboratory="Laboratoire",
        record_number="Numéro de dossier",
        mobile="Téléphone mobile",
        phone="Téléphone fixe",
        email="Courriel",
        relative_mobile="Téléphone mobile d’un proche",
        relative_email="Courriel d’un proche",
        address="Adresse",
        prescriber="Prescripteur",
        general_practitioner="Médecin traitant",
        symptoms="Symptômes (code)",
        residence="Lieu de vie (code)",
        specimen="Prélèvement (code)",
        device="Test rapide (numéro européen)",
        markers="Mutations recherchées (code : valeur)",
        screened_at="Mutations recherchées le",
        attached="Comptes rendus joints",
        received_at="Reçu le",
        kept_until="Gardé jusqu’au",
    )
    state = "" if one.current else " (retiré)" if one.retracted else " (version remplacée)"  # type: ignore[attr-defined]
    return [("Résultat", f"{word(RESULTS, one.result)}{state}"), *said]  # type: ignore[attr-defined]


def _rows(one: object, **labels: str) -> list[tuple[str, str]]:
    return [(label, text) for name, label in labels.items() if (text := _text(getattr(one, name)))]


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, date):
        return _day(value)
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value or "")


def _moment(at: datetime) -> str:
    return f"{at.astimezone(_ZONE):%d/%m/%Y à %H:%M}"


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"

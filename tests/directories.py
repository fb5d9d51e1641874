"""Published files of the national directories, made up: the real layouts, invented content."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from rempart.foundation.identifiers import finess as numbers
from rempart.foundation.identifiers import luhn

PROFESSIONALS_HEAD = (
    "Type d'identifiant PP|Identifiant PP|Identification nationale PP|Code civilité d'exercice|"
    "Libellé civilité d'exercice|Code civilité|Libellé civilité|Nom d'exercice|Prénom d'exercice|Code profession|"
    "Libellé profession|Code catégorie professionnelle|Libellé catégorie professionnelle|Code type savoir-faire|"
    "Libellé type savoir-faire|Code savoir-faire|Libellé savoir-faire|Code mode exercice|Libellé mode exercice|"
    "Numéro SIRET site|Numéro SIREN site|Numéro FINESS site|Numéro FINESS établissement juridique|"
    "Identifiant technique de la structure|Raison sociale site|Enseigne commerciale site|"
    "Complément destinataire (coord. structure)|Complément point géographique (coord. structure)|"
    "Numéro Voie (coord. structure)|Indice répétition voie (coord. structure)|Code type de voie (coord. structure)|"
    "Libellé type de voie (coord. structure)|Libellé Voie (coord. structure)|Mention distribution (coord. structure)|"
    "Bureau cedex (coord. structure)|Code postal (coord. structure)|Code commune (coord. structure)|"
    "Libellé commune (coord. structure)|Code pays (coord. structure)|Libellé pays (coord. structure)|"
    "Téléphone (coord. structure)|Téléphone 2 (coord. structure)|Télécopie (coord. structure)|"
    "Adresse e-mail (coord. structure)|Code Département (structure)|Libellé Département (structure)|"
    "Ancien identifiant de la structure|Autorité d'enregistrement|Code secteur d'activité|Libellé secteur d'activité|"
    "Code section tableau pharmaciens|Libellé section tableau pharmaciens|"
)
MAILBOXES_HEAD = (
    "Type de BAL|Adresse BAL|Type Identifiant PP|Identifiant PP|Identification nationale PP|Type identifiant structure|"
    "Identification Structure|Service de rattachement|Civilité d'exercice|Nom d'exercice|Prénom d'exercice|"
    "Catégorie profession|Libellé de catégorie profession|Code Profession|Libellé Profession|Code savoir-faire|"
    "Libellé savoir-faire|Dématérialisation|Raison Sociale structure BAL|Enseigne commerciale structure BAL|"
    "L2COMPLEMENTLOCALISATION structure BAL|L3COMPLEMENTDISTRIBUTION structure BAL|L4NUMEROVOIE structure BAL|"
    "L4COMPLEMENTNUMEROVOIE structure BAL|NL4TYPEVOIE structure BAL|L4LIBELLEVOIE structure BAL|"
    "L5LIEUDITMENTION structure BAL|L6LIGNEACHEMINEMENT structure BAL|Code postal structure BAL|"
    "Département structure BAL|Pays structure BAL"
)


def finess(department: str, rank: int) -> str:
    """A made-up number with the right key."""
    body = f"{department}{rank:0{8 - len(department)}d}"
    return body + numbers.key_of(body)


def rpps(rank: int) -> str:
    body = f"1{rank:09d}"
    return body + luhn.key(body)


def establishment(
    number: str, entity: str = "690000005", *, name: str = "LBM DES TESTS", category: str = "611",
    department: str = "69", commune: str = "123", phone: str = "0472000000",
) -> str:  # fmt: skip
    return (
        f"structureet;{number};{entity};{name[:38]};{name};;;12;R;DES LILAS;BIS;;{commune};{department};RHONE;69003 LYON;{phone};;"
        f"{category};Laboratoire de biologie médicale;1205;Laboratoires;26010004500012;8610Z;03;ARS;1;Public;"
        "1979-02-13;1979-02-13;2020-02-04;"
    )


def position(
    number: str, x: float = 842000.0, y: float = 6519000.0, *, projection: str = "LAMBERT_93"
) -> str:
    return f"geolocalisation;{number};{x};{y};1,ATLASANTE,100,IGN,BD_ADRESSE,V2.2,{projection};2021-01-04"


def entity(number: str, *, name: str = "SELAS DES TESTS", department: str = "69") -> str:
    return (
        f"structureej;{number};{name};{name};;1;AV;DE LA PAIX;;;BP 12;123;69300 CALUIRE;{department};RHONE;0472111111;"
        "95;SELAS;611;Laboratoire;552100554;8690B;2001-01-01"
    )


def finess_file(rows: Iterable[str], *, day: str = "2026-05-12") -> bytes:
    return "\n".join([f"finess;etalab;111;{day}", *rows, ""]).encode()


def table(head: str, rows: Iterable[Mapping[str, str]]) -> bytes:
    """A file whose first line names its columns; each row gives those it fills."""
    columns = head.split("|")
    lines = ["|".join([row.get(column, "") for column in columns]) for row in rows]
    return "\n".join([head, *lines, ""]).encode()


def practice(number: str, family_name: str = "MARTIN", **more: str) -> dict[str, str]:
    return {
        "Type d'identifiant PP": "8",
        "Identifiant PP": number,
        "Identification nationale PP": f"8{number}",
        "Libellé civilité d'exercice": "Docteur",
        "Nom d'exercice": family_name,
        "Prénom d'exercice": "Alix",
        "Code profession": "10",
        "Libellé profession": "Médecin",
        "Libellé savoir-faire": "Médecine générale",
        "Code savoir-faire": "SM54",
        "Code mode exercice": "L",
        "Identifiant technique de la structure": "R10000000000001",
        "Raison sociale site": f"CABINET {family_name}",
        "Numéro Voie (coord. structure)": "9",
        "Libellé type de voie (coord. structure)": "Place",
        "Libellé Voie (coord. structure)": "VIOLET",
        "Bureau cedex (coord. structure)": "75015 PARIS",
        "Téléphone (coord. structure)": "01 48 23 70 96",
        **more,
    }


def mailbox(address: str, *, number: str = "", structure: str = "", service: str = "") -> dict[str, str]:
    return {
        "Type de BAL": "PER" if number else "ORG",
        "Adresse BAL": address,
        "Type Identifiant PP": "8" if number else "",
        "Identifiant PP": number,
        "Identification Structure": structure,
        "Service de rattachement": service,
        "Nom d'exercice": "MARTIN" if number else "",
        "Prénom d'exercice": "Alix" if number else "",
        "Raison Sociale structure BAL": "STRUCTURE",
        "Code postal structure BAL": "69003",
    }


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.txt", content)
    return path

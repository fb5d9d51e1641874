"""The message to a laboratory's mailbox, written and read again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories import finess_in

from rempart.foundation.terminology.values import Result, Sex
from rempart.screening.handover.rules import wording
from rempart.screening.handover.rules.wording import Facts, Kind

SITE = finess_in("75")
FACTS = Facts(
    id=UUID(int=7),
    site=SITE,
    family_name="Zygomalas",
    first_names="Théodosie Wilhelmine",
    sex=Sex.FEMALE,
    birth_date=date(1979, 3, 28),
    ins="279035121518989",
    loinc="94500-6",
    analysis="Détection du SARS-CoV-2 par RT-PCR",
    sampled_at=datetime(2021, 7, 5, 11, 48, tzinfo=UTC),
    knows_hour=True,
    received_at=datetime(2021, 7, 5, 15, 2, tzinfo=UTC),
    result=Result.NEGATIVE,
    result_label="Négatif",
    kept_until=datetime(2021, 7, 8, 11, 48, tzinfo=UTC),
)
FIELDS = (
    "Nom : Zygomalas",
    "Prénom : Théodosie Wilhelmine",
    "Sexe : Féminin",
    "Date de naissance : 28/03/1979",
    "Matricule Identifiant National de Santé (INS) : 279035121518989",
    "Type d’analyse (code LOINC et libellé) : 94500-6 Détection du SARS-CoV-2 par RT-PCR",
    f"Identifiant de la structure ayant réalisé le test (FINESS) : {SITE}",
    "Date de prélèvement : 05/07/2021 13:48",
    "Date d’intégration du résultat : 05/07/2021 17:02",
    "Résultat du test : Négatif",
)


def test_the_subject_has_the_four_facts_the_site_first_and_not_the_result() -> None:
    text = wording.subject(FACTS, Kind.CERTIFICATE)
    assert text == (
        f"Certificat de test à remettre | {SITE} | 05/07/2021 13:48 | Détection du SARS-CoV-2 par RT-PCR"
        " | ZYGOMALAS Théodosie Wilhelmine, 28/03/1979"
    )
    assert "atif" not in text
    assert "279035" not in text


def test_the_body_has_the_fields_of_the_guide_in_its_order() -> None:
    lines = wording.body(FACTS, Kind.CERTIFICATE).splitlines()
    assert tuple(line for line in lines if line in FIELDS) == (
        *FIELDS[:5], *FIELDS[5:9], FIELDS[9],
    )  # fmt: skip
    text = "\n".join(lines)
    assert "https://mesconseilscovid.sante.gouv.fr" in text
    assert "https://sante.fr/recherche/trouver/DepistageCovid" in text
    assert "08/07/2021 13:48" in text  # until when it may be kept
    assert "l’application mobile TousAntiCovid" in text
    assert lines[-4].endswith("une réponse ne serait lue par personne.")
    assert lines[-2] == "Bien cordialement,"


def test_what_was_not_sent_is_said_to_be_missing() -> None:
    text = wording.body(replace(FACTS, ins="", birth_date=None, first_names=""), Kind.CERTIFICATE)
    assert text.count(" : non transmis") == 3


def test_security_a_destruction_says_neither_the_result_nor_the_number() -> None:
    said = wording.body(FACTS, Kind.DESTRUCTION) + wording.header(FACTS, Kind.DESTRUCTION)
    assert "Négatif" not in said
    assert "result" not in said.replace("résultat", "")
    assert FACTS.ins not in said
    assert "Nom : Zygomalas" in said


def test_security_the_header_names_nobody() -> None:
    text = wording.header(FACTS, Kind.CERTIFICATE)
    assert not {"Zygomalas", "Théodosie", "1979", FACTS.ins} & set(text.replace("=", " ").split())
    assert text.isascii()


def test_an_hour_that_nobody_said_is_not_invented() -> None:
    facts = replace(FACTS, knows_hour=False)
    assert "05/07/2021, heure inconnue" in wording.subject(facts, Kind.CERTIFICATE)
    found = wording.read_body(wording.body(facts, Kind.CERTIFICATE), Kind.CERTIFICATE)
    assert found is not None
    assert not found.knows_hour
    assert f"{found.sampled_at:%d/%m/%Y}" == "05/07/2021"


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("result", [Result.POSITIVE, Result.NEGATIVE, Result.NON_CONFORM])
def test_header_and_body_say_the_same_to_a_machine(kind: Kind, result: Result) -> None:
    label = "Positif" if result is Result.POSITIVE else "Négatif"
    facts = replace(FACTS, result=result, result_label=label)
    by_header = wording.read_header(wording.header(facts, kind))
    by_body = wording.read_body(wording.body(facts, kind), kind)
    assert by_header is not None
    assert by_body is not None
    assert by_header.id == facts.id
    assert replace(by_header, id=None) == by_body
    assert by_header.positive == (result is Result.POSITIVE and kind is not Kind.DESTRUCTION)


@pytest.mark.parametrize(
    "text",
    [
        "", "1", "2; kind=certificate", "1; kind=certificate; id=7; site=1; sampled=x; hour=known; result=N",
        wording.header(FACTS, Kind.CERTIFICATE).replace("+00:00", ""),
        wording.header(FACTS, Kind.CERTIFICATE).replace(SITE, "750000000"),
        wording.header(FACTS, Kind.CERTIFICATE).replace("result=N", "result=?"),
        wording.header(FACTS, Kind.CERTIFICATE).replace("kind=certificate", "kind=bomb"),
    ],
)  # fmt: skip
def test_a_header_that_is_not_whole_is_none(text: str) -> None:
    assert wording.read_header(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "", "Bonjour", "Certificat de test à remettre", "a | 750000000 | b | c | d", "| | | |",
        f"a | {SITE} | b | c", "|" * 5_000, "Date de prélèvement : 31/02/2021",
    ],
)  # fmt: skip
def test_what_is_none_of_ours_is_read_as_none(text: str) -> None:
    assert wording.read_subject(text) is None
    assert wording.read_body(text, Kind.CERTIFICATE) is None


@given(
    family=st.text(max_size=120),
    first=st.text(max_size=120),
    analysis=st.text(max_size=200),
    kind=st.sampled_from(Kind),
)
def test_no_name_moves_a_fact(family: str, first: str, analysis: str, kind: Kind) -> None:
    facts = replace(FACTS, family_name=family, first_names=first, analysis=analysis)
    text = wording.subject(facts, kind)
    found = wording.read_subject(text)
    assert found is not None
    assert (found.kind, found.site) == (kind, SITE)
    assert len(text) < 320
    assert len(text.splitlines()) == 1
    slip = wording.read_body(wording.body(facts, kind), kind)
    assert slip is not None
    assert (slip.site, slip.sampled_at) == (SITE, FACTS.sampled_at)
    assert not slip.positive

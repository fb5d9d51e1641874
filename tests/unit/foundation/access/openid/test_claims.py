"""Claims as values: of a professional, of a citizen; what is missing or malformed is named, never a value."""

from datetime import date

import pytest

from rempart.foundation.access.openid.claims import Fault, Finding
from rempart.foundation.access.openid.pivot import Sex, pivot_identity_of
from rempart.foundation.access.openid.professional import professional_of

CARD = {
    "sub": "f:550dc1c8:810001111227",
    "SubjectNameID": "810001111227",
    "preferred_username": "810001111227",
    "given_name": "Aïcha",
    "family_name": "BENSAÏD",
    "Secteur_Activite": "SA25^1.2.250.1.71.4.2.4",
    "SubjectRole": ["21^1.2.250.1.213.1.1.5.5"],
    "SubjectRefPro": {
        "codeCivilite": "MME",
        "exercices": [
            {
                "codeProfession": "21",
                "codeCategorieProfessionnelle": "C",
                "codeSavoirFaire": "SM03",
                "activities": [
                    {
                        "codeSecteurDactivite": "SA25",
                        "codeSectionPharmacien": "G",
                        "numeroFinessSite": "599920014",
                        "numeroFinessetablissementJuridique": "",
                        "raisonSocialeSite": "LBM DE LILLE",
                    }
                ],
            }
        ],
    },
}
PIVOT = {
    "sub": "a" * 64 + "v1",
    "given_name": "Céline Noémie",
    "given_name_array": ["Céline", "Noémie"],
    "family_name": "LEFÈVRE-D’ARC",
    "birthdate": "1975-11-03",
    "gender": "female",
    "birthplace": "2A004",
    "birthcountry": "99100",
}


def test_a_professional():
    found = professional_of(CARD)
    assert found.findings == ()
    assert (found.rpps, found.name, found.sector, found.roles) == (
        "10001111227",
        "Aïcha BENSAÏD",
        "SA25",
        ("21",),
    )
    (practice,) = found.practices
    (activity,) = practice.activities
    assert (practice.profession, practice.category, practice.skill) == ("21", "C", "SM03")
    assert (activity.establishments, activity.section) == (("599920014",), "G")


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("ANS20231122132732", Fault.MALFORMED),
        ("810001111228", Fault.KEY),
        ("10001111227", Fault.MALFORMED),
        ("0123456789", Fault.MALFORMED),
        ("8１0001111227", Fault.MALFORMED),
        (810001111227, Fault.MALFORMED),
    ],
)
def test_a_number_that_is_no_rpps(number, fault):
    found = professional_of(CARD | {"SubjectNameID": number, "preferred_username": ""})
    assert found.rpps == ""
    assert Finding(claim="SubjectNameID", fault=fault) in found.findings


def test_a_wrong_finess_is_left_out_and_named():
    reference = {"exercices": [{"codeProfession": "21", "activities": [{"numeroFinessSite": "599920015"}]}]}
    found = professional_of(CARD | {"SubjectRefPro": reference})
    assert found.practices[0].activities[0].establishments == ()
    (finding,) = found.findings
    assert finding == Finding(
        claim="SubjectRefPro.exercices[0].activities[0].numeroFinessSite", fault=Fault.KEY
    )


@pytest.mark.parametrize("claims", [None, [], "text", 7, {}])
def test_claims_that_are_none(claims):
    assert professional_of(claims).rpps == ""
    assert professional_of(claims).findings
    assert not pivot_identity_of(claims).complete


def test_a_citizen():
    found = pivot_identity_of(PIVOT)
    assert found.findings == ()
    assert found.complete
    assert (found.birth_name, found.given_names, found.birth_date, found.sex) == (
        "LEFÈVRE-D’ARC",
        ("Céline", "Noémie"),
        date(1975, 11, 3),
        Sex.FEMALE,
    )


def test_given_names_without_the_list():
    claims = {name: value for name, value in PIVOT.items() if name != "given_name_array"}
    assert pivot_identity_of(claims).given_names == ("Céline", "Noémie")


def test_born_abroad_has_a_country_and_no_place():
    found = pivot_identity_of(PIVOT | {"birthplace": "", "birthcountry": "99341"})
    assert (found.birth_place, found.birth_country, found.complete) == ("", "99341", True)
    assert not pivot_identity_of(PIVOT | {"birthplace": ""}).complete


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("birthdate", "1975-13-03"),
        ("birthdate", "1975-02-30"),
        ("birthdate", "03/11/1975"),
        ("birthdate", "1975"),
        ("birthdate", 1975),
        ("gender", "other"),
        ("birthplace", "Ajaccio"),
        ("birthcountry", "100"),
        ("sub", "a" * 64),
        ("sub", "A" * 64 + "v1"),
        ("family_name", "O\u202eDILE"),
        ("family_name", "X" * 500),
        ("family_name", "<script>"),
        ("family_name", "12345"),
        ("family_name", ["DUPONT"]),
        ("given_name_array", ["Odile", "\x00"]),
    ],
)
def test_what_is_malformed_is_empty_and_named(claim, value):
    found = pivot_identity_of(PIVOT | {claim: value})
    assert found.findings
    assert str(value) not in repr(found.findings)
    assert not found.complete or claim in ("sub", "given_name_array")

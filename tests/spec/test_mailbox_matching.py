"""Which mailbox of MSSanté gets the certificates of a site, as a table."""

from __future__ import annotations

import re

import pytest
from tests.spec.tables import rows

from rempart.screening.handover.rules.matching import Box, Scheme, Site, match

TITLE = "Which mailbox gets the certificates of a site"
WHY = (
    "Guide of SI-DEP for laboratories, V1.2 of 29 June 2021, sections 3, 4, 7 and 8: a mailbox counts when its attached "
    'service includes "@SIDEP" and it is organisational; its structure is the site (geographic FINESS, scheme "local") or '
    'the laboratory (juridical FINESS, scheme "pooled", its sites told by FINESS). What the guide leaves open, one '
    "mailbox of several above all, is decided in decision 051. The site is S, its laboratory L; T is a site of another "
    "laboratory M. A mailbox is written `address kind structure service`, and the red-listed ones stand in no file."
)

CASES = """
  site          | mailboxes in the directory                  | goes to | scheme | because
  --------------+---------------------------------------------+---------+--------+-----------------------------------------------
  S of L        | a ORG S @SIDEP                              | a       | local  | the site's own mailbox
  S of L        | a ORG S Labo - @SIDEP (certificats)         | a       | local  | the field includes the stamp, whatever is around it
  S of L        | a ORG S @SIDEp                              | a       | local  | capitals do not count: the guide writes both
  S of L        | a ORG S SIDEP                               |         | not-stamped | the sign is part of the stamp
  S of L        | a ORG L @SIDEP                              | a       | pooled | the laboratory's mailbox serves all its sites
  S of L        | a ORG S @SIDEP; b ORG L @SIDEP              | a       | local  | both: the site's is nearer to the patient; the page says that there are two
  S of L        | a ORG S Accueil; b ORG L @SIDEP             | b       | pooled | the site's own is not meant for this
  S of L        | b ORG S @SIDEP; a ORG S @SIDEP              | a       | local  | several: one place only, the first by address, whatever the order of the file
  S of L        | b ORG L @SIDEP; a ORG L @SIDEP              | a       | pooled | likewise
  S of L        |                                             |         | no-mailbox | none: it waits in the laboratory's list; one on the red list is not published and reads the same
  S of L        | a ORG S Accueil                             |         | not-stamped | organisational, but nobody said that certificates may go there
  S of L        | a PER S @SIDEP                              |         | not-organisational | a person's mailbox is closed when she is away
  S of L        | a APP S @SIDEP                              |         | not-organisational | a machine's mailbox is nobody's to read
  S of L        | a CAB S @SIDEP                              |         | not-organisational | a practice's is no organisation's
  S of L        | a PER S @SIDEP; b ORG L @SIDEP              | b       | pooled | what will not do does not keep the other out
  S of L        | a ORG T @SIDEP                              |         | no-mailbox | a site of another laboratory
  S of L        | a ORG M @SIDEP                              |         | no-mailbox | another laboratory
  S of L        | a ORG 3-33300000000017 @SIDEP               |         | not-numbered | the site's SIRET: the two schemes know FINESS only
  S of L        | a ORG group @SIDEP                          |         | no-mailbox | a group of laboratories without FINESS cannot share one
  S not listed  | a ORG S @SIDEP                              |         | site-unknown | the site must be declared in FINESS
  S of nobody   | a ORG S @SIDEP                              |         | laboratory-unknown | with the number of its laboratory
"""

NUMBERS = {"S": "750000012", "L": "750000020", "T": "690000013", "M": "690000021"}


def site(text: str) -> Site:
    return Site(
        finess=NUMBERS["S"],
        entity=NUMBERS["L"] if text.endswith("of L") else "",
        listed="not listed" not in text,
        siret="33300000000017",
    )


def boxes(text: str) -> list[Box]:
    found = [one.split(maxsplit=3) for one in text.split("; ") if one]
    return [
        Box(
            address=f"{name}@labo.mssante.fr",
            kind=kind,
            structure=NUMBERS.get(structure, re.sub(r"\D", "", structure)),
            finess=NUMBERS.get(structure, ""),
            service=service,
        )
        for name, kind, structure, service in found
    ]


@pytest.mark.parametrize("case", rows(CASES), ids=lambda case: f"{case['site']}: {case['because']}")
def test_mailbox_matching(case: dict[str, str]) -> None:
    found = match(site(case["site"]), boxes(case["mailboxes in the directory"]), stamp="@SIDEP")
    assert found.address.partition("@")[0] == case["goes to"]
    assert (found.scheme or found.gap) == case["scheme"]
    assert (found.box is None) == (found.scheme is None)
    if found.scheme is not None:
        assert found.scheme in Scheme

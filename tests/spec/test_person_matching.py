"""Whose a result is, as a table: identities arrive one after the other, and each is somebody's."""

from itertools import count
from uuid import UUID

import pytest
from tests.spec.tables import rows

from rempart.foundation.people.rules import Certainty, Keys, Known, resolve

TITLE = "Whose is this identity"
WHY = (
    "Decision 005. An identity shows a matricule (`ins`, always with the birth date), its strict traits (`traits`: birth "
    "name, first given name, birth date, sex), both or neither. Each line is one history: identities in the order they "
    "arrive, and the person each is given (a letter in the order people become known; `?` where somebody should look)."
)

CASES = """
  identities arrive                            | people      | because
  ---------------------------------------------+-------------+-----------------------------------------------------------------
  ins1+martin                                  | a           | nobody yet: a new person
  ins1+martin ; ins1+martin                    | a a         | the same matricule and birth date
  ins1+martin ; ins1+MARTEN                    | a a         | the matricule decides, the name was misspelt
  ins1+martin ; ins1+MARTEN ; MARTEN           | a a a       | and the misspelling is hers from then on
  ins1+martin ; martin                         | a a         | without a matricule, the four traits decide
  martin ; ins1+martin                         | a a         | the matricule comes later: it is hers
  martin ; ins1+martin ; ins1+MARTEN           | a a a       | and it is known from then on
  martin ; martin                              | a a         | traits alone, twice
  martin ; durand                              | a b         | other traits, another person
  ins1+martin ; ins2+durand                    | a b         |
  ins1+martin ; ins2+martin                    | a b?        | same traits, another matricule: a homonym, to review
  ins1+martin ; ins2+martin ; ins2+martin      | a b? b      | whose own matricule is known from then on
  ins1+martin ; ins2+martin ; ins1+martin      | a b? a      | nothing changes for the first
  ins1+martin ; ins2+martin ; martin           | a b? c?     | whose are the shared traits? nobody is guessed
  ins1+martin ; ins2+martin ; martin ; martin  | a b? c? d?  | not even the one before
  martin ; ins1+martin ; ins2+martin           | a a b?      | a person known by traits has one matricule, not two
  ins1+martin ; ins2+durand ; ins1+durand      | a b a       | a matricule with another's traits stays its owner's
  ins1+martin ; ins2+durand ; ins1+durand ; durand | a b a b | and the traits stay theirs
  ins1 ; ins1                                  | a a         | a matricule without usable traits
  ins1 ; martin ; ins1+martin                  | a b a       | the matricule comes first; its traits were taken for another's
  - ; -                                        | a b         | nothing to match by: a new person every time
"""


def keys(identity: str) -> Keys:
    parts = [] if identity == "-" else identity.split("+")
    number = next((part for part in parts if part.startswith("ins")), "")
    traits = next((part for part in parts if not part.startswith("ins")), "")
    return Keys(ins=number.encode(), traits=traits.encode())


def people(history: str, *, batches: int) -> str:
    """Letters of a history, its identities cut into that many batches (0: one each)."""
    identities = [keys(name.strip()) for name in history.split(";")]
    numbers = (UUID(int=number) for number in count(1))
    store = Store()
    said = []
    size = len(identities) if batches == 1 else 1
    for start in range(0, len(identities), size):
        said += store.take(identities[start : start + size], new_key=numbers.__next__)
    letters: dict[UUID, str] = {}
    for person, _ in said:
        letters.setdefault(person, "abcdefgh"[len(letters)])
    return " ".join(letters[person] + ("?" if review else "") for person, review in said)


class Store:
    """What the database does with assignments, in memory."""

    def __init__(self):
        self.owners: dict[bytes, UUID] = {}
        self.numbers: dict[UUID, bytes] = {}
        self.shared: set[bytes] = set()

    def take(self, batch, *, new_key):
        known = {
            key: Known(person=owner, has_ins=owner in self.numbers, shared=key in self.shared)
            for key, owner in self.owners.items()
        }
        assignments = resolve(batch, known, new_key=new_key)
        for identity, assignment in zip(batch, assignments, strict=True):
            for key in assignment.new_keys:
                assert key not in self.owners, "a key is given once"
                self.owners[key] = assignment.person
                if key == identity.ins:
                    assert assignment.person not in self.numbers, "a person has one matricule"
                    self.numbers[assignment.person] = key
            if assignment.shared_key:
                self.shared.add(assignment.shared_key)
        return [(a.person, a.certainty is Certainty.TO_REVIEW) for a in assignments]


@pytest.mark.parametrize("batches", [0, 1], ids=["one by one", "in one batch"])
@pytest.mark.parametrize("case", rows(CASES), ids=lambda case: case["identities arrive"])
def test_person_matching(case: dict[str, str], batches: int) -> None:
    assert people(case["identities arrive"], batches=batches) == case["people"]

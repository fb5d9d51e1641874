"""Who may open, keep and stop which account, as a table."""

from datetime import date

import pytest
from tests.factories import finess_in
from tests.spec.tables import rows

from rempart.foundation.access.accounts import rules
from rempart.foundation.access.accounts.policy import accounts_on
from rempart.foundation.access.accounts.rules import Authority, Perimeter, Wanted
from rempart.foundation.access.rights import Role

TITLE = "Who may open which account"
WHY = (
    "Decision 024, table access/data/grants.toml. An account is opened within the perimeter of whoever opens it, of a role "
    "that the table gives him; no role comes back to itself, so that no chain of accounts widens anything. Hauts-de-France "
    "is the departments 02, 59, 60, 62 and 80. A delegate belongs to another organisation: his account has a last day."
)

CASES = """
  who           | of              | opens                 | in              | until      | answer           | because
  --------------+-----------------+-----------------------+-----------------+------------+------------------+----------------------------------------
  administrator | Hauts-de-France | investigator          | 59 62           |            | yes              | his region, a role that is his to open
  administrator | Hauts-de-France | investigator          | 59 75           |            | perimeter        | 75 is another region's
  administrator | Hauts-de-France | investigator          | nation          |            | perimeter        | nobody widens
  administrator | Hauts-de-France | regional-investigator | 02 59 60 62 80  |            | yes              |
  administrator | Hauts-de-France | delegate              | 59              | 2027-01-31 | yes              | with a last day
  administrator | Hauts-de-France | delegate              | 59              |            | end              | without one, not
  administrator | Hauts-de-France | delegate              | 59              | 2028-01-31 | end              | more than a year ahead
  administrator | Hauts-de-France | administrator         | Hauts-de-France |            | role             | nobody opens his own role
  administrator | Hauts-de-France | biologist             | 59              |            | role             | he comes by card or by letter
  administrator | Hauts-de-France | data-protection       | nation          |            | role perimeter   |
  operator      | nation          | administrator         | Hauts-de-France |            | yes              | he appoints those who keep accounts
  operator      | nation          | administrator         | 59 62           |            | whole-region     | an administrator has a region
  operator      | nation          | administrator         | nation          |            | whole-region     |
  operator      | nation          | investigator          | 59              |            | role             | he opens nobody who sees a person
  operator      | nation          | data-protection       | nation          |            | yes              |
  operator      | nation          | operator              | nation          |            | role             | on the machine itself only
  investigator  | 59              | delegate              | 59              | 2027-01-31 | role             | he hands files over, not accounts
  help-desk     | nation          | biologist             | 59              |            | role             | he unblocks, and opens nothing
"""

TODAY = date(2026, 11, 20)


def perimeter(text: str, role: Role) -> Perimeter:
    if text == "Hauts-de-France":
        return rules.region_perimeter("32")
    establishment = finess_in("59") if role is Role.BIOLOGIST else ""
    codes = {"*"} if text == "nation" else set(text.split())
    return Perimeter(departments=frozenset(codes), establishment=establishment)


@pytest.mark.parametrize(
    "case", rows(CASES), ids=lambda case: f"{case['who']} opens {case['opens']} in {case['in']}"
)
def test_who_may_open_which_account(case):
    who, role = Role(case["who"]), Role(case["opens"])
    refusals = rules.may_open(
        Authority(agent=None, role=who, perimeter=perimeter(case["of"], who)),
        Wanted(
            role=role,
            perimeter=perimeter(case["in"], role),
            organisation="Prestataire",
            ends_on=date.fromisoformat(case["until"]) if case["until"] else None,
        ),
        policy=accounts_on(TODAY),
        today=TODAY,
    )
    assert " ".join(refusals) == ("" if case["answer"] == "yes" else case["answer"])

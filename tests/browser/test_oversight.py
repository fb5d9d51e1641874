"""The committee's page, with a quarter's figures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.entering import enter
from tests.functional.accounts import account

from rempart.foundation.access.rights import Role
from rempart.foundation.vault import KeyStore
from rempart.protection.oversight.models import Counted, Figure
from rempart.protection.oversight.rules import Measure, Quarter

pytestmark = pytest.mark.django_db(transaction=True)

SHARES = {
    Measure.ACCOUNTS: {
        "investigator": 900,
        "regional-investigator": 120,
        "administrator": 18,
        "oversight": 3,
    },
    Measure.SIGN_INS: {"investigator": 800, "regional-investigator": 90},
    Measure.RECEPTION: {"12": 8000, "24": 9000, "48": 3000, "72": 400, "later": 90},
    Measure.OPENING: {"1": 1900, "10": 30, "60": 2},
    Measure.CALLING: {"4": 900, "12": 500, "24": 300, "48": 150, "later": 40, "waiting": 25, "withdrawn": 8},
    Measure.ACTS: {"case-opened": 5000, "cases-listed": 22000, "case-called": 1700},
    Measure.ACCESSES: {"investigator": 28000, "regional-investigator": 900, "biologist": 3},
    Measure.REFUSALS: {"investigator": 14, "delegate": 9},
    Measure.GLASS: {"justified": 3, "unreviewed": 1},
    Measure.ALERTS: {"volume": 2, "browsing": 1},
    Measure.CLOSED_ALERTS: {"volume": 2},
    Measure.EXCHANGES: {"case-files": 12, "results": 4},
    Measure.DESTROYED_ROWS: {"screening_result": 120_000, "people_identity": 80_000},
    Measure.DESTROYED_KEYS: {"data": 5},
    Measure.OVERDUE: {"days": 0},
    Measure.REQUESTS: {"access": 30, "objection": 12},
    Measure.ANSWERED: {"in-time": 28, "late": 2},
}


@pytest.fixture
def quarter(tmp_path, settings):
    """The quarter before this one, counted."""
    settings.KEY_STORE = KeyStore(root=tmp_path / "keys")
    found = Quarter.of(datetime.now(UTC).date()).previous
    days = [found.first + timedelta(days=n) for n in range((found.last - found.first).days + 1)]
    Counted.objects.bulk_create([Counted(day=day, counted_at=datetime.now(UTC)) for day in days])
    Figure.objects.bulk_create(
        Figure(
            day=day, measure=measure, region=region, category=category, value=value * (3 + rank % 5) // weight
        )
        for rank, day in enumerate(days)
        for measure, counts in SHARES.items()
        for category, value in counts.items()
        for region, weight in (("11", 7), ("32", 12), ("84", 15))
    )
    Figure.objects.create(day=days[0], measure=Measure.REFUSALS, region="84", category="doctor", value=2)
    return found


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_member_looks_at_a_quarter(window, live_server, quarter, axe, picture, size):
    page = enter(window(size), account(Role.OVERSIGHT), live_server.url)
    page.goto(f"{live_server.url}/comite/")
    expect(page.get_by_text("Aucun jour de ce trimestre")).to_be_visible()
    page.get_by_label("Trimestre").select_option(str(quarter))
    page.get_by_role("button", name="Afficher").click()
    expect(page.get_by_role("heading", name="Les délais")).to_be_visible()
    expect(page.locator("main")).to_contain_text("non diffusé")
    axe(page)
    picture(page, f"oversight-{size['width']}")
    for summary in page.locator("details > summary").all():
        summary.click()
    axe(page)
    with page.expect_download() as saved:
        page.get_by_role("link", name="Rapport (PDF)").click()
    assert saved.value.suggested_filename == f"rapport-{quarter}.pdf"

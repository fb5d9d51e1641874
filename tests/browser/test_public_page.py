"""The epidemic for everybody: home, the page of the figures, and how they move."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import DESKTOP, PHONE

from rempart.foundation import facts
from rempart.foundation.facts import Kind, Result, ResultFact

TODAY = datetime.now(UTC).date()
BOTH = pytest.mark.parametrize("browser_page", [DESKTOP, PHONE], ids=["desktop", "phone"], indirect=True)


def write(root, *, first: int, tests: int, positives: int, department: str = "59", days_ago: int = 1) -> None:
    facts.write_batch(
        root,
        [
            ResultFact(
                fact_id=f"{first + n:032x}",
                version=1,
                pathogen="covid19",
                sampled_on=TODAY - timedelta(days=days_ago),
                received_at=datetime.now(UTC),
                department=department,
                kind=Kind.NAAT,
                result=Result.POSITIVE if n < positives else Result.NEGATIVE,
            )
            for n in range(tests)
        ],
        start=f"{first:06}",
    )


@pytest.fixture
def root(tmp_path, settings):
    settings.FACTS_ROOT = tmp_path
    return tmp_path


@BOTH
def test_every_page_that_is_open_to_all_is_accessible(browser_page: Page, live_server, root, axe, picture):
    for days_ago in range(60):
        tests = 30 + 20 * (days_ago % 7)
        write(root, first=1000 * (days_ago + 1), tests=tests, positives=tests // 9, days_ago=days_ago)
    size = browser_page.viewport_size["width"]
    for name, address in (("home", "/"), ("epidemic", "/indicateurs/"), ("laboratories", "/laboratoires/")):
        browser_page.goto(live_server.url + address)
        axe(browser_page)
        picture(browser_page, f"{name}-{size}")
    browser_page.goto(f"{live_server.url}/indicateurs/?departement=59&carte=positivite")
    for table in browser_page.locator("details > summary").all():
        table.click()
    axe(browser_page)


@BOTH
def test_the_way_from_home_to_a_departments_figures(browser_page: Page, live_server, root):
    write(root, first=1, tests=10, positives=3)
    write(root, first=100, tests=5, positives=0, department="75")
    browser_page.goto(live_server.url)
    browser_page.locator("main").get_by_role("link", name="L’épidémie").click()
    expect(browser_page.locator("#cles")).to_contain_text(re.compile(r"Tests en 7 jours\s+15"))
    browser_page.get_by_label("Territoire").select_option("59")
    browser_page.get_by_role("button", name="Afficher").click()
    expect(browser_page.get_by_role("heading", name="Nord")).to_be_visible()
    expect(browser_page.locator("#cles")).to_contain_text(re.compile(r"Tests en 7 jours\s+10"))
    expect(browser_page.locator("#cles")).to_contain_text("30,0 %")


def test_the_figures_move_by_themselves_and_an_open_table_stays_open(browser_page: Page, live_server, root):
    write(root, first=1, tests=10, positives=3)
    browser_page.goto(f"{live_server.url}/indicateurs/")
    browser_page.get_by_text("La carte en tableau").click()
    row = browser_page.locator("#carte-table tr", has_text="59 Nord")
    expect(row).to_contain_text("10")
    write(root, first=100, tests=7, positives=7)
    expect(row).to_contain_text("17", timeout=15_000)
    expect(browser_page.locator("#cles")).to_contain_text(re.compile(r"Tests positifs en 7 jours\s+10"))
    expect(row).to_be_visible()


def test_suspended_figures_stand_still(browser_page: Page, live_server, root):
    write(root, first=1, tests=10, positives=3)
    browser_page.goto(f"{live_server.url}/indicateurs/?departement=59")
    browser_page.get_by_role("link", name="Suspendre").click()
    expect(browser_page.get_by_text("Actualisation suspendue.")).to_be_visible()
    assert browser_page.locator("[hx-trigger]").count() == 0
    expect(browser_page.get_by_role("heading", name="Nord")).to_be_visible()


def test_everything_is_there_without_a_script(browser, live_server, root, axe):
    write(root, first=1, tests=10, positives=3)
    context = browser.new_context(locale="fr-FR", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/indicateurs/")
    page.get_by_label("Territoire").select_option("59")
    page.get_by_role("button", name="Afficher").click()
    page.get_by_text("La courbe en tableau").click()
    expect(page.get_by_role("rowheader").first).to_be_visible()
    expect(
        page.get_by_role("img", name=re.compile("Tests, tests positifs et positivité")).first
    ).to_be_visible()
    context.close()

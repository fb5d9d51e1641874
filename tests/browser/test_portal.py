"""The person's portal on old and small devices: without a script, by keyboard, in Arabic, at 320 pixels."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.conftest import DESKTOP
from tests.factories import Keeper, message, report
from tests.functional.portal import last_text
from tests.functional.settling import settle

from rempart.foundation.vault import KeyStore, keyring_of
from rempart.screening.rules.report import Moment, Precision, Result

SMALL, OLD = {"width": 360, "height": 640}, {"width": 320, "height": 480}
"""A telephone of ten years ago; and what 1280 pixels are at 400 %, or 640 at 200 % (WCAG 1.4.10)."""


@pytest.fixture
def keyring(live_server, tmp_path, settings):
    settings.KEY_STORE, settings.FACTS_ROOT = KeyStore(root=tmp_path / "keys"), tmp_path / "facts"
    settings.PUBLIC_URL = live_server.url
    return keyring_of(settings.KEY_STORE)


@pytest.fixture
def link(keyring, live_server) -> str:
    """The link of a positive sampled yesterday; a negative of last week went to the same telephone."""
    now = datetime.now(UTC)
    for number, days, result in (("D-1", 8, Result.NEGATIVE), ("D-2", 1, Result.POSITIVE)):
        at = Moment(at=now - timedelta(days=days), precision=Precision.MINUTE)
        done = replace(at, at=at.at + timedelta(hours=3))
        Keeper(keyring=keyring)(
            message(report(record_number=number, result=result, sampled_at=at, validated_at=done)), now=now
        )
        settle()
    return f"{live_server.url}/r/" + re.search(r"/r/(\S+)", last_text(keyring))[1]


def fits(page: Page) -> None:
    """Nothing is wider than the window. Without scripts, axe has nothing to run."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is {wide} px wider than its window"


@pytest.mark.parametrize(
    ("size", "scripts", "language", "title"),
    [(OLD, False, "fr", "Mes tests"), (SMALL, True, "ar", "فحوصاتي"), (DESKTOP, True, "fr", "Mes tests")],
    ids=["old-without-scripts", "small-in-arabic", "desktop"],
)
def test_a_person_takes_everything_by_keyboard(
    window, keyring, link, axe, picture, live_server, size, scripts, language, title
):
    page, judge = window(size, scripts=scripts), axe if scripts else fits
    name = f"portal-{language}-{size['width']}"
    page.goto(link)
    if language != "fr":
        page.locator(f".rp-languages button[value={language}]").click()
        expect(page.locator("html")).to_have_attribute("dir", "rtl")
        assert page.url == f"{live_server.url}/mon-resultat/"
    judge(page)
    picture(page, f"{name}-enter")
    enter(page, keyring)
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.locator(".rp-tests > li")).to_have_count(2)
    judge(page)
    picture(page, f"{name}-list")
    press(page, page.locator(".rp-tests form button").first)
    expect(page.locator(".rp-result--P")).to_be_visible()
    judge(page)
    picture(page, f"{name}-result")
    press(page, page.locator("a[href$='/application/']").first)
    code = page.locator(".rp-secret").inner_text()
    judge(page)
    picture(page, f"{name}-application")
    page.reload()
    expect(page.locator(".rp-secret")).to_have_text(code)
    page.goto(f"{live_server.url}/mon-resultat/sans-telephone/")
    judge(page)
    picture(page, f"{name}-help")
    for paper in ("certificat", "information", "consignes"):
        answer = page.context.request.get(f"{live_server.url}/mon-resultat/{paper}.pdf")
        assert answer.body().startswith(b"%PDF"), paper


def enter(page: Page, keyring) -> None:
    """Birth date, then the code; by keyboard alone."""
    expect(page.locator("input[name=birth_date]")).to_be_focused()
    page.keyboard.type("28031979")
    page.keyboard.press("Enter")
    expect(page.locator("input[name=code]")).to_be_focused()
    page.keyboard.type(re.search(r"\d{6}", last_text(keyring))[0])
    page.keyboard.press("Enter")


def press(page: Page, wanted: Locator) -> None:
    """Go to something by the Tab key, as who has no mouse, and press Enter."""
    expect(wanted).to_be_visible()
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            page.keyboard.press("Enter")
            return
    raise AssertionError("no Tab leads there")

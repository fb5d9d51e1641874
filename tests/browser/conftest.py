"""A person's journey in real Chromium; an absent browser fails the tests, it does not skip them.

`window()` opens a fresh window, in French, and `browser_page` is one; `axe` judges what it shows.
`live_server` (pytest-django) serves the site from a thread, `served` as in production. What a page logs as
an error, or fetches from elsewhere, fails its test.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright
from tests.browser.chromium import FLAGS, chromium
from tests.browser.served import Served, serve

from rempart.foundation.database.connection import Database

# playwright's synchronous interface runs an event loop in this thread; Django would refuse its database
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

HERE = Path(__file__).parent
SCREENSHOTS = HERE.parents[1] / "var" / "screenshots"
PATIENCE = 20_000  # milliseconds, for whatever a page is about to do
expect.set_options(timeout=PATIENCE)
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed with its module: playwright keeps an event loop in this thread, where other tests want their own."""
    found = chromium()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=found.path, args=list(FLAGS), env={**os.environ, **found.environment}
        )
        yield launched
        launched.close()


Window = Callable[..., Page]


@pytest.fixture
def window(browser: Browser) -> Iterator[Window]:
    """`window(size=PHONE, scripts=False)`: a window of its own, without a cookie. What it logs as an error
    fails the test, but for what contains `expected`."""
    opened: list[BrowserContext] = []
    errors: list[str] = []

    def note(error: str, expected: str) -> None:
        if not expected or expected not in error:
            errors.append(error)

    def open_one(size: dict[str, int] = DESKTOP, *, scripts: bool = True, expected: str = "") -> Page:
        context = browser.new_context(
            locale="fr-FR", timezone_id="Europe/Paris", viewport=size, java_script_enabled=scripts
        )
        opened.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: note(str(error), expected))
        page.on("console", lambda said: note(said.text, expected) if said.type == "error" else None)
        page.on("requestfailed", lambda lost: errors.extend(_loss(lost)))
        return page

    yield open_one
    for context in opened:
        context.close()
    assert errors == []


@pytest.fixture
def browser_page(window: Window, request: pytest.FixtureRequest) -> Page:
    """One window, wide as a desk's screen or, parametrized, as a phone's."""
    return window(getattr(request, "param", DESKTOP))


@pytest.fixture(scope="module")
def served(
    test_database: Database, django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """The platform served by granian with its worker, for the tests of one module; see served.py."""
    with serve(test_database, tmp_path_factory.mktemp("var")) as platform:
        yield platform


def _loss(lost: Request) -> list[str]:
    """What a failed request says; leaving a page cuts its stream of events, which is no failure."""
    return [] if lost.failure == "net::ERR_ABORTED" else [f"{lost.url}: {lost.failure}"]


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """Judge a page: no violation of WCAG A and AA, nor of axe's good practices."""

    def judge(page: Page) -> None:
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert width <= 0, f"the page is {width} px wider than its window"

    return judge


@pytest.fixture
def picture() -> Callable[[Page, str], None]:
    """Keep what a page looks like, in var/screenshots."""

    def keep(page: Page, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    return keep

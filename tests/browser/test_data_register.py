"""The register of data, for everybody."""

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import DESKTOP, PHONE


@pytest.mark.parametrize("browser_page", [DESKTOP, PHONE], ids=["desktop", "phone"], indirect=True)
def test_the_register_is_reached_from_the_footer(browser_page: Page, live_server, axe, picture):
    browser_page.goto(live_server.url)
    browser_page.get_by_role("link", name="Registre des données").click()
    expect(browser_page.get_by_role("heading", name="Le suivi des cas")).to_be_visible()
    axe(browser_page)
    picture(browser_page, f"data-register-{browser_page.viewport_size['width']}")

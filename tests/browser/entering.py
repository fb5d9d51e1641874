"""A window in which an agent has signed in, where how he does it is not what is tested."""

from __future__ import annotations

from django.conf import settings
from django.test import Client
from playwright.sync_api import Page
from tests.functional.doors import sign_in

from rempart.foundation.access.models import Agent


def enter(page: Page, agent: Agent, url: str) -> Page:
    """The same window, with the agent's session; `url` is of pytest-django's live server."""
    browser = Client()
    sign_in(browser, agent)
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": url}])
    return page

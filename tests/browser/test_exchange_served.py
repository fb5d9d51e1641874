"""Files handed over through the server as it runs in production: granian, the worker, a real browser."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from playwright.sync_api import expect
from tests.browser.entering import enter
from tests.browser.served import Served, serve
from tests.functional.exchanges import somebody_called

from rempart.foundation.access.rights import Role
from rempart.foundation.database.connection import Database

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def stage(
    test_database: Database, django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    secret = {"REMPART_SECRET_KEY": settings.SECRET_KEY}  # sessions of the tests hold there too
    with serve(test_database, tmp_path_factory.mktemp("var"), more=secret) as platform:
        yield platform


@pytest.fixture
def owner(test_database: Database, transactional_db: None) -> Iterator[psycopg.Connection]:
    """Sees every committed row."""
    assert test_database.owner_url
    with psycopg.connect(test_database.owner_url, autocommit=True) as connection:
        yield connection


def test_a_large_file_goes_through_the_server(window, stage, tmp_path):
    large = tmp_path / "images.pdf"
    large.write_bytes(b"%PDF-" + os.urandom(40_000_000))
    sender = enter(window(), somebody_called("alix"), stage.url)
    recipient = enter(window(), somebody_called("bao", Role.REGIONAL_INVESTIGATOR), stage.url)
    sender.goto(f"{stage.url}/echanges/nouveau/")
    sender.locator("#id_to").fill("bao")
    sender.locator("#id_motive").select_option("results")
    sender.get_by_role("button", name="Continuer").click()
    sender.locator("#fichier").set_input_files(large)
    sender.get_by_role("button", name="Remettre ce fichier").click()
    expect(sender.get_by_text("Le fichier est remis.")).to_be_visible(timeout=60_000)
    recipient.goto(f"{stage.url}/echanges/")
    recipient.get_by_role("link", name="images.pdf").click()
    with recipient.expect_download() as saved:
        recipient.get_by_role("button", name="Télécharger").click()
    assert Path(saved.value.path()).read_bytes() == large.read_bytes()


def test_a_line_that_breaks_in_the_middle_leaves_nothing(window, stage, owner):
    page = enter(window(), somebody_called("alix"), stage.url)
    somebody_called("bao")
    page.goto(f"{stage.url}/echanges/nouveau/")
    page.locator("#id_to").fill("bao")
    page.locator("#id_motive").select_option("results")
    page.get_by_role("button", name="Continuer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Choisir le fichier")
    token = page.locator("#upload input[name=csrfmiddlewaretoken]").input_value()
    cookies = "; ".join(f"{one['name']}={one['value']}" for one in page.context.cookies())
    body = (
        f'--x\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{token}\r\n'
        '--x\r\nContent-Disposition: form-data; name="fichier"; filename="a.pdf"\r\n\r\n%PDF-'
    ).encode() + bytes(5_000_000)
    host, port = stage.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as line:
        line.sendall(
            f"POST {page.url.removeprefix(stage.url)} HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {stage.url}\r\n"
            f"Cookie: {cookies}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
            "Content-Length: 10000000\r\n\r\n".encode()
            + body
        )
        _until(lambda: owner.execute("SELECT count(*) FROM exchange_chunk").fetchone()[0] >= 4)
    _until(lambda: owner.execute("SELECT count(*) FROM exchange_chunk").fetchone()[0] == 0)
    assert owner.execute("SELECT state, salt FROM exchange_handover").fetchall() == [("draft", None)]


def _until(so, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.1)

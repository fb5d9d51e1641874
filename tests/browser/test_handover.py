"""A biologist looks at what was found of the laboratory's mailbox, tries it, prints a certificate and says that it was given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.entering import enter
from tests.factories import LAB, Keeper, message
from tests.functional.desks import biologist
from tests.functional.handovers import ENTITY, POOLED_BOX, SECOND, a_test, listed, mailbox, unreachable
from tests.functional.settling import settle
from tests.unit.screening.handover.test_mailbox import PDF, SITE, Box, mail, other, run

from rempart.foundation.directories.models import Load
from rempart.foundation.directories.sites import forget_sites
from rempart.foundation.terminology.values import Result
from rempart.foundation.vault import KeyStore, keyring_of
from rempart.screening.handover.models import Unreached
from rempart.screening.handover.rules.wording import Kind

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def laboratory(tmp_path, settings):
    """Two sites with one mailbox, two patients whom nothing reaches, and some weeks behind them."""
    settings.KEY_STORE = KeyStore(root=tmp_path / "keys")
    forget_sites()
    now = datetime.now(UTC)
    listed(LAB, ENTITY, name="LBM DES LILAS")
    listed(SECOND, ENTITY, name="LBM DU MARCHÉ")
    mailbox(POOLED_BOX, ENTITY, service="Plateau technique - @SIDEP")
    Load.objects.create(
        directory="mailboxes", file="Extraction_Correspondance_MSSante.zip", digest=b"x", at=now, rows=1, added=1,
        changed=0, gone=0, refused="", published=f"{now:%Y-%m-%d}",
    )  # fmt: skip
    for days in range(1, 28):
        Unreached.objects.create(
            laboratory=LAB, day=now.date() - timedelta(days=days), results=3 + days % 4, positives=days % 2
        )
    keep = Keeper(keyring=keyring_of(settings.KEY_STORE))
    second = a_test(unreachable(birth_name="MARTIN", used_name=""), finess=SECOND, record_number="2")
    keep(message(a_test()), message(second, sender=SECOND), now=now)
    settle()
    yield
    forget_sites()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_a_mailbox_is_tried_and_a_certificate_handed_over(
    size, window, live_server, laboratory, axe, picture
):
    page = enter(window(size), biologist(LAB), live_server.url)
    page.goto(f"{live_server.url}/laboratoire/boite/")
    expect(page.get_by_role("heading", name="Notre boîte MSSanté")).to_be_visible()
    page.get_by_role("button", name="Envoyer un message d’essai").first.click()
    expect(page.get_by_text("Cette page dira s’il est arrivé")).to_be_visible()
    axe(page)
    picture(page, f"mailbox-{size['width']}")
    page.get_by_role("link", name="Certificats à remettre").last.click()
    row = page.get_by_role("row", name="ZYGOMALAS")
    expect(row.get_by_role("link", name="Certificat ZYGOMALAS")).to_be_visible()
    expect(page.get_by_role("row", name="MARTIN")).to_be_visible()
    picture(page, f"handovers-{size['width']}")
    axe(page)
    row.get_by_role("button", name="Remis", exact=True).click()
    expect(page.get_by_text("Le certificat est noté comme remis.")).to_be_visible()
    expect(page.get_by_role("row", name="ZYGOMALAS")).to_have_count(0)
    axe(page)


def test_the_page_of_a_site_opens_without_a_network(window, tmp_path, axe, picture):
    positive = {"result": Result.POSITIVE, "result_label": "Positif"}
    run(
        Box(
            mail(),
            mail(other(9, family_name="Martin", **positive), Kind.REPLACEMENT, documents=[PDF] * 4),
            mail(other(10, family_name="Durand"), Kind.DESTRUCTION),
        ),
        tmp_path,
    )
    page = window()
    page.goto((tmp_path / SITE / "index.html").as_uri())
    expect(page.get_by_role("row")).to_have_count(4)
    expect(page.get_by_role("link", name="consignes sanitaires")).to_have_count(1)
    axe(page)
    picture(page, "handover-offline")

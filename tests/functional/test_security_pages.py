"""What every page carries, and what no page asks of anybody else."""

import re

import pytest
from django.urls import NoReverseMatch, reverse

pytestmark = pytest.mark.django_db

PAGES = ("/", "/indicateurs/", "/mon-resultat/", "/laboratoires/", "/connexion/", "/suivi/", "/absent/")
# What a browser fetches by itself: scripts, style sheets, pictures, frames, forms' targets.
FETCHED = re.compile(r"""(?:src|action|poster)=["'](?:https?:)?//|<link[^>]+href=["'](?:https?:)?//""")


@pytest.mark.parametrize("address", PAGES)
def test_security_every_page_has_the_policy_and_asks_nothing_of_another_server(client, address):
    page = client.get(address)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert not FETCHED.search(page.content.decode())


def test_security_the_outbox_exists_in_the_demo_only(client):
    with pytest.raises(NoReverseMatch):
        reverse("outbox")
    assert client.get("/demonstration/messages/").status_code == 404

"""The links by which a certificate and a code go into the application of a telephone."""

from urllib.parse import parse_qs, unquote, urlsplit

from rempart.screening.portal.application import Links, application, declare_link, links

TWODDOC = "DC02DEM00001204E204EB20101FRF0THEODOSIE/WILHELMINE\x1dF1ZYGOMALAS\x1dF228031979\x1fABC="
HC1 = "HC1:6BF+70790T9WJWG.FKY*4GO0.O1CV2 O5 N2FBBRW1*70HS8"
CODE = "0f5a6c1e-3f5b-4c52-9d0e-7a6f2c4b8e11"


def test_a_2d_doc_stands_percent_encoded_in_v():
    address = links(application(), twoddoc=TWODDOC, hc1="", code="").twoddoc
    assert address.startswith("https://bonjour.tousanticovid.gouv.fr/app/wallet?v=DC02")
    assert "%1D" in address
    assert "%1F" in address
    assert address.isascii()
    assert parse_qs(urlsplit(address).query) == {"v": [TWODDOC]}


def test_an_eu_certificate_stands_in_the_fragment_that_no_server_is_sent():
    address = links(application(), twoddoc="", hc1=HC1, code="").dcc
    parts = urlsplit(address)
    assert (parts.path, parts.query) == ("/app/walletdcc", "")
    assert unquote(parts.fragment) == HC1


def test_a_positive_carries_its_code_behind_a_record_separator():
    made = links(application(), twoddoc="", hc1=HC1, code=CODE)
    certificate, _, code = unquote(urlsplit(made.dcc).fragment).partition("\x1e")
    assert (certificate, code) == (HC1, CODE)
    assert made.dcc.endswith(f"%1E{CODE}")
    assert made.declare == f"https://bonjour.tousanticovid.gouv.fr/app/code/{CODE}"


def test_nothing_is_offered_of_what_is_not_there():
    assert links(application(), twoddoc="", hc1="", code="") == Links()
    assert declare_link(application(), "") == ""


def test_a_certificate_is_in_no_log_of_a_value():
    assert HC1 not in repr(links(application(), twoddoc=TWODDOC, hc1=HC1, code=CODE))

"""The page that checks certificates, in a real browser: it answers as the command line does, and sends nothing."""

from __future__ import annotations

import base64
import io
import json
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cbor2
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Request, Route, expect
from tests.browser.chromium import FLAGS, chromium
from tests.browser.conftest import PHONE, Window
from tests.browser.served import Served
from tests.certificates import DSC, SEAL, certificate, document_signer, issued, trusting

from rempart.proofs import barcodes, base45, cose, dcc, testcertificate, trust, validity
from rempart.proofs.control import control, today
from rempart.proofs.revocation import Batch, Revocations, of_dcc
from rempart.proofs.signing import Signer
from rempart.proofs.testcertificate import Result
from rempart.proofs.trust import TrustList, Usage
from rempart.proofs.verdict import verify
from rempart.screening.signing.signers import signers
from rempart.screening.verifying.trusting import written

STATIC = Path(__file__).parents[2] / "src" / "rempart" / "screening" / "static" / "verifying"
CORPORA = Path(__file__).parents[2].parent / "shared" / "corpora" / "certificates"
AT = datetime(2021, 4, 9, 7, 30, tzinfo=UTC)


# ── The two engines agree ──


@pytest.fixture
def alone(window: Window) -> Page:
    """A page that has the engine and nothing else; its address makes the browser offer its cryptography."""
    page = window()

    def give(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        if name.endswith(".js"):
            route.fulfill(path=STATIC / name, content_type="text/javascript")
        else:
            route.fulfill(body="<!DOCTYPE html><title>engine</title>", content_type="text/html")

    page.route("https://engine.test/**", give)
    page.goto("https://engine.test/")
    return page


def asked(page: Page, cases: list[dict[str, Any]]) -> list[dict[str, str]]:
    """What the browser answers."""
    answers: list[dict[str, str]] = page.evaluate(
        """async (cases) => {
            const { control } = await import("./certificates.js");
            return Promise.all(cases.map(({ text, trust, at }) => control(text, { trust, at })));
        }""",
        cases,
    )
    return answers


def case(
    text: str, keys: TrustList, at: datetime, revoked: dict[str, list[str]] | None = None
) -> dict[str, Any]:
    rule = validity.domestic_pass(today(at))
    return {
        "text": text,
        "at": int(at.timestamp() * 1000),
        "trust": {
            "keys": [written(key) for key in keys.keys],
            "revoked": revoked or {},
            "pass": {
                "naatHours": rule.naat_hours, "antigenHours": rule.antigen_hours,
                "positiveFirstDay": rule.positive_first_day, "positiveLastDay": rule.positive_last_day,
            },
        },
    }  # fmt: skip


def answered(text: str, keys: TrustList, at: datetime) -> dict[str, str]:
    """What Python answers, in the browser's words."""
    found = asdict(control(verify(text, trust=keys, at=at), rule=validity.domestic_pass(today(at)), at=at))
    return {
        "outcome": found["outcome"],
        "reason": found["reason"],
        "surname": found["surname"],
        "firstNames": found["first_names"],
        "birthDate": found["birth_date"],
    }


def public_vectors() -> Iterator[tuple[str, TrustList, datetime]]:
    """Other people's certificates, and each with one letter changed."""
    for path in sorted((CORPORA / "dgc-testdata").rglob("*.json")):
        vector = json.loads(path.read_text(encoding="utf-8"))
        context = vector["TESTCTX"]
        at = datetime.fromisoformat(context["VALIDATIONCLOCK"])
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        keys = TrustList.of(trust.parse(base64.b64decode(context["CERTIFICATE"])))
        text = vector["PREFIX"]
        middle = len(text) // 2
        yield text, keys, at
        yield text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :], keys, at
    file = CORPORA / "2ddoc" / "vectors.json"
    if file.is_file():
        found = json.loads(file.read_text(encoding="utf-8"))
        keys = TrustList.of(
            key
            for name, der in found["keys"].items()
            for key in trust.parse(base64.b64decode(der), name=name)
        )
        for vector in found["vectors"]:
            yield vector["text"], keys, datetime(2021, 4, 9, tzinfo=UTC)


def own_cases() -> Iterator[tuple[str, TrustList, datetime]]:
    keys, none = trusting(DSC, SEAL), trust.NOTHING
    for changes in (
        {},
        {"result": Result.POSITIVE},
        {"analysis": testcertificate.Analysis.ANTIGEN, "device": "1232"},
    ):
        made = issued(**changes)
        for text in filter(None, (made.hc1, made.twoddoc)):
            for later in (-2, 0, 1, 2.1, 3, 5, 12, 100, 182, 184, 200, 900):
                yield text, keys, AT + timedelta(days=later)
            yield text, none, AT
            yield text + " ", keys, AT
            yield text[:-9], keys, AT
    for text in (
        "",
        "HC1:",
        "HC1:%%%",
        "HC1:" + "A" * 9000,
        "DC04",
        "DC04FR000001XXXX",
        "nothing",
        "HC1:6BF",
        "DC04" + "0" * 30,
    ):
        yield text, keys, AT


def signed_dcc(claims: Any, signer: Signer) -> str:
    """An `HC1:` text of any claims."""
    protected, payload = cose.protected_header(trust.key_id(signer.certificate)), cbor2.dumps(claims)
    signature = signer.sign(cbor2.dumps(["Signature1", protected, b"", payload]))
    message = cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature]))
    return dcc.PREFIX + base45.encode(zlib.compress(message))


def signed_twoddoc(message: str) -> str:
    signature = base64.b32encode(SEAL.signer().sign(message.encode("iso-8859-1"))).decode().rstrip("=")
    return f"{message}\x1f{signature}"


def odd_cases() -> Iterator[tuple[str, TrustList, datetime]]:
    """What one of two readers may read in another way, signed by those who are trusted, or changed after it."""
    vaccinations = document_signer(common_name="V", usages=(Usage.VACCINATION,))
    keys = trusting(DSC, SEAL, vaccinations)
    content = testcertificate.dcc_content(certificate())
    dates = {4: int((AT + timedelta(days=9)).timestamp()), 6: int(AT.timestamp())}
    tagged = [cbor2.CBORTag(number, "DURAND") for number in (0, 61, 258, 999)]
    for changes in (
        *({"t": other} for other in ([], {}, {"a": 1}, 5, "x", [{}], None)),
        *({"nam": {"fn": other}} for other in ("\ufeffDURAND", b"ab", *tagged, None, cbor2.undefined)),
        {"\ufefft": content["t"], "t": []},
        {"t": [], "r": [{"df": "2021-04-09", "du": ["2022"]}]},
    ):
        for signer in (DSC, vaccinations, SEAL):
            yield signed_dcc({1: "FR", **dates, -260: {1: content | changes}}, signer.signer()), keys, AT
    recovery = {"t": [], "r": [{"df": "2021-04-10", "du": "2021-04-10"}]}
    for hour in (21, 23, 46, 47):  # midnight in Paris is 22:00 UTC
        at = datetime(2021, 4, 9, tzinfo=UTC) + timedelta(hours=hour)
        yield signed_dcc({1: "FR", **dates, -260: {1: content | recovery}}, DSC.signer()), keys, at
    fields = "F0ZOE/ANNE\x1dF1LEFEVRE\x1dF229021984F3FF4945006\x1dF5NF6080420210800"
    header = "DC04RMP000011E5D1E5DB201FR"
    for message in (
        header + fields.replace("F1LEFEVRE", "F1LEFEVRE\x1dF1DURAND"),
        header + fields + "F1DURAND\x1d",
        header + fields.replace("\x1d", "\x1d\x1d"),
        header + "\x1d" + fields.replace("\x1dF1", "F1"),
        header + fields.replace("\x1dF1", "\x1d??DURAND\x1dF1"),
        header + fields.replace("080420210800", "310220210800"),
        header.replace("B2", "L1") + fields,
        header.replace("B2", "b2") + fields,
        header[:20] + "B2",
    ):
        yield signed_twoddoc(message), keys, AT
    made = signed_twoddoc(header + fields)
    for letter in "ZLF\x1d":  # another character of the same last byte
        yield made.replace(letter, chr(0x100 + ord(letter)), 1), keys, AT


def test_the_browser_answers_as_python_does(alone: Page) -> None:
    cases = [*own_cases(), *odd_cases(), *public_vectors()]
    found = asked(alone, [case(*one) for one in cases])
    expected = [answered(*one) for one in cases]
    differing = [
        f"{text[:24]} {at} {theirs} {ours}"
        for (text, _, at), theirs, ours in zip(cases, found, expected, strict=True)
        if theirs != ours
    ]
    assert not differing, "\n".join(differing)
    assert {one["outcome"] for one in found} == {"valid", "not-accepted", "authentic", "invalid"} - (
        set() if CORPORA.is_dir() else {"authentic"}
    )


def test_the_browser_knows_what_was_revoked(alone: Page) -> None:
    made, keys = issued(), trusting(DSC, SEAL)
    envelope = dcc.read(made.hc1)
    key_id = envelope.message.key_id
    for fingerprint in of_dcc(envelope):
        for listed_for, reason in ((b"", "revoked"), (key_id, "revoked"), (bytes(8), "ok")):
            revoked = Revocations.of([Batch(hashes=[fingerprint], key_id=listed_for)])
            as_json = {one.hex(): [two.hex()] for one, two in revoked.listed()}
            (answer,) = asked(alone, [case(made.hc1, keys, AT, as_json)])
            assert answer["reason"] == reason == verify(made.hc1, trust=keys, at=AT, revoked=revoked).reason


def test_security_a_key_identifier_beside_the_signature_leads_past_no_list(alone: Page) -> None:
    """A bare key holds under any identifier, and anybody may write another one where it is not signed."""
    claims = {
        1: "FR",
        4: int((AT + timedelta(days=9)).timestamp()),
        6: int(AT.timestamp()),
        -260: {1: testcertificate.dcc_content(certificate())},
    }
    protected, payload = cbor2.dumps({1: cose.ES256}), cbor2.dumps(claims)
    signature = DSC.signer().sign(cbor2.dumps(["Signature1", protected, b"", payload]))
    key_id = trust.key_id(DSC.certificate)
    (known,) = trust.parse(DSC.certificate)
    bare = TrustList.of([replace(known, key_id=b"", certificate=b"")])
    for written_beside, keys, reason in (
        (key_id, trusting(DSC), "revoked"),
        (key_id, bare, "revoked"),
        (b"another!", bare, "revoked"),
        (b"another!", trusting(DSC), "key-unknown"),
    ):
        message = cbor2.CBORTag(18, [protected, {4: written_beside}, payload, signature])
        text = dcc.PREFIX + base45.encode(zlib.compress(cbor2.dumps(message)))
        revoked = Revocations.of([Batch(hashes=of_dcc(dcc.read(text)), key_id=key_id)])
        as_json: dict[str, list[str]] = {}
        for listed_for, one in revoked.listed():
            as_json.setdefault(listed_for.hex(), []).append(one.hex())
        (answer,) = asked(alone, [case(text, keys, AT, as_json)])
        assert answer["reason"] == reason == verify(text, trust=keys, at=AT, revoked=revoked).reason


# ── The page ──


def fresh(platform: Served, **changes: Any) -> testcertificate.Issued:
    """A certificate that the platform's own signers made now."""
    now = datetime.now(UTC)
    who = signers(platform.configuration.key_store)
    content = certificate(**({"sampled_at": now - timedelta(hours=5)} | changes))
    return testcertificate.issue(content, dcc_signer=who.dcc, twoddoc_signer=who.twoddoc, issued_at=now)


def in_a_picture(page: Page, picture: bytes) -> None:
    page.get_by_label("Ou choisir une image du code").set_input_files(
        {"name": "code.png", "mimeType": "image/png", "buffer": picture}
    )


def test_a_guard_checks_a_picture_and_learns_no_more_than_he_may(
    served: Served, window: Window, axe: Callable[[Page], None], picture: Callable[[Page, str], None]
) -> None:
    page = window(PHONE)
    sent: list[Request] = []
    page.on("request", lambda one: sent.append(one))
    page.goto(f"{served.url}/verifier/")
    expect(page.get_by_text("fonctionne aussi sans réseau")).to_be_visible()
    axe(page)
    sent.clear()
    made = fresh(served)
    for code in (barcodes.qr(made.hc1), barcodes.datamatrix(made.twoddoc)):
        in_a_picture(page, bytes(code))
        expect(page.locator("#outcome")).to_have_text("Valide")
        expect(page.locator("#result")).to_contain_text("29/02/1984")
    axe(page)
    picture(page, "verifier-valid")
    shown = page.locator("#result").inner_text().casefold()
    assert "lefèvre-œillet" in shown or "lefevre" in shown
    for hidden in ("négatif", "positif", "naat", "laboratoire", "rivières", "pcr", "uvci"):
        assert hidden not in shown
    in_a_picture(page, bytes(barcodes.qr(fresh(served, result=Result.POSITIVE).hc1)))
    expect(page.locator("#why")).to_contain_text("n’est pas accepté aujourd’hui")
    assert "positi" not in page.locator("#result").inner_text().casefold()
    picture(page, "verifier-not-accepted")
    in_a_picture(page, bytes(barcodes.qr(issued().hc1)))
    expect(page.locator("#why")).to_contain_text("pas dans notre liste")
    expect(page.locator("#who")).to_be_hidden()
    blank = io.BytesIO()
    Image.new("L", (200, 200), 255).save(blank, "png")
    in_a_picture(page, blank.getvalue())
    expect(page.locator("#outcome")).to_have_text("Rien à vérifier")
    expect(page.get_by_text("Comparez avec une pièce d’identité")).to_be_hidden()
    page.get_by_label("Ou choisir une image du code").set_input_files(
        {"name": "certificat-de-test.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"}
    )
    expect(page.locator("#why")).to_contain_text("Un PDF n’est pas une image")
    assert [one.url for one in sent if not one.url.startswith("blob:")] == []


def test_the_page_works_without_a_network(served: Served, window: Window) -> None:
    page = window()
    page.goto(f"{served.url}/verifier/")
    expect(page.get_by_text("fonctionne aussi sans réseau")).to_be_visible()
    made = fresh(served)
    page.context.set_offline(True)
    page.reload()
    in_a_picture(page, bytes(barcodes.qr(made.hc1)))
    expect(page.locator("#outcome")).to_have_text("Valide")
    page.get_by_text("Ou lire avec une douchette").click()
    page.get_by_label("Texte du code").fill(made.hc1)
    page.get_by_label("Texte du code").press("Enter")
    expect(page.locator("#outcome")).to_have_text("Valide")


def test_security_a_list_of_keys_that_is_too_old_says_nothing(served: Served, window: Window) -> None:
    """What was revoked since is not in it."""
    page = window()
    page.goto(f"{served.url}/verifier/")
    expect(page.get_by_text("fonctionne aussi sans réseau")).to_be_visible()
    page.goto(f"{served.url}/verifier/?once=more")
    expect(page.get_by_text("fonctionne aussi sans réseau")).to_be_visible()
    kept = page.evaluate(
        "caches.open('rempart-verifier').then((kept) => kept.keys()).then((all) => all.map((one) => one.url))"
    )
    assert not [one for one in kept if "?" in one]
    made = fresh(served)
    page.context.set_offline(True)
    for later, why in (
        (timedelta(hours=5), "accepté aujourd’hui"),
        (timedelta(days=2, hours=23), "pas accepté aujourd’hui"),
        (timedelta(days=3, hours=1), "plus de trois jours"),
    ):
        page.clock.set_fixed_time(datetime.now(UTC) + later)
        page.reload()
        in_a_picture(page, bytes(barcodes.qr(made.hc1)))
        expect(page.locator("#why")).to_contain_text(why)


def test_the_camera_reads_a_code_and_is_closed_again(
    served: Served, browser: Browser, tmp_path: Path
) -> None:
    made = fresh(served)
    code = Image.open(io.BytesIO(bytes(barcodes.qr(made.hc1)))).convert("RGB")
    code = code.resize((440, 440), Image.Resampling.NEAREST)
    frame = Image.new("RGB", (640, 480), (200, 200, 200))
    frame.paste(code, (100, 20))
    film = tmp_path / "film.mjpeg"
    jpeg = io.BytesIO()
    frame.save(jpeg, "jpeg", quality=95)
    film.write_bytes(jpeg.getvalue() * 4)
    found = chromium()
    flags = [
        *FLAGS, "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]  # fmt: skip
    with_camera = browser.browser_type.launch(
        executable_path=found.path, args=flags, env={**os.environ, **found.environment}
    )
    page = with_camera.new_page(locale="fr-FR")
    page.goto(f"{served.url}/verifier/")
    page.get_by_role("button", name="Ouvrir la caméra").click()
    expect(page.locator("#outcome")).to_have_text("Valide")
    expect(page.get_by_role("button", name="Ouvrir la caméra")).to_be_visible()
    assert page.evaluate("document.getElementById('camera').srcObject.active") is False
    with_camera.close()

"""The pictures of the README and the guides, taken again: `.venv/bin/python docs/screenshots.py`.

Screens come from a demo of its own: that needs the tests' browser (tests/browser/chromium.py), about two minutes, and
no demo that runs. `docs/screenshots.py paper` takes the documents on paper alone, which needs nothing.
"""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pypdfium2
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser.chromium import FLAGS, chromium  # noqa: E402 -- found by the line above
from tests.unit.proofs.documents import DOCUMENTS  # noqa: E402

IMAGES = ROOT / "docs" / "images"
SCREEN = {"width": 1280, "height": 900}
PAPER_DPI = 100
DAYS, PERSONS = 45, 60_000  # a whole wave, and enough persons for a map of rates
SHOWN = timedelta(days=9)  # before the last day: the wave is still there
LARGEST = 250_000  # bytes


@contextmanager
def demo() -> Iterator[tuple[str, str]]:
    """The address of a demo whose history has been sent, and its investigators' password."""
    command = [sys.executable, "-m", "rempart.site.cli", "demo", f"--days={DAYS}", f"--population={PERSONS}"]
    with tempfile.TemporaryDirectory(prefix="rempart-pictures-") as var:
        Path(var).chmod(0o755)  # PostgreSQL may run under another account
        environment = {**os.environ, "REMPART_VAR": var, "PYTHONUNBUFFERED": "1"}
        running = subprocess.Popen(  # noqa: S603 -- our own
            command, env=environment, stdout=subprocess.PIPE, text=True, cwd=var
        )
        try:
            said = ""
            for line in running.stdout or ():
                said += line
                if line.startswith("received "):
                    break
            yield read(r"(http\S+)/suivi/", said), read(r"enquete-idf\s+(\S+)", said)
        finally:
            running.send_signal(signal.SIGINT)
            running.wait(timeout=60)


def read(pattern: str, text: str) -> str:
    """What a pattern's group finds in a text."""
    found = re.search(pattern, text)
    if not found:
        raise SystemExit(f"{pattern} is not in:\n{text}")
    return found[1]


def keep(picture: bytes | Image.Image, name: str) -> None:
    """Write a picture with a palette: screens have few colours."""
    image = picture if isinstance(picture, Image.Image) else Image.open(io.BytesIO(picture))
    IMAGES.mkdir(exist_ok=True)
    path = IMAGES / f"{name}.png"
    image.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        path, optimize=True
    )
    size = path.stat().st_size
    if size > LARGEST:
        raise SystemExit(f"{path} has {size} bytes, more than {LARGEST}")
    sys.stdout.write(f"{path.relative_to(ROOT)} {image.width} × {image.height}, {size} bytes\n")


def worklist(page: Page, url: str, password: str) -> None:
    """The list of an investigator who has begun his day: one file called, two in his hands."""
    page.goto(f"{url}/suivi/")
    page.get_by_label("Identifiant").fill("enquete-idf")
    page.get_by_label("Mot de passe").fill(password)
    page.get_by_role("button", name="Se connecter").click()
    page.get_by_label("Code").fill(page.locator(".rp-secret").inner_text())
    page.get_by_role("button", name="Continuer").click()
    for rank in range(3):
        page.goto(f"{url}/suivi/")
        page.locator("#liste tbody a").nth(3).click()
        page.get_by_role("button", name="Prendre ce dossier").click()
        if rank == 0:
            page.get_by_role("button", name="La personne a été appelée").click()
    page.goto(f"{url}/suivi/")
    keep(page.screenshot(), "worklist")
    page.get_by_role("button", name="Se déconnecter").click()


def papers() -> None:
    """Every document on paper, as its tests have it."""
    for name, render in DOCUMENTS.items():
        with pypdfium2.PdfDocument(render()) as document:
            picture = document[0].render(scale=PAPER_DPI / 72).to_pil()
        keep(picture, name if name == "certificate" else f"paper-{name}")


def portal(page: Page, outbox: Page, url: str) -> None:
    """The result of a person with a negative PCR."""
    outbox.goto(f"{url}/demonstration/messages/")
    for letter in outbox.locator("article", has_text="Consultez-le ici").all_inner_texts():
        link, born = re.search(r"http\S+/r/\S+", letter), re.search(r"\d\d/\d\d/\d{4}", letter)
        if link and born:
            page.goto(link[0])
            page.get_by_label("Votre date de naissance").fill(born[0])
            page.get_by_role("button", name="Recevoir mon code").click()
            page.get_by_label("Code à 6 chiffres").fill(code(outbox, url))
            page.get_by_role("button", name="Voir mon résultat").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("Votre résultat")
            if page.locator(".rp-result--N").count() and page.get_by_text("RT-PCR").count():
                break
    keep(page.screenshot(), "portal")


def code(outbox: Page, url: str) -> str:
    """The newest code that was sent."""
    outbox.goto(f"{url}/demonstration/messages/")
    return read(r"(\d{6}) est", outbox.locator("article", has_text="est votre code").first.inner_text())


def indicators(page: Page, url: str) -> None:
    """The epidemic, down to the map."""
    page.goto(f"{url}/indicateurs/?direct=non&au={datetime.now(UTC).date() - SHOWN}")
    bottom = page.get_by_text("La carte en tableau").evaluate("it => it.getBoundingClientRect().top")
    page.set_viewport_size({"width": SCREEN["width"], "height": round(bottom)})
    keep(page.screenshot(), "indicators")


def main() -> None:
    papers()
    if sys.argv[1:] == ["paper"]:
        return
    found = chromium()
    with demo() as (url, password), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found.path, args=list(FLAGS), env={**os.environ, **found.environment}
        )
        context = browser.new_context(locale="fr-FR", timezone_id="Europe/Paris", viewport=SCREEN)
        page, outbox = context.new_page(), context.new_page()
        worklist(page, url, password)
        portal(page, outbox, url)
        indicators(page, url)
        browser.close()


if __name__ == "__main__":
    main()

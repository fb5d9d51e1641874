"""The road of a result as three people travel it: the laboratory, the investigator, the patient.

Everything is real: the server and its worker, their database, the stream of events, the signed certificate.
Waits are long because events wait for every transaction of the server, other tests' too.
"""

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect
from tests.browser.cast import IN_CDA, IN_HL7, IN_HPRIM, MEHDI, ODETTE, number_of, sample
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.served import PASSWORD

from rempart.proofs import inputs
from rempart.proofs.reasons import Kind
from rempart.proofs.trust import TrustList
from rempart.proofs.verdict import verify

pytestmark = pytest.mark.django_db(transaction=True)

ARRIVAL = 20_000  # milliseconds; an idle machine needs less than one second, the list's own polling sixty
ODETTES_NAME = "VANDAMME (LEMAIRE) Odette"
BORN, WRONG = "14/06/1941", "15/06/1941"


def sign_in(page: Page, served, username: str) -> None:
    page.goto(f"{served.url}/suivi/")
    page.get_by_label("Identifiant").fill(username)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Se connecter").click()
    page.get_by_label("Code").fill(served.code(username))
    page.get_by_role("button", name="Continuer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Suivi des cas positifs")


def letters(page: Page, served, text: str) -> list[str]:
    """The letters of the outbox that contain a text, newest first; waited for."""
    found = page.locator("article", has_text=text)
    for _ in range(100):
        page.goto(f"{served.url}/demonstration/messages/")
        if found.count():
            return found.all_inner_texts()
        page.wait_for_timeout(ARRIVAL / 100)
    raise AssertionError(f"no letter says {text!r}")


def follow_the_link(page: Page, served, mailbox: Page, to: str = ODETTE["phone"]) -> None:
    """Open the newest link that was sent to a phone, or to an e-mail address."""
    grouped = " ".join(re.findall("..", to)) if to.isdigit() else to
    (text, *_) = [
        letter
        for letter in letters(mailbox, served, "Consultez-le ici")
        if grouped in letter.replace("\N{NO-BREAK SPACE}", " ")
    ]
    page.goto(re.search(r"http\S+/r/\S+", text)[0])


def code_of(mailbox: Page, served) -> str:
    return re.search(r"\b(\d{6}) est votre code", letters(mailbox, served, "est votre code")[0])[1]


def open_the_result(page: Page, served, mailbox: Page, to: str = ODETTE["phone"]) -> None:
    """The patient's way: link, birth date, code."""
    follow_the_link(page, served, mailbox, to)
    page.get_by_label("Date de naissance de la personne testée").fill(BORN)
    page.get_by_role("button", name="Recevoir mon code").click()
    page.get_by_label("Code à 6 chiffres").fill(code_of(mailbox, served))
    page.get_by_role("button", name="Voir mon résultat").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Votre résultat")


def positives_counted(page: Page, served) -> int:
    """How many positive tests of the North the public page tells of."""
    page.goto(f"{served.url}/indicateurs/?departement=59")
    if not page.locator("#cles").count():
        return 0
    figure = page.locator("#cles .rp-figure", has_text="Tests positifs en 7 jours").inner_text()
    return int(re.search(r"\d+", figure.split("7 jours")[1])[0])


def test_a_positive_reaches_the_open_list_and_is_called(window, served, axe):
    served.employ("nord", "Dominique Leroy", "59", "62")
    agent, reader = window(), window()
    before = positives_counted(reader, served)
    sign_in(agent, served, "nord")
    expect(agent.get_by_text("Aucun dossier ici")).to_be_visible()
    axe(agent)
    address = agent.url

    served.deliver(sample(IN_HL7, ODETTE, "R1"))
    odette = agent.get_by_role("link", name=ODETTES_NAME)
    expect(odette).to_be_visible(timeout=ARRIVAL)
    odette.focus()
    served.deliver(sample(IN_HPRIM, MEHDI, "R2"))
    expect(agent.get_by_role("link", name="BENALI Mehdi")).to_be_visible(timeout=ARRIVAL)
    expect(agent.get_by_role("link", name="À appeler 2")).to_be_visible()
    expect(odette).to_be_focused()  # who works by keyboard stays where he is while the list moves
    assert agent.url == address
    axe(agent)

    agent.keyboard.press("Enter")
    expect(agent.get_by_role("heading", level=1)).to_have_text(ODETTES_NAME)
    expect(agent.get_by_role("link", name="06 39 98 01 01")).to_have_attribute("href", "tel:0639980101")
    axe(agent)
    agent.get_by_role("button", name="Prendre ce dossier").click()
    expect(agent.get_by_text("Ce dossier est dans vos mains")).to_be_visible()
    axe(agent)
    agent.get_by_role("button", name="La personne a été appelée").click()
    expect(agent.get_by_text("L’appel est enregistré.")).to_be_visible()
    axe(agent)
    agent.goto(f"{served.url}/suivi/?etat=appeles")
    expect(agent.get_by_role("link", name=ODETTES_NAME)).to_be_visible()

    expect(reader.locator("#cles")).to_contain_text(
        re.compile(rf"positifs en 7 jours\s+{before + 2}\b"), timeout=ARRIVAL
    )
    axe(reader)


def test_a_person_is_found_by_number_and_by_name_with_birth_date(window, served, axe):
    served.employ("nord", "Dominique Leroy", "59")
    agent = window()
    sign_in(agent, served, "nord")
    served.deliver(sample(IN_HL7, ODETTE, "R1"), sample(IN_HPRIM, MEHDI, "R2"))
    expect(agent.get_by_role("link", name="BENALI Mehdi")).to_be_visible(timeout=ARRIVAL)
    expect(agent.get_by_role("link", name=ODETTES_NAME)).to_be_visible(timeout=ARRIVAL)

    agent.get_by_text("Rechercher une personne").click()
    agent.get_by_label("Numéro de sécurité sociale").fill(number_of(MEHDI))
    agent.get_by_role("button", name="Rechercher").click()
    expect(agent.get_by_role("rowheader")).to_have_text(["BENALI Mehdi"])
    axe(agent)
    agent.get_by_label("Numéro de sécurité sociale").fill("")
    agent.get_by_label("Nom de naissance ou nom utilisé").fill("lemaire")  # the name she uses
    agent.get_by_label("Date de naissance").fill(BORN)
    agent.get_by_role("button", name="Rechercher").click()
    expect(agent.get_by_role("rowheader")).to_have_text([ODETTES_NAME])
    agent.get_by_label("Date de naissance").fill(WRONG)
    agent.get_by_role("button", name="Rechercher").click()
    expect(agent.get_by_text("Aucun dossier trouvé")).to_be_visible()
    axe(agent)
    agent.get_by_label("Date de naissance").fill("hier")
    agent.get_by_role("button", name="Rechercher").click()
    expect(agent.get_by_label("Date de naissance")).to_have_attribute("aria-invalid", "true")
    axe(agent)


def test_a_colleague_was_faster_and_another_department_sees_nothing(window, served, axe):
    served.employ("nord", "Dominique Leroy", "59")
    served.employ("flandre", "Claude Fabre", "59")
    served.employ("paris", "Camille Rivière", "75")
    slow, fast, stranger = window(), window(), window(expected="403")
    sign_in(slow, served, "nord")
    served.deliver(sample(IN_HL7, ODETTE, "R1"))
    slow.get_by_role("link", name=ODETTES_NAME).click(timeout=ARRIVAL)
    expect(slow.get_by_role("button", name="Prendre ce dossier")).to_be_visible()

    sign_in(fast, served, "flandre")
    fast.get_by_role("link", name=ODETTES_NAME).click()
    fast.get_by_role("button", name="Prendre ce dossier").click()
    expect(fast.get_by_text("Ce dossier est dans vos mains")).to_be_visible()
    slow.get_by_role("button", name="Prendre ce dossier").click()
    expect(slow.get_by_text("Un collègue a modifié ce dossier entre-temps")).to_be_visible()
    expect(slow.get_by_text("Pris par un collègue")).to_be_visible()
    expect(slow.get_by_role("button", name="La personne a été appelée")).to_have_count(0)
    axe(slow)

    sign_in(stranger, served, "paris")
    expect(stranger.get_by_text("Aucun dossier ici")).to_be_visible()
    assert stranger.goto(slow.url).status == 403
    expect(stranger.get_by_role("heading", level=1)).to_have_text("Accès refusé")
    expect(stranger.get_by_text("VANDAMME")).to_have_count(0)
    axe(stranger)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_patient_reads_the_result_and_takes_the_certificate(window, served, axe, tmp_path, size):
    patient, mailbox = window(size), window()
    served.deliver(sample(IN_CDA, ODETTE, "R1"))
    follow_the_link(patient, served, mailbox)
    assert "/r/" not in patient.url
    axe(patient)

    answers = []
    for birth_date in (WRONG, BORN):
        patient.goto(f"{served.url}/mon-resultat/")
        patient.get_by_label("Date de naissance de la personne testée").fill(birth_date)
        patient.get_by_role("button", name="Recevoir mon code").click()
        answers.append((patient.url, patient.locator("main").inner_text()))
    assert answers[0] == answers[1]
    axe(patient)

    patient.get_by_label("Code à 6 chiffres").fill("12")
    patient.get_by_role("button", name="Voir mon résultat").click()
    expect(patient.get_by_text("Ce code ne convient pas")).to_be_visible()
    axe(patient)
    patient.get_by_label("Code à 6 chiffres").fill(code_of(mailbox, served))
    patient.get_by_role("button", name="Voir mon résultat").click()
    expect(patient.locator(".rp-result")).to_have_text("Positif")
    expect(patient.get_by_text("Isolez-vous dès maintenant")).to_be_visible()
    axe(patient)

    with patient.expect_download() as saved:
        patient.get_by_role("link", name=re.compile(r"Télécharger \(PDF, \d+")).click()
    assert saved.value.suggested_filename == "compte-rendu-1.pdf"
    patient.get_by_text("Pour un autre logiciel").click()
    for form, start in (("FHIR", b"{"), ("CDA", b"<?xml")):
        with patient.expect_download() as saved:
            patient.get_by_role("link", name=f"Télécharger ({form})").click()
        assert saved.value.path().read_bytes().startswith(start)
    link = patient.get_by_role("link", name="Voir ou imprimer (PDF)").get_attribute("href")
    answer = patient.context.request.get(served.url + link)
    assert answer.headers["content-type"] == "application/pdf"
    page = tmp_path / "certificate.pdf"
    page.write_bytes(answer.body())
    trust = TrustList.load(served.trust(tmp_path / "trust"))
    verdicts = [verify(found.text, trust=trust, at=datetime.now(UTC)) for found in inputs.find(str(page))]
    assert {verdict.kind: verdict.valid for verdict in verdicts} == {Kind.EU_DCC: True, Kind.TWODDOC: True}
    assert all("VANDAMME" in str(verdict.claims).upper() for verdict in verdicts)

    patient.get_by_role("button", name="Quitter").click()
    expect(patient.get_by_role("heading", level=1)).to_have_text("Le dépistage, du laboratoire à la courbe")
    patient.go_back()
    expect(patient.get_by_role("heading", level=1)).to_have_text("Mon résultat de test")
    for told in ("Positif", "VANDAMME"):
        expect(patient.get_by_text(told)).to_have_count(0)
    assert patient.context.request.get(served.url + link, max_redirects=0).status == 302


def test_a_result_taken_back_is_told_as_such(window, served, axe):
    """By e-mail, which leaves at any hour: a text message that waits for the morning would only be withdrawn."""
    patient, mailbox = window(PHONE), window()
    by_mail = {"phone": "", "mail": "odette.vandamme@exemple.fr"}
    served.deliver(sample(IN_HL7, ODETTE, "R1", result="I")._replace(**by_mail))
    open_the_result(patient, served, mailbox, by_mail["mail"])
    expect(patient.get_by_text("pas donné de réponse sûre")).to_be_visible()
    axe(patient)
    served.deliver(sample(IN_HL7, ODETTE, "R1", result="I", status="D")._replace(**by_mail))
    letters(mailbox, served, "Le laboratoire a retiré")
    patient.reload()
    expect(patient.get_by_role("heading", name="Ce résultat a été retiré")).to_be_visible()
    expect(patient.get_by_role("main").get_by_role("link", name=re.compile("certificat"))).to_have_count(0)
    axe(patient)


def test_the_whole_road_without_a_script(window, served):
    served.employ("nord", "Dominique Leroy", "59")
    served.deliver(sample(IN_HPRIM, ODETTE, "R1"))
    agent, patient, mailbox = window(scripts=False), window(PHONE, scripts=False), window(scripts=False)
    letters(mailbox, served, "Consultez-le ici")
    sign_in(agent, served, "nord")
    agent.reload()
    agent.get_by_text("Rechercher une personne").click()
    agent.get_by_label("Numéro de sécurité sociale").fill(number_of(ODETTE))
    agent.get_by_role("button", name="Rechercher").click()
    agent.get_by_role("link", name=ODETTES_NAME).click()
    agent.get_by_role("button", name="Prendre ce dossier").click()
    expect(agent.get_by_text("Ce dossier est dans vos mains")).to_be_visible()
    agent.goto(f"{served.url}/suivi/?etat=en-cours")
    expect(agent.get_by_role("link", name=ODETTES_NAME)).to_be_visible()

    open_the_result(patient, served, mailbox)
    expect(patient.locator(".rp-result")).to_have_text("Positif")
    with patient.expect_download() as download:
        patient.get_by_role("link", name="Télécharger", exact=True).click()
    assert download.value.path().read_bytes().startswith(b"%PDF")
    patient.get_by_role("button", name="Quitter").click()
    patient.goto(f"{served.url}/mon-resultat/resultat/")
    expect(patient.get_by_role("heading", level=1)).to_have_text("Mon résultat de test")

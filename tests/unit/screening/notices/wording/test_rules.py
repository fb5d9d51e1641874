"""What a text of a notice may say, and how it becomes what leaves."""

from html.parser import HTMLParser

import pytest

from rempart.foundation.messaging.letters import Channel
from rempart.screening.notices.rules import Audience, Words
from rempart.screening.notices.wording.rules import (
    Fault,
    Problem,
    Text,
    checks,
    difference,
    filled,
    html_of,
    kind_for,
    kinds,
    problems,
    sample,
    segments,
)

EVERY = [(kind, channel) for kind in kinds().values() for channel in kind.defaults]
URL = "https://sidep.gouv.fr"
RESULT = kinds()["result"]


@pytest.mark.parametrize(("kind", "channel"), EVERY, ids=[f"{kind.name}-{by}" for kind, by in EVERY])
def test_what_is_said_as_long_as_nobody_published_anything_may_be_published(kind, channel):
    assert problems(kind, channel, kind.defaults[channel], public_url=URL) == []


@pytest.mark.parametrize("audience", Audience)
@pytest.mark.parametrize("words", Words)
def test_there_is_a_text_for_every_reader_and_whatever_there_is_to_say(audience, words):
    by = kinds()[kind_for(audience, words)].defaults
    if audience in (Audience.PERSON, Audience.RELATIVE):
        assert set(by) == {Channel.SMS, Channel.EMAIL}
    else:
        assert set(by) == {Channel.MSSANTE}


@pytest.mark.parametrize(
    ("channel", "text", "found"),
    [
        (Channel.SMS, Text(text="Votre résultat : {link}"), []),
        (Channel.SMS, Text(text="Votre résultat."), [Problem(fault=Fault.MISSING, what="link")]),
        (Channel.SMS, Text(text="{link} {name}"), [Problem(fault=Fault.UNKNOWN, what="name")]),
        (Channel.SMS, Text(text="{link} {Link}"), [Problem(fault=Fault.BRACE)]),
        (Channel.SMS, Text(text="{link} {link.__class__}"), [Problem(fault=Fault.BRACE)]),
        (Channel.SMS, Text(text=" \n"), [Problem(fault=Fault.EMPTY)]),
        (Channel.SMS, Text(text="{link}", subject="x"), [Problem(fault=Fault.SUBJECT)]),
        (Channel.EMAIL, Text(text="{link}"), [Problem(fault=Fault.SUBJECT)]),
        (Channel.EMAIL, Text(text="{link}", subject="a\nBcc: b"), [Problem(fault=Fault.LINES)]),
        (Channel.SMS, Text(text="Positif ! {link}"), [Problem(fault=Fault.FORBIDDEN, what="positif")]),
        (Channel.SMS, Text(text="NÉGATIVE {link}"), [Problem(fault=Fault.FORBIDDEN, what="negative")]),
        (
            Channel.EMAIL,
            Text(text="{link} Vous êtes positif.", subject="Test COVID-19"),
            [Problem(fault=Fault.FORBIDDEN, what="covid")],
        ),
        (Channel.EMAIL, Text(text="{link} Restez en isolement.", subject="Votre résultat"), []),
        (
            Channel.SMS,
            Text(text="{link} " + "a" * 130),
            [Problem(fault=Fault.SEGMENTS, what="2", most=1)],
        ),
    ],
)
def test_what_may_be_published(channel, text, found):
    assert list(problems(RESULT, channel, text, public_url=URL)) == found


def test_one_character_that_is_not_of_the_alphabet_makes_a_message_dear():
    plain = "Votre résultat de test est disponible ici : {link}"
    assert segments(plain, public_url=URL) == 1
    assert segments(plain.replace("est", "peut être lu,"), public_url=URL) == 2


def test_the_address_of_the_deployment_counts():
    plain = "Votre resultat est disponible. Consultez-le ici, avec votre date de naissance, quand vous voulez : {link}"
    assert segments(plain, public_url=URL) == 1
    assert segments(plain, public_url="https://depistage-resultats.ministere-de-la-sante.exemple.fr") == 2


@pytest.mark.parametrize(
    "said", ["Un résultat attend : {link}", "Une analyse : {link}", "Cas positif : {link}"]
)
def test_security_a_relative_reads_nothing_of_a_result(said):
    found = problems(kinds()["relative-result"], Channel.SMS, Text(text=said), public_url=URL)
    assert [one.fault for one in found] == [Fault.FORBIDDEN]


def test_a_value_is_never_read_again():
    assert filled("{patient} {link}", {"patient": "{link}", "link": "x"}) == "{link} x"
    assert "{" not in sample("{link} {code} {patient}", public_url=URL)


class _Read(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said += data


def test_security_nothing_but_text_and_its_links_gets_into_a_mail():
    text = 'Bonjour <img src="https://x.test/pixel.gif">\n\n<script>alert(1)</script> https://a.test/?q=1&b="><b>'
    read = _Read()
    read.feed(html_of(text, subject="<b>"))
    assert {tag for tag, _ in read.tags} == {"html", "head", "meta", "title", "body", "p", "a"}
    assert [attributes["href"] for tag, attributes in read.tags if tag == "a"] == [
        "https://x.test/pixel.gif",
        "https://a.test/?q=1&b=",
    ]
    assert "<script>alert(1)</script>" in read.said


def test_a_mail_says_its_language_and_keeps_its_paragraphs():
    made = html_of("Bonjour,\n\nUne ligne\nune autre", subject="Objet")
    assert '<html lang="fr">' in made
    assert "<p>Bonjour,</p><p>Une ligne<br>une autre</p>" in made


def test_what_changed_between_two_versions():
    before, after = Text(subject="Un", text="a\nb"), Text(subject="Deux", text="a\nc")
    assert difference(before, after) == [
        ("-", "Objet : Un"),
        ("+", "Objet : Deux"),
        (" ", "a"),
        ("-", "b"),
        ("+", "c"),
    ]


def test_the_words_that_are_forbidden_are_written_as_they_are_compared():
    for word in (*checks().forbidden, *checks().forbidden_to_relatives):
        assert word.isascii()
        assert word.islower()


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("https://evil.test/?u={link}", "evil.test"),
        ("evil.test/{link}", "evil.test"),
        ("http://192.0.2.1/{link}", "192.0.2.1"),
        ("HTTPS://Evil.TEST {link}", "Evil.TEST"),
        ("https://sante.gouv.fr@evil.test {link}", "sante.gouv.fr@evil.test"),
        ("https://gouv.fr.evil.test {link}", "gouv.fr.evil.test"),
        ("https://mongouv.fr {link}", "mongouv.fr"),
        ("evil\u3002test {link}", "evil\u3002test"),
        ("ftp://{link}", "//"),
    ],
)
def test_security_a_text_leads_to_the_portal_and_to_sites_that_are_trusted(said, place):
    found = problems(RESULT, Channel.EMAIL, Text(subject="Objet", text=said), public_url=URL)
    assert found == [Problem(fault=Fault.PLACE, what=place)]


@pytest.mark.parametrize(
    "said",
    [
        "Bonjour. {link}",
        "www.gouvernement.gouv.fr/info {link}",
        "https://www.ameli.fr/assure {link}",
        "contact@sante.gouv.fr, 0 800 130 000, 8h-20h, 3.5 c.-à-d. S.O.S {link}.",
    ],
)
def test_a_text_may_name_a_site_that_is_trusted(said):
    assert problems(RESULT, Channel.EMAIL, Text(subject="Objet", text=said), public_url=URL) == []


def test_security_what_is_not_seen_parts_no_word():
    found = problems(RESULT, Channel.SMS, Text(text="posi\u00adtif, covi\u200bd {link}"), public_url=URL)
    assert [one.what for one in found if one.fault is Fault.FORBIDDEN] == ["positif", "covid"]

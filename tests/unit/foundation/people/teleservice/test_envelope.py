"""The envelope that goes out is the service's; of what comes back nothing is trusted."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from lxml import etree

from rempart.foundation.people.teleservice.endpoint import Software
from rempart.foundation.people.teleservice.envelope import BadAnswer, Fault, read, request
from rempart.foundation.people.teleservice.rules import Code, NationalIdentity, Question
from rempart.simulators.ins import protocol
from rempart.simulators.ins.register import Registered, people_of_data

MESSAGE = UUID("4bb69d9e-064f-4dc3-836a-db69046e439a")
SOFTWARE = Software(
    authorisation="REMPART00000",
    name="rempart",
    version="1",
    instance=UUID("636c9d43-1a19-4b8c-a8b1-ac43227cfe46"),
    sender="690000005",
)
QUESTION = Question(birth_name="D'AEION", first_name="COEUR", sex="M", birth_date=date(1987, 1, 25))
SOAP = "http://www.w3.org/2003/05/soap-envelope"
RESULT = "http://www.cnamts.fr/INSiResultat"
ONE = people_of_data()[0]


def sent(question: Question = QUESTION) -> bytes:
    return request(
        question,
        software=SOFTWARE,
        message=MESSAGE,
        now=datetime(2023, 9, 26, 8, 51, 16, 840_000, tzinfo=UTC),
    )


def answer(body: str, *, soap: str = SOAP) -> bytes:
    return f'<soap:Envelope xmlns:soap="{soap}"><soap:Body>{body}</soap:Body></soap:Envelope>'.encode()


def result(inside: str) -> bytes:
    return answer(f'<RESULTAT xmlns="{RESULT}">{inside}</RESULTAT>')


def test_the_request_is_the_one_that_integrators_of_the_service_send() -> None:
    """Elements, namespaces, versions and the action, as in requests that the service is known to have taken."""
    said = etree.fromstring(sent())
    found = [
        (etree.QName(one).namespace, etree.QName(one).localname, (one.text or "").strip(), dict(one.attrib))
        for one in said.iter()
        if not len(one)
    ]
    bam, lps, wsa, search = (
        "urn:siram:bam:ctxbam",
        "urn:siram:lps:ctxlps",
        "http://www.w3.org/2005/08/addressing",
        "http://www.cnamts.fr/INSiRecSans",
    )
    assert found == [
        (bam, "Id", str(MESSAGE), {}),
        (bam, "Temps", "2023-09-26T08:51:16.840Z", {}),
        (bam, "Emetteur", "690000005", {}),
        (bam, "COUVERTURE", "", {}),
        (lps, "Id", str(MESSAGE), {}),
        (lps, "Temps", "2023-09-26T08:51:16.840Z", {}),
        (lps, "Emetteur", "690000005", {}),
        (lps, "IDAM", "REMPART00000", {"R": "4"}),
        (lps, "Version", "1", {}),
        (lps, "Instance", "636c9d43-1a19-4b8c-a8b1-ac43227cfe46", {}),
        (lps, "Nom", "urn:lps:rempart:1", {}),
        (wsa, "Action", "urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecTraitsIdentite", {}),
        (wsa, "MessageID", f"uuid:{MESSAGE}", {}),
        (search, "NomNaissance", "D'AEION", {}),
        (search, "Prenom", "COEUR", {}),
        (search, "Sexe", "M", {}),
        (search, "DateNaissance", "1987-01-25", {}),
    ]
    assert said.tag == f"{{{SOAP}}}Envelope"
    contexts = {
        etree.QName(one).localname: dict(one.attrib) for one in said.iter() if one.attrib and len(one)
    }
    assert contexts == {
        "ContexteBAM": {"Version": "01_02"},
        "ContexteLPS": {"Nature": "CTXLPS", "Version": "01_00"},
    }


def test_what_is_asked_arrives_whatever_it_holds() -> None:
    question = Question(
        birth_name="O'A-B C", first_name="X", sex="F", birth_date=QUESTION.birth_date, birth_place="2A004"
    )
    assert protocol.read(sent(question)).birth_name == "O'A-B C"
    assert protocol.read(sent(question)).birth_place == "2A004"


def test_one_identity() -> None:
    """As the service writes it, with a number that it had before."""
    content = result(
        "<CR><CodeCR>00</CodeCR><LibelleCR>OK</LibelleCR></CR><INDIVIDU>"
        "<INSACTIF><IdIndividu><NumIdentifiant>1090763220834</NumIdentifiant><Cle>89</Cle></IdIndividu>"
        "<OID>1.2.250.1.213.1.4.8</OID></INSACTIF>"
        "<INSHISTO><DateDeb>2019-03-01</DateDeb><DateFin>2019-02-28</DateFin><IdIndividu>"
        "<NumIdentifiant>2090763220834</NumIdentifiant><Cle>39</Cle></IdIndividu><OID>1.2.250.1.213.1.4.8</OID></INSHISTO>"
        "<TIQ><NomNaissance>ECETINSI</NomNaissance><ListePrenom>PIERRE-ALAIN MURIEL FLORIANT</ListePrenom>"
        "<Sexe>M</Sexe><DateNaissance>2009-07-14</DateNaissance><LieuNaissance>63220</LieuNaissance></TIQ></INDIVIDU>"
    )
    assert read(content).identity == NationalIdentity(
        number="109076322083489",
        authority="1.2.250.1.213.1.4.8",
        birth_name="ECETINSI",
        first_names=("PIERRE-ALAIN", "MURIEL", "FLORIANT"),
        sex="M",
        birth_date=date(2009, 7, 14),
        birth_place="63220",
        former=("209076322083439",),
    )


def test_prefixes_do_not_matter_and_lunar_dates_are_no_days() -> None:
    content = protocol.answer([ONE]).replace(b"1979-03-28", b"1979-00-00").decode()
    content = content.replace(f'<RESULTAT xmlns="{RESULT}">', f'<ns2:RESULTAT xmlns:ns2="{RESULT}">')
    for name in ("CR", "CodeCR", "LibelleCR", "INDIVIDU", "INSACTIF", "IdIndividu", "NumIdentifiant", "Cle", "OID", "TIQ",
                 "NomNaissance", "ListePrenom", "Sexe", "DateNaissance", "LieuNaissance", "RESULTAT"):  # fmt: skip
        content = content.replace(f"<{name}>", f"<ns2:{name}>").replace(f"</{name}>", f"</ns2:{name}>")
    found = read(content.encode())
    assert found.identity is not None
    assert (found.identity.number, found.identity.birth_date) == (ONE.number, None)


@pytest.mark.parametrize(("people", "code"), [([], Code.NONE), ([ONE, ONE], Code.SEVERAL)])
def test_none_and_several(people: list[Registered], code: Code) -> None:
    found = read(protocol.answer(people))
    assert (found.code, found.identity) == (code, None)


def test_a_fault_says_its_code_and_nothing_else() -> None:
    with pytest.raises(Fault) as fault:
        read(protocol.fault())
    assert str(fault.value) == fault.value.code == "insi_102"
    for inside, code in (
        ("<soap:Code><soap:Value>soap:Sender</soap:Value></soap:Code>", "soap:Sender"),
        ("<soap:Code><soap:Value>Madame Martin, 12 rue</soap:Value></soap:Code>", "fault"),
        ("", "fault"),
    ):
        with pytest.raises(Fault) as fault:
            read(answer(f"<soap:Fault>{inside}</soap:Fault>"))
        assert fault.value.code == code


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not well-formed"),
        (b"<html>maintenance", "not well-formed"),
        (b"\xff\xfe<a/>", "not well-formed"),
        (protocol.bomb(), "document type|not well-formed"),
        (
            b'<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">' + answer(f'<RESULTAT xmlns="{RESULT}"/>'),
            "document type",
        ),
        (b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + result("<CR>&f;</CR>"), "document type"),
        (answer("<RESULTAT/>", soap="http://schemas.xmlsoap.org/soap/envelope/"), "SOAP 1.2"),
        (answer("<RESULTAT/>"), "no result"),
        (answer(""), "one element"),
        (answer("<a/><b/>"), "one element"),
        (protocol.answer([ONE], namespace="http://example.org"), "no result"),
        (result("<CR/>"), "CodeCR"),
        (result("<CR><CodeCR>07</CodeCR></CR>"), "result code"),
        (result("<CR><CodeCR>00</CodeCR></CR>"), "without it"),
        (result("<CR><CodeCR>00</CodeCR></CR><INDIVIDU/>"), "without number"),
        (protocol.answer([ONE]).replace(b"XYLOPHAGE", b"X" * 500), "NomNaissance"),
        (protocol.answer([ONE]).replace(b"<OID>1.2.250.1.213.1.4.8</OID>", b""), "OID"),
        (b"<a>" * 1000 + b"</a>" * 1000, "not well-formed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_security_what_is_no_answer_is_refused_without_its_words(content: bytes, why: str) -> None:
    with pytest.raises(BadAnswer, match=why) as refusal:
        read(content)
    assert refusal.value.__cause__ is None
    assert "XYLOPHAGE" not in str(refusal.value)

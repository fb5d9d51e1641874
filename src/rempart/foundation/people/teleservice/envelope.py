"""SOAP 1.2 of the INS teleservice: a question out, an answer in.

The request and the answer are those of the operation `rechercherInsAvecTraitsIdentite` (ServiceIdentiteCertifiee 1.0.0),
as its integrators publish them. Nothing that comes back is trusted: no document type, no entity, no network, no huge
text; names and values only where they belong, in their namespaces, and short.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from uuid import UUID

from lxml import etree

from rempart.foundation.people.teleservice.endpoint import Software
from rempart.foundation.people.teleservice.rules import Answer, Code, NationalIdentity, Question

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
BAM = "urn:siram:bam:ctxbam"
LPS = "urn:siram:lps:ctxlps"
SIRAM = "urn:siram"
SEARCH = "http://www.cnamts.fr/INSiRecSans"
RESULT = "http://www.cnamts.fr/INSiResultat"
ACTION = "urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecTraitsIdentite"
CONTENT_TYPE = f'application/soap+xml; charset=utf-8; action="{ACTION}"'

_LONGEST = 200
"""Characters of one value; names of the register have at most 100."""

_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,40}")


class BadAnswer(Exception):
    """What came back is no answer of the service; the message says why, and nothing of what it held."""


class Fault(Exception):
    """The service says that it failed; `code` is its own, such as insi_102."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def request(question: Question, *, software: Software, message: UUID, now: datetime) -> bytes:
    """The envelope that asks a question; `message` names it, and is all that a log may keep of it."""
    spaces = {"soap": SOAP, "wsa": ADDRESSING, "ctxbam": BAM, "ctxlps": LPS, "ins": SEARCH}
    envelope = etree.Element(_name(SOAP, "Envelope"), nsmap=spaces)
    header = _add(envelope, SOAP, "Header")
    moment = now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z"

    bam = _add(header, BAM, "ContexteBAM", Version="01_02")
    for name, value in (
        ("Id", str(message)),
        ("Temps", moment),
        ("Emetteur", software.sender),
        ("COUVERTURE", ""),
    ):
        _add(bam, BAM, name, value)
    lps = _add(header, LPS, "ContexteLPS", Nature="CTXLPS", Version="01_00")
    for name, value in (("Id", str(message)), ("Temps", moment), ("Emetteur", software.sender)):
        _add(lps, LPS, name, value)
    program = _add(lps, LPS, "LPS")
    _add(program, LPS, "IDAM", software.authorisation, R="4")
    _add(program, LPS, "Version", software.version)
    _add(program, LPS, "Instance", str(software.instance))
    _add(program, LPS, "Nom", f"urn:lps:{software.name}:{software.version}")
    _add(header, ADDRESSING, "Action", ACTION)
    _add(header, ADDRESSING, "MessageID", f"uuid:{message}")

    asked = _add(_add(envelope, SOAP, "Body"), SEARCH, "RECSANSVITALE")
    for name, value in (
        ("NomNaissance", question.birth_name),
        ("Prenom", question.first_name),
        ("Sexe", question.sex),
        ("DateNaissance", question.birth_date.isoformat()),
        ("LieuNaissance", question.birth_place),
    ):
        if value:
            _add(asked, SEARCH, name, value)
    content: bytes = etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
    return content


def read(content: bytes) -> Answer:
    """The answer in an envelope. Raises Fault when it is one, BadAnswer when it is none."""
    body = _body(content)
    if body.tag == _name(SOAP, "Fault"):
        raise Fault(_fault_code(body))
    if body.tag != _name(RESULT, "RESULTAT"):
        raise BadAnswer("the body holds no result")
    try:
        code = Code(_text(body, "CR", "CodeCR"))
    except ValueError:
        raise BadAnswer("a result code that is not 00, 01 or 02") from None
    if code is not Code.ONE:
        return Answer(code=code)
    person = body.find(_name(RESULT, "INDIVIDU"))
    if person is None:
        raise BadAnswer("a result of one identity without it")
    return Answer(code=code, identity=_identity(person))


def _body(content: bytes) -> etree._Element:
    """The one element in the body of an envelope of SOAP 1.2."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
        remove_comments=True, remove_pis=True, recover=False,
    )  # fmt: skip
    try:
        envelope = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise BadAnswer("not well-formed XML") from None
    if envelope.getroottree().docinfo.doctype:
        raise BadAnswer("a document type")
    if envelope.tag != _name(SOAP, "Envelope"):
        raise BadAnswer("not an envelope of SOAP 1.2")
    body = envelope.find(_name(SOAP, "Body"))
    if body is None or len(body) != 1:
        raise BadAnswer("not one element in the body")
    return body[0]


def _identity(person: etree._Element) -> NationalIdentity:
    active, traits = person.find(_name(RESULT, "INSACTIF")), person.find(_name(RESULT, "TIQ"))
    if active is None or traits is None:
        raise BadAnswer("an identity without number or traits")
    listed = _text(traits, "ListePrenom", optional=True) or _text(traits, "Prenom")
    return NationalIdentity(
        number=_number(active),
        authority=_text(active, "OID"),
        birth_name=_text(traits, "NomNaissance"),
        first_names=tuple(listed.split()),
        sex=_text(traits, "Sexe"),
        birth_date=_day(_text(traits, "DateNaissance")),
        birth_place=_text(traits, "LieuNaissance", optional=True),
        former=tuple(_number(one) for one in person.findall(_name(RESULT, "INSHISTO"))[:20]),
    )


def _number(numbered: etree._Element) -> str:
    return _text(numbered, "IdIndividu", "NumIdentifiant") + _text(numbered, "IdIndividu", "Cle")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _text(parent: etree._Element, *path: str, optional: bool = False) -> str:
    """The text of an element of the answer. Raises BadAnswer when it is missing or too long."""
    found: etree._Element | None = parent
    for step in path:
        found = None if found is None else found.find(_name(RESULT, step))
    text = "" if found is None else (found.text or "").strip()
    if len(text) > _LONGEST or not (text or optional):
        raise BadAnswer(f"{path[-1]} is missing or too long")
    return text


def _fault_code(fault: etree._Element) -> str:
    """The service's own code of what went wrong, else SOAP's; never its text."""
    error = fault.find(f".//{_name(SIRAM, 'Erreur')}")
    codes = [None if error is None else error.get("code")]
    codes += [value.text for value in fault.iter(_name(SOAP, "Value"))][::-1]
    return next((code.strip() for code in codes if code and _CODE.fullmatch(code.strip())), "fault")


def _add(parent: etree._Element, space: str, name: str, text: str = "", **attributes: str) -> etree._Element:
    added = etree.SubElement(parent, _name(space, name), attributes)
    added.text = text or None
    return added


def _name(space: str, name: str) -> str:
    return f"{{{space}}}{name}"

"""The service's side of its SOAP 1.2: a request in, an answer, a fault or something worse out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from lxml import etree

from rempart.foundation.people.teleservice.envelope import (
    ACTION,
    ADDRESSING,
    BAM,
    LPS,
    RESULT,
    SEARCH,
    SIRAM,
    SOAP,
)
from rempart.simulators.ins.register import Asked, Registered

_NAME = re.compile(r"[A-Z][A-Z' -]*")
_FIRST_NAME = re.compile(r"[A-Z][A-Z'-]*")
_PLACE = re.compile(r"[0-9][0-9AB][0-9]{3}", re.ASCII)
_LABELS = {"00": "OK", "01": "Aucune identite trouvee", "02": "Plusieurs identites trouvees"}


class Refused(Exception):
    """The request is not one of the service; it is answered by a fault of the sender."""


def read(content: bytes) -> Asked:
    """What a request asks. Raises Refused for whatever the service would not take."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        envelope = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Refused("not XML") from None
    header = envelope.find(_name(SOAP, "Header"))
    if envelope.tag != _name(SOAP, "Envelope") or header is None:
        raise Refused("not SOAP 1.2")
    if header.findtext(_name(ADDRESSING, "Action")) != ACTION:
        raise Refused("another action")
    for space, name in ((BAM, "ContexteBAM"), (LPS, "ContexteLPS")):
        context = header.find(_name(space, name))
        if context is None or not all(
            context.findtext(_name(space, one)) for one in ("Id", "Temps", "Emetteur")
        ):
            raise Refused(f"no {name}")
    if not header.findtext(f"{_name(LPS, 'ContexteLPS')}/{_name(LPS, 'LPS')}/{_name(LPS, 'IDAM')}"):
        raise Refused("no authorisation")
    asked = envelope.find(f"{_name(SOAP, 'Body')}/{_name(SEARCH, 'RECSANSVITALE')}")
    if asked is None:
        raise Refused("another operation")
    return _asked({etree.QName(one).localname: one.text or "" for one in asked})


def _asked(said: dict[str, str]) -> Asked:
    name, first, sex = said.get("NomNaissance", ""), said.get("Prenom", ""), said.get("Sexe", "")
    place = said.get("LieuNaissance", "")
    if not (_NAME.fullmatch(name) and _FIRST_NAME.fullmatch(first) and sex in ("F", "M")):
        raise Refused("traits that are not spelled as they should be")
    if place and not _PLACE.fullmatch(place):
        raise Refused("a place that is not INSEE's")
    try:
        born = date.fromisoformat(said.get("DateNaissance", ""))
    except ValueError:
        raise Refused("a birth date that is not one") from None
    return Asked(birth_name=name, first_name=first, sex=sex, birth_date=born, birth_place=place)


def answer(found: Sequence[Registered], *, namespace: str = RESULT) -> bytes:
    """One identity, none, or that there are several."""
    code = "00" if len(found) == 1 else "02" if found else "01"
    result = etree.Element(_name(namespace, "RESULTAT"), nsmap={None: namespace})
    report = etree.SubElement(result, _name(namespace, "CR"))
    _add(report, namespace, "CodeCR", code)
    _add(report, namespace, "LibelleCR", _LABELS[code])
    if len(found) == 1:
        (one,) = found
        person = etree.SubElement(result, _name(namespace, "INDIVIDU"))
        _number(person, namespace, "INSACTIF", one.number, one.authority)
        for number in one.former:
            _number(person, namespace, "INSHISTO", number, one.authority)
        traits = etree.SubElement(person, _name(namespace, "TIQ"))
        _add(traits, namespace, "NomNaissance", one.birth_name)
        _add(traits, namespace, "ListePrenom", " ".join(one.first_names))
        _add(traits, namespace, "Sexe", one.sex)
        _add(traits, namespace, "DateNaissance", one.birth_date.isoformat())
        _add(traits, namespace, "LieuNaissance", one.birth_place)
    return _enveloped(result)


def fault(*, sender: bool = False) -> bytes:
    """A fault in the service's manner: of the receiver, or of the sender."""
    found = etree.Element(_name(SOAP, "Fault"), nsmap={"S": SOAP})
    code = etree.SubElement(found, _name(SOAP, "Code"))
    _add(code, SOAP, "Value", "S:Sender" if sender else "S:Receiver")
    _add(
        etree.SubElement(code, _name(SOAP, "Subcode")),
        SOAP,
        "Value",
        "S:siram_20" if sender else "S:siram_40",
    )
    reason = etree.SubElement(found, _name(SOAP, "Reason"))
    text = etree.SubElement(reason, _name(SOAP, "Text"))
    text.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
    text.text = "Le service est temporairement inaccessible."
    detail = etree.SubElement(found, _name(SOAP, "Detail"))
    error = etree.SubElement(detail, _name(SIRAM, "Erreur"), nsmap={"siram": SIRAM})
    error.set("severite", "fatal")
    error.set("code", "insi_101" if sender else "insi_102")
    error.text = "L'appel au service de recherche avec les traits d'identité renvoie une erreur technique."
    return _enveloped(found)


def bomb() -> bytes:
    """An answer whose entities would grow to gigabytes."""
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    return (
        f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "0123456789">{entities}]>'
        f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Body><RESULTAT xmlns="{RESULT}"><CR><CodeCR>&e9;</CodeCR></CR>'
        "</RESULTAT></soap:Body></soap:Envelope>"
    ).encode()


def _enveloped(body: etree._Element) -> bytes:
    envelope = etree.Element(_name(SOAP, "Envelope"), nsmap={"soap": SOAP})
    etree.SubElement(envelope, _name(SOAP, "Body")).append(body)
    content: bytes = etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
    return content


def _number(person: etree._Element, space: str, kind: str, number: str, authority: str) -> None:
    holder = etree.SubElement(person, _name(space, kind))
    parts = etree.SubElement(holder, _name(space, "IdIndividu"))
    _add(parts, space, "NumIdentifiant", number[:13])
    _add(parts, space, "Cle", number[13:])
    _add(holder, space, "OID", authority)


def _add(parent: etree._Element, space: str, name: str, text: str) -> None:
    etree.SubElement(parent, _name(space, name)).text = text


def _name(space: str, name: str) -> str:
    return f"{{{space}}}{name}"

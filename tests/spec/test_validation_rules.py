"""What is said of a laboratory's message, and what becomes of it, as a table."""

import base64

import pytest
from tests import messages
from tests.spec import test_dated_rules
from tests.spec.tables import rows
from tests.unit.screening.formats.tables.test_decoding import ROW, table, workbook

from rempart.screening.rules.catalogue import Profile, catalogue

TITLE = "What is said of a message, and what becomes of it"
WHY = (
    "Validation catalogue of the platform (MINSANTE n°101, annex 1, for what must be there; HL7 0085 for statuses). "
    "Each line starts from a good message, sampled on 8 April 2021 and judged on the 9th, and changes the items named; "
    "'-' means left out. A finding with '!' is an error: the message is rejected whole."
)

CASES = """
  format | what is changed                                                  | profile | findings      | outcome  | because
  -------+------------------------------------------------------------------+---------+---------------+----------+---------------------------------------------------------
  hl7v2  |                                                                  | fr      |               | accepted | a good message
  hprim  |                                                                  | fr      |               | accepted | likewise
  hl7v2  | birth name: - ; used name: MARTIN                                | fr      | P04           | accepted | one of the two names is enough, but not beside an INS
  hl7v2  | birth name: - ; used name: -                                     | fr      | P01! P04      | rejected | nobody can be told the result
  hprim  | birth name: -                                                    | fr      | P01!          | rejected | likewise
  hl7v2  | first names: -                                                   | fr      | P02! P04      | rejected |
  hprim  | first names: -                                                   | fr      | P02!          | rejected |
  hl7v2  | birth date: -                                                    | fr      | P03! P04      | rejected |
  hl7v2  | birth date: 1979                                                 | fr      | P03! P04      | rejected | a year is not a date of birth
  hl7v2  | birth date: 20990101 ; INS: -                                    | fr      | P03!          | rejected | in the future
  hl7v2  | birth date: 18790328 ; INS: -                                    | fr      | P03!          | rejected | more than 130 years ago
  hprim  | birth date: 31/02/1979                                           | fr      | P03!          | rejected | no such day
  hprim  | birth date: 28/03/79                                             | fr      | P11           | accepted | two digits: 1979, since 2079 is to come
  hl7v2  | birth place: -                                                   | fr      | P04           | accepted | an INS goes with its five traits; here a test identity
  hl7v2  | birth place: - ; INS authority: 1.2.250.1.213.1.4.8              | fr      | P04!          | rejected | an INS of production must be complete
  hl7v2  | INS: 279035121518988                                             | fr      | P05           | accepted | wrong key, test identity
  hl7v2  | INS: 279035121518988 ; INS authority: 1.2.250.1.213.1.4.8        | fr      | P05!          | rejected | wrong key, identity of production
  hl7v2  | INS: 279035121518988                                             | generic |               | accepted | foreign senders have no INS
  hl7v2  | INS: 279035121518989 ; INS authority: 1.2.250.1.213.1.4.9        | fr      | P05!          | rejected | a NIR under the authority of waiting numbers
  hl7v2  | sex: M                                                           | fr      | P06           | accepted | the number is a woman's
  hl7v2  | birth date: 19790428                                             | fr      | P07           | accepted | the number says March
  hl7v2  | mobile and e-mail: -                                             | fr      | P08           | accepted | the result will travel by MSSanté
  hprim  | number: 2790351215189                                            | fr      | P09           | accepted | without its key, which is computed
  hprim  | number: 150209913456766                                          | fr      | P10           | accepted | a parent's number must not identify the child
  hl7v2  | FINESS: -                                                        | fr      | L01!          | rejected | nobody would know whose record number it is
  hl7v2  | FINESS: 690001234                                                | fr      | L01!          | rejected | wrong key
  hl7v2  | FINESS: 2A0001236                                                | fr      |               | accepted | Corsica: A counts as 1
  hprim  | FINESS: 690001234                                                | fr      | L01!          | rejected |
  hl7v2  | FINESS: 690001234                                                | generic |               | accepted | foreign laboratories have no FINESS
  hl7v2  | RPPS: 810003456787                                               | fr      | L02           | accepted | the result is worth more than the doctor's number
  hl7v2  | record number: -                                                 | fr      | L03!          | rejected | corrections could not find it
  hprim  | record number: -                                                 | fr      | L03!          | rejected |
  hl7v2  | sampled: -                                                       | fr      | S01!          | rejected |
  hl7v2  | sampled: 20211308                                                | fr      | S01!          | rejected | month 13
  hprim  | sampled: le 8 avril                                              | fr      | S01!          | rejected |
  hl7v2  | sampled: 20210409120000+0200 ; validated: 20210409130000+0200    | fr      | S02!          | rejected | two hours after the message was judged
  hl7v2  | sampled: 20210408160000+0200                                     | fr      | S02!          | rejected | an hour after its validation
  hl7v2  | sampled: 20210408                                                | fr      |               | accepted | a day alone is compared as a day
  hl7v2  | sampled: 20210408134800                                          | fr      |               | accepted | without a zone: that of the laboratory
  hl7v2  | sampled: 20210301134800+0100                                     | fr      | S03           | accepted | more than thirty days
  hl7v2  | sampled: 20210408134800+02                                       | fr      | S04           | accepted | a zone that cannot be read: local
  hl7v2  | validated: hier                                                  | fr      | S04           | accepted |
  hl7v2  | analysis: 2160-0                                                 | fr      | A03 A01!      | rejected | creatinine: the laboratory must know it was not taken
  hl7v2  | analysis: 2160-0                                                 | generic |               | accepted | every analysis is read
  hl7v2  | analysis: 94533-7                                                | fr      | A03 A01!      | rejected | a gene target is not a result
  hl7v2  | analysis: 94500-7                                                | fr      | A02!          | rejected | wrong check digit: which analysis was meant?
  hprim  | analysis: COVPCR                                                 | fr      | A04           | held     | the label says SARS-CoV-2, the code nothing: quarantine
  hl7v2  | result: 260415000^Not detected^SCT                               | fr      |               | accepted | negative
  hl7v2  | result: ^NEGATIF                                                 | fr      |               | accepted | a text alone
  hl7v2  | result: Z                                                        | fr      | R01!          | rejected | none of P, N, I, X
  hprim  | result: Z                                                        | fr      | R01!          | rejected |
  hprim  | result: Non détecté                                              | fr      |               | accepted | negative, and never mistaken for "détecté"
  hl7v2  | result: -                                                        | fr      | R02!          | rejected | validated, and nothing there
  hprim  | result: -                                                        | fr      | R02!          | rejected |
  hl7v2  | result: 840533007^SARS-CoV-2^SCT                                 | fr      | R03!          | rejected | the organism, not a result
  hl7v2  | status: P                                                        | fr      | R04           | held     | preliminary
  hl7v2  | status: P ; result: -                                            | fr      | R04           | held     | nothing yet, and nothing said of it
  hprim  | status: R                                                        | fr      | R04           | held     | not validated
  hl7v2  | status: C                                                        | fr      |               | accepted | a correction
  hl7v2  | status: U                                                        | fr      |               | accepted | final, not sent again
  hl7v2  | status: X ; result: -                                            | fr      |               | accepted | could not be obtained: X
  hl7v2  | status: D                                                        | fr      | R06           | accepted | taken back
  hl7v2  | status: W                                                        | fr      | R06           | accepted | was another patient's
  hl7v2  | status: 5                                                        | fr      | R07 R04       | held     | not a status
  hprim  | status: -                                                        | fr      | R07 R04       | held     | only F and C publish
  hl7v2  | result: 260415000^Not detected^SCT^P^Positif^99SIDEP             | fr      | R08!          | rejected | one code says negative, the other positive
  hl7v2  | result: 720735008^Presumptive positive^SCT                       | fr      | R09           | accepted | counts as positive, to be confirmed
  hl7v2  | order: RO                                                        | fr      | C03!          | rejected | a replacement must be a correction
  hl7v2  | order: CA                                                        | fr      | C03!          | rejected | a cancelled order has no final result
  hl7v2  | order: CA ; status: D                                            | fr      | R06           | accepted |
  hl7v2  | type: ORM^O01                                                    | fr      | H01!          | rejected | an order is no result
  hl7v2  | type: ORU^R30                                                    | fr      | H01!          | rejected |
  hl7v2  | version: 2.7                                                     | fr      | H01!          | rejected |
  hl7v2  | version: 2.3.z                                                   | fr      |               | accepted | met in real files
  hl7v2  | version: -                                                       | fr      | H03           | accepted |
  hl7v2  | control id: -                                                    | fr      | H02!          | rejected |
  hl7v2  | processing: T                                                    | fr      | H04           | held     | a test must never be published
  hl7v2  | processing: T                                                    | generic |               | accepted | foreign platforms judge their own tests
"""

HL7 = {  # item: what stands in the good message, how it is written instead
    "birth name": ("PAT-TROIS^DOMINIQUE^DOMINIQUE MARIE-LOUISE^^^^L~", "{}^DOMINIQUE^^^^^L~"),
    "used name": ("MARTIN^DOMINIQUE^^^^^D||1979", "{}^DOMINIQUE^^^^^D||1979"),
    "first names": (
        "PAT-TROIS^DOMINIQUE^DOMINIQUE MARIE-LOUISE^^^^L~MARTIN^DOMINIQUE^^^^^D",
        "PAT-TROIS^{}^^^^^L~MARTIN^^^^^^D",
    ),
    "birth date": ("||19790328|", "||{}|"),
    "birth place": ("BDL^^51215", "BDL^^{}"),
    "sex": ("|F|||28 AV", "|{}|||28 AV"),
    "INS": ("279035121518989^", "{}^"),
    "INS authority": ("1.2.250.1.213.1.4.10", "{}"),
    "mobile and e-mail": ("^PRN^CP^^^^^^^^^0600000000~^NET^Internet^dominique@example.org", "{}"),
    "RPPS": ("810003456786", "{}"),
    "record number": ("21048BC000020^LBM-EX", "{}"),
    "sampled": ("20210408134800+0200", "{}"),
    "validated": ("20210408150000+0200", "{}"),
    "analysis": ("OBX|1|CE|94500-6^SARS-CoV-2 RT-PCR", "OBX|1|CE|{}^Analyse"),
    "result": ("260373001^Detected^SCT^P^Positif^99SIDEP", "{}"),
    "status": ("|||A|||F|||", "|||A|||{}|||"),
    "order": ("ORC|RE|", "ORC|{}|"),
    "type": ("ORU^R01^ORU_R01", "{}"),
    "version": ("|P|2.5|", "|P|{}|"),
    "processing": ("|P|2.5|", "|{}|2.5|"),
    "control id": ("MSG000001", "{}"),
}
HPRIM = {
    "birth name": ("PAT-TROIS\r\n", "{}\r\n"),
    "first names": ("\r\nDOMINIQUE\r\n", "\r\n{}\r\n"),
    "birth date": ("28/03/1979", "{}"),
    "number": ("279035121518989", "{}"),
    "record number": ("21048BC000020", "{}"),
    "sampled": ("08/04/2021", "{}"),
    "FINESS": ("690001235", "{}"),
    "analysis": ("|94500-6|", "|{}|"),
    "result": ("|C|P|||||F", "|C|{}|||||F"),
    "status": ("|C|P|||||F", "|C|P|||||{}"),
}


def written(case: dict[str, str]) -> bytes:
    """The message of a line of the table."""
    is_hl7 = case["format"] == "hl7v2"
    changes: list[tuple[str, str]] = []
    for change in filter(None, case["what is changed"].split(" ; ")):
        name, _, value = change.partition(":")
        value = value.strip().removeprefix("-") if value.strip() == "-" else value.strip()
        if name.strip() == "FINESS" and is_hl7:  # the sender gives it, and so does the performer
            changes += [
                ("|690001235|SIDEP", f"|{value}|SIDEP"),
                ("^^^1690001235", f"^^^{value and '1' + value}"),
            ]
        else:
            old, new = (HL7 if is_hl7 else HPRIM)[name.strip()]
            changes.append((old, new.format(value)))
    if is_hl7:
        return messages.hl7(*changes)
    return messages.hprim(*changes)


@pytest.mark.parametrize("case", rows(CASES), ids=lambda case: " ".join(case.values())[:70])
def test_what_is_said_of_a_message(case: dict[str, str]) -> None:
    context = messages.GENERIC if case["profile"] == Profile.GENERIC.value else messages.FRENCH
    judgement = messages.judged(written(case), context)
    said = [f.code + ("!" if f.severity.value == "error" else "") for f in judgement.findings]
    assert (" ".join(said), judgement.outcome.value) == (case["findings"], case["outcome"])
    assert all(f.location and f.message and f.do for f in judgement.findings)


FILES = """
  what is sent                                          | findings | outcomes          | because
  ------------------------------------------------------+----------+-------------------+--------------------------------------------------
  nothing                                               | F01!     | rejected          | an empty file gives an answer too
  a picture                                             | F01!     | rejected          |
  MSH with delimiters that are the same                 | F01!     | rejected          | the rest cannot be trusted
  MSH alone                                             | F02!     | rejected          | cut in the transfer
  HPRIM without its end                                 | F02! F05 | rejected          | results may be lost
  HPRIM without FINFICHIER                              | F05      | accepted          | the message itself is whole
  17 MB in one message                                  | F03!     | rejected          |
  UTF-8 announced, windows-1252 sent                    | F04      | accepted          | read all the same
  a batch of three that announces two                   | F05      | accepted accepted accepted | what came is taken
  text before the message                               | F06      | accepted          |
  a line break inside a field                           | F06      | accepted          | read as the rest of the field
  text after FIN                                        | F06      | accepted          |
  HPRIM with a header of 7 lines                        | H05! P02! P03! L01! L03! S01! | rejected |
  HPRIM with text only                                  | A01!     | rejected          | no machine can read a result in it
  HPRIM Santé                                           |          | accepted          |
  HPRIM Santé, a line continued in the middle of a word |          | accepted          | as if it had not been cut
  HPRIM Santé with delimiters that are the same         | F01!     | rejected          | likewise
  HPRIM Santé without L                                 | F02!     | rejected          | nothing else tells that it is whole
  HPRIM Santé whose L counts two persons                | F05      | accepted          | what came is taken
  HPRIM Santé of an admission                           | H01!     | rejected          | ORU brings results
  HPRIM Santé that names a file                         | C09      | accepted          | the result is worth more than its report
  a document whose base64 lost its padding              | C04      | accepted          | official samples have it
  a document that is not what it says                   | C05!     | rejected          |
  a CDA document about another person in the message    | C02!     | rejected          | nobody knows whose result it is
  an attached report of 6 MB                            | C07      | accepted          | the result counts, the report is left out
  an attached text document                             | C08      | accepted          | PDF, PNG and JPEG are taken
  a CDA document with a document type declaration       | F07!     | rejected          | entities are how XML bombs are made
  a CDA document without its version                    | C01!     | rejected          | which one is the latest?
  a CDA document with a title of its own                | C06      | accepted          | it changes nothing for the result
  a FHIR Bundle whose address is no list                | F09      | accepted          | the rest is read
  a FHIR Bundle cut in its middle                       | F01!     | rejected          |
  a table                                               |          | accepted          |
  a workbook                                            |          | accepted          |
  a table whose second result is unknown                | R01!     | accepted rejected | each row is a message
  a table without a column of results                   | T01!     | rejected          |
  a table whose matricule became a power of ten         | T02! P05 | rejected          | its last digits are lost
  a table whose postal code lost its zero               | T03      | accepted          | it is given back
  a table with its separator inside a text              | T04!     | rejected          | nobody can tell which cell is which
  a workbook that is cut                                | T05!     | rejected          |
"""


def enclosing(content: bytes, *, kind: str = "XML", lost: str = "") -> bytes:
    """The good HL7 message with a document in base64, of which the last characters may be lost."""
    text = base64.b64encode(content).decode()
    assert text.endswith(lost)
    line = f"OBX|4|ED|11502-2^CR d'examens^LN||^TEXT^{kind}^Base64^{text.rstrip(lost)}||||||F"
    return messages.hl7(more=(line,))


def sent(what: str) -> bytes:
    good = messages.hl7()
    document = "OBX|4|ED|11502-2^CR d'examens^LN||^TEXT^XML^Base64^{}||||||F"
    return {
        "nothing": lambda: b"",
        "a picture": lambda: b"\x89PNG\r\n\x1a\n" + bytes(200),
        "MSH with delimiters that are the same": lambda: good.replace(b"MSH|^~\\&|", b"MSH|^^\\&|"),
        "MSH alone": lambda: good.split(b"\r")[0],
        "HPRIM without its end": lambda: messages.hprim().split(b"****FIN****")[0],
        "HPRIM without FINFICHIER": lambda: messages.hprim().replace(b"****FINFICHIER****", b""),
        "17 MB in one message": lambda: good + b"NTE|1||" + b"x" * 17_000_000,
        "UTF-8 announced, windows-1252 sent": lambda: good.replace(b"MARIE-LOUISE", b"HEL\xc8NE"),
        "a batch of three that announces two": lambda: b"BHS|^~\\&\r" + good * 3 + b"BTS|2\r",
        "text before the message": lambda: b"Bonjour,\r\n" + good,
        "a line break inside a field": lambda: good.replace(b"28 AV DE BRETEUIL", b"28 AV\nDE BRETEUIL"),
        "text after FIN": lambda: messages.hprim().replace(
            b"****FINFICHIER", b"fin du courrier\r\n****FINFICHIER"
        ),
        "HPRIM with a header of 7 lines": lambda: (
            b"1\nDUPONT\n\nrue\n\n75001 PARIS\n\n****LAB****\n"
            + messages.hprim().split(b"TEX|VIROLOGIE\r\n")[1]
        ),
        "HPRIM with text only": lambda: messages.hprim(lines=()),
        "HPRIM Santé": messages.sante,
        "HPRIM Santé, a line continued in the middle of a word": lambda: messages.sante(
            ("Detected", "Dete\r\nA|cted"), line_end="\r\n"
        ),
        "HPRIM Santé with delimiters that are the same": lambda: messages.sante(("H|~^\\&|", "H|~^&&|")),
        "HPRIM Santé without L": lambda: messages.sante(end=""),
        "HPRIM Santé whose L counts two persons": lambda: messages.sante(end="L|1||2"),
        "HPRIM Santé of an admission": lambda: messages.sante(("|ORU|", "|ADM|")),
        "HPRIM Santé that names a file": lambda: messages.sante(
            more=("OBX|4|FIC|CR~Compte rendu~L||PDF~cr0001.pdf~PDF||||||F",)
        ),
        "a document whose base64 lost its padding": lambda: enclosing(messages.cda() + b" ", lost="="),
        "a CDA document about another person in the message": lambda: enclosing(
            messages.cda(("279035121518989", "185057800608491"))
        ),
        "an attached report of 6 MB": lambda: enclosing(b"%PDF-1.4\n" + bytes(6_000_000), kind="PDF"),
        "an attached text document": lambda: enclosing(b"Bonjour", kind="RTF"),
        "a CDA document with a document type declaration": lambda: messages.cda(
            ("<ClinicalDocument", '<!DOCTYPE a [<!ENTITY b "c">]>\n<ClinicalDocument')
        ),
        "a CDA document without its version": lambda: messages.cda(('<versionNumber value="1"/>', "")),
        "a CDA document with a title of its own": lambda: messages.cda(
            ("<title>Compte rendu d'examens biologiques</title>", "<title>Résultats</title>")
        ),
        "a FHIR Bundle whose address is no list": lambda: messages.fhir(
            ('"address": [', '"address": {"a": ['),
            ('"country": "FRA"\n     }\n    ]', '"country": "FRA"\n     }\n    ]}'),
        ),
        "a FHIR Bundle cut in its middle": lambda: messages.fhir()[:4_000],
        "a table": table(ROW).encode,
        "a workbook": lambda: workbook(list(ROW), list(ROW.values())),
        "a table whose second result is unknown": table(
            ROW, ROW | {"numero_dossier": "2", "resultat": "peut-être"}
        ).encode,
        "a table without a column of results": table(
            {column: cell for column, cell in ROW.items() if column != "resultat"}
        ).encode,
        "a table whose matricule became a power of ten": table(ROW | {"ins": "2,79035E+14"}).encode,
        "a table whose postal code lost its zero": table(ROW | {"code_postal": "1000"}).encode,
        "a table with its separator inside a text": table(ROW | {"adresse": "28; AVENUE DE BRETEUIL"}).encode,
        "a workbook that is cut": lambda: workbook(list(ROW), list(ROW.values()))[:-200],
        "a document that is not what it says": lambda: messages.hl7(more=(document.format("Qm9uam91ciAh"),)),
    }[what]()


@pytest.mark.parametrize("case", rows(FILES), ids=lambda case: case["what is sent"])
def test_what_is_said_of_a_file(case: dict[str, str]) -> None:
    found = messages.items(sent(case["what is sent"]))
    judgements = [messages.verdict(item) for item in found]
    said = [f.code + ("!" if f.severity.value == "error" else "") for j in judgements for f in j.findings]
    assert " ".join(said) == case["findings"]
    assert " ".join(j.outcome.value for j in judgements) == case["outcomes"]


def test_every_finding_is_in_a_table() -> None:
    of_the_store = {
        "R05",
        "D01",
        "D02",
        "L04",
        "H06",
        "F08",
    }  # said by the services, which know what came before
    tables = [CASES, FILES, test_dated_rules.ANALYSES_CASES, test_dated_rules.SCREENING_CASES]
    shown = " ".join(case["findings"] for table in tables for case in rows(table)).replace("!", "").split()
    assert set(shown) | of_the_store == set(catalogue())

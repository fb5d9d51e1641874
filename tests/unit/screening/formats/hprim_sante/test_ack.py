"""The acknowledgement of HPRIM Santé: what a laboratory's software reads of it."""

from tests import messages
from tests.messages import NOW, sante, verdict

from rempart.screening.formats import decode
from rempart.screening.formats.hprim_sante.ack import LONGEST_LINE, acknowledge
from rempart.screening.formats.hprim_sante.messages import joined, lines_of
from rempart.screening.rules.report import Format


def acknowledged(payload: bytes) -> list[list[str]]:
    """The segments of the acknowledgement of a file, cut into fields."""
    items = list(decode(payload, format=Format.HPRIM_SANTE, context=messages.FRENCH))
    written = acknowledge(items, [verdict(item) for item in items], now=NOW)
    assert all(len(line) <= LONGEST_LINE for line in written.splitlines())
    return [line.split("|") for line in joined(lines_of(written.decode("iso8859-15")), "|")]


def test_a_message_of_which_nothing_is_said() -> None:
    header, error, trailer = acknowledged(sante())
    assert header[:2] == ["H", "~^\\&"]
    assert (header[4], header[6], header[9], header[11:13]) == (
        "REMPART~REMPART", "ERR", "690001235~LBM EXEMPLE", ["P", "H2.3~C"],
    )  # fmt: skip
    assert error == ["ERR", "1", "LABO01.HPR", "20210409080000", "OK", *[""] * 5, "Message accepté."]
    assert trailer == ["L", "1", "", "0", "3"]


def test_an_error_says_where_it_is() -> None:
    payload = sante(("DOMINIQUE", "DOMI\rA|NIQUE"), ("260373001~Detected~SCT", "Z"))
    _, error, _ = acknowledged(payload)
    assert error[4:10] == ["T", "5", "OBX~1", "5", "", "R01"]
    assert error[10].startswith("Le résultat n'est ni positif")


def test_a_warning_is_no_refusal() -> None:
    _, error, _ = acknowledged(sante(("0600000000^0145678901", "")))
    assert (error[4], error[6:8], error[9]) == ("I", ["P", "12"], "P08")


def test_a_file_of_which_a_part_is_refused() -> None:
    _, *errors, trailer = acknowledged(sante() + sante(("260373001~Detected~SCT", "Z"), ("LABO01", "LABO02")))
    assert [(e[2], e[4]) for e in errors] == [("LABO01.HPR", "OK"), ("LABO02.HPR", "P")]
    assert trailer[4] == "4"


def test_bytes_that_are_no_message_are_answered_too() -> None:
    header, error, _ = acknowledged(b"\x89PNG")
    assert (header[4], header[9], header[12]) == ("REMPART", "", "H2.3~C")
    assert (error[2], error[4], error[9]) == ("#1", "T", "F01")


def test_an_answer_uses_its_own_delimiters() -> None:
    payload = sante().decode().translate(str.maketrans({"~": "^", "^": "~"})).encode()
    header, *_ = acknowledged(payload.replace(b"LBM EXEMPLE", b"LBM \\T\\ FILS"))
    assert header[9] == "690001235~LBM \\T\\ FILS"


def test_an_acknowledgement_is_a_message_of_the_format() -> None:
    items = messages.items(sante())
    written = acknowledge(items, [verdict(item) for item in items], now=NOW)
    (read,) = messages.items(written)
    assert (read.format, [f.code for f in read.findings]) == (Format.HPRIM_SANTE, ["H01"])

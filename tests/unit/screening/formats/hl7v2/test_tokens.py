import pytest

from rempart.screening.formats.delimited import Lexis, Segment
from rempart.screening.formats.hl7v2.messages import gather, lines_of
from rempart.screening.formats.hl7v2.tokens import lexis_of
from rempart.screening.rules.report import Finding


def lexis(text: str = "MSH|^~\\&|A\\E\\") -> Lexis:
    found = lexis_of(text)
    assert found is not None
    return found


def segment(line: str, **kind: str) -> Segment:
    return Segment(line[:3], line.split("|"), 2, 1, lexis(**kind))


@pytest.mark.parametrize(
    "msh",
    ["MSH|^~\\&|", "MSH|^~\\&#|", "MSH|^~\\&", "MSH!@#$%!", "MSH^~|\\&^", "MSH|^~\\&\rPID", "MSH|§~\\&|"],
)
def test_any_four_or_five_different_signs_are_delimiters(msh: str) -> None:
    assert lexis_of(msh) is not None


@pytest.mark.parametrize(
    "msh",
    [
        "MSH",
        "MSH|",
        "MSH||||",
        "MSH|^~\\|",
        "MSH|^~\\&amp;|",
        "MSH|^^\\&|",
        "MSHa^~\\&a",
        "MSH |^~\\&|",
        "MSH|^~|&|",
    ],
)
def test_other_signs_are_not(msh: str) -> None:
    assert lexis_of(msh) is None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a\\F\\b", "a|b"),
        ("a\\S\\b\\T\\c\\R\\d\\E\\e", "a^b&c~d\\e"),
        ("a\\P\\b", "a#b"),
        ("a\\X41\\b\\X0d0a\\c", "aAb\nc"),
        ("a\\XE9\\b", "aéb"),
        ("a\\.br\\b", "a\nb"),
        ("a\\.sp2\\b", "a\nb"),
        ("a\\.in5\\b", "ab"),
        ("\\H\\a\\N\\b", "ab"),
        ("a\\C2842\\b\\M2442\\c\\Zlocal\\d", "abcd"),
        ("a\\E\\T\\E\\b", "a\\T\\b"),
        ("a\\Xzz\\b", "a\\Xzz\\b"),
        ("a\\unknown\\b", "a\\unknown\\b"),
        ("C:\\Temp", "C:\\Temp"),
        ('""', ""),
        ('say ""', 'say ""'),
        (" a ", "a"),
    ],
)
def test_escapes(written: str, read: str) -> None:
    assert lexis().read(written) == read


def test_escapes_follow_the_messages_own_signs() -> None:
    found = lexis_of("MSH|^~!&|!F!")
    assert found is not None
    assert found.read("a!F!b\\F\\c") == "a|b\\F\\c"


def test_fields_components_and_repetitions() -> None:
    pid = segment("PID|1||A^^^X&1&ISO^PI~B^^^^NH||DUPONT^JEAN")
    assert pid.text(3) == "A"
    assert pid.text(3, 5) == "PI"
    assert pid.text(3, 9) == ""
    assert pid.text(5, 2) == "JEAN"
    assert pid.text(1, 2) == ""
    assert pid.text(40) == ""
    one, two = pid.repetitions(3)
    assert (one[:5], two[:5]) == (["A", "", "", "X&1&ISO", "PI"], ["B", "", "", "", "NH"])
    assert one[11] == two[11] == "", "components left out are there, and empty"
    assert pid.repetitions(4) == []
    assert (pid.location, pid.at(5)) == ("PID[1] (segment 2)", "PID[1]-5 (segment 2)")


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_line_ends(end: str) -> None:
    assert lines_of(end.join(["MSH|a", "PID|b", "OBX|c"])) == ["MSH|a", "PID|b", "OBX|c"]


def test_mixed_line_ends() -> None:
    assert lines_of("MSH\rPID\r\nOBR\nOBX") == ["MSH", "PID", "OBR", "OBX"]


def test_segments_are_gathered_into_patients_and_orders() -> None:
    lines = [
        "MSH|^~\\&|",
        "ZZZ|1",
        "PID|1",
        "ORC|RE",
        "OBR|1",
        "OBX|1",
        "NTE|1",
        "OBX|2",
        "SPM|1",
        "OBX|3",
        "OBR|2",
        "OBX|1",
        "PID|2",
        "OBX|1",
    ]
    message = gather(lines, lexis(), [])
    first, second = message.patients
    one, two = first.orders
    assert [obx.number for obx in one.results] == [6, 8]
    assert [obx.number for obx in one.of_specimen] == [10]
    assert one.orc is not None
    assert two.orc is one.orc, "an order without ORC was asked by whom the order before was"
    assert len(second.orders) == 1
    assert second.orders[0].orc is None, "not across patients"
    assert [obx.rank for obx in two.results] == [4]


def test_a_line_that_starts_no_segment_continues_the_field_above() -> None:
    findings: list[Finding] = []
    message = gather(["MSH|^~\\&|", "PID|1||||DUPONT", "suite|X", "", "PD1"], lexis(), findings)
    pid = message.patients[0].pid
    assert pid is not None
    assert pid.raw(5) == "DUPONT\nsuite"
    assert pid.raw(6) == "X"
    assert [(f.code, f.location) for f in findings] == [("F06", "line 3")]

import hashlib
import inspect
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from typer.testing import CliRunner

from rempart.foundation.identifiers import finess, nir, rpps
from rempart.screening.rules.report import Format
from rempart.simulators.choices import Sending
from rempart.simulators.commands import app
from rempart.simulators.damage import KINDS, Damage
from rempart.simulators.files import simulate
from rempart.simulators.laboratory import Epidemic

DAYS = 12


@pytest.fixture(scope="module")
def epidemic():
    return Epidemic(seed=11, population=15_000, days=DAYS, laboratories=25, damaged=0.05)


@pytest.fixture(scope="module")
def messages(epidemic):
    return [message for day in range(DAYS) for message in epidemic.messages(day)]


def sound(messages, form):
    return [m for m in messages if m.format is form and m.damage is Damage.NONE]


def fields(message, segment):
    line = next(s for s in re.split(rb"[\r\n]+", message.payload) if s.startswith(segment))
    return line.decode().split("|")


def test_days_are_complete_in_order_and_end_with_the_day(epidemic, messages):
    first = datetime.combine(epidemic.start, datetime.min.time(), UTC)
    for day in range(DAYS):
        times = [m.at for m in epidemic.messages(day)]
        assert times == sorted(times)
        assert first + timedelta(days=day) <= times[0]
        assert times[-1] < first + timedelta(days=day + 1)


def test_a_day_can_be_asked_again_and_alone(epidemic):
    again = Epidemic(seed=11, population=15_000, days=DAYS, laboratories=25, damaged=0.05)
    assert list(again.messages(7)) == list(epidemic.messages(7))


def test_laboratories_have_valid_numbers_and_habits(epidemic):
    labs = epidemic.laboratories()
    assert len(labs) == len({lab.finess for lab in labs}) == 25
    assert all(finess.parse(lab.finess).department == lab.department for lab in labs)
    assert {lab.format for lab in labs} == {Format.HL7V2, Format.HPRIM_MEDECIN, Format.HPRIM_SANTE}
    assert {lab.encoding for lab in labs if lab.format is Format.HPRIM_MEDECIN} == {
        "cp1252",
        "utf-8",
        "cp850",
    }
    assert len({lab.line_end for lab in labs}) == 3


def test_overseas_laboratories_have_numbers_of_their_department():
    overseas = Epidemic(
        seed=1, population=500, days=1, laboratories=10, departments=["971", "974", "976", "2A"]
    )
    assert {lab.department for lab in overseas.laboratories()} == {"971", "974", "976", "2A"}
    for lab in overseas.laboratories():
        assert finess.parse(lab.finess).department == lab.department
    shifts = {fields(m, b"OBR")[7][-5:] for m in sound(list(overseas.messages(0)), Format.HL7V2)}
    assert "+0400" in shifts
    assert shifts <= {"-0400", "+0400", "+0300", "+0100"}


def test_hl7_identifiers_are_right_and_agree_with_the_person(messages):
    matricules = 0
    for message in sound(messages, Format.HL7V2):
        pid, obr = fields(message, b"PID"), fields(message, b"OBR")
        assert finess.is_valid(fields(message, b"MSH")[3])
        assert rpps.is_professional(obr[16].split("^")[0])
        if "INS-NIR" in pid[3]:
            matricules += 1
            number = nir.parse(pid[3].split("^")[0])
            assert number.valid
            assert number.given_key
            assert number.sex == pid[8]
            assert number.agrees_with_birth(datetime.strptime(pid[7], "%Y%m%d").replace(tzinfo=UTC).date())
            assert number.birth_place == pid[11].split("^")[-1]
    assert matricules > 500


def test_hprim_identifiers_are_right(messages, epidemic):
    encodings = {lab.finess: lab.encoding for lab in epidemic.laboratories()}
    accented = 0
    for message in sound(messages, Format.HPRIM_MEDECIN):
        lines = re.split("\r\n|\r|\n", message.payload.decode(encodings[message.laboratory_finess]))
        assert finess.is_valid(lines[10][:9])
        assert rpps.is_rpps(lines[11].split()[0])
        if lines[7]:
            assert nir.parse(lines[7]).valid
        assert len(lines[0]) <= 10
        assert "****FIN****" in lines
        accented += lines[2] != lines[2].encode("ascii", "ignore").decode()
    assert accented > 20


def test_hprim_sante_keeps_to_short_lines(messages, epidemic):
    encodings = {lab.finess: lab.encoding for lab in epidemic.laboratories()}
    continued = 0
    for message in sound(messages, Format.HPRIM_SANTE):
        lines = re.split("\r\n|\r|\n", message.payload.decode(encodings[message.laboratory_finess]))
        assert max(map(len, lines)) <= 220
        assert finess.is_valid(lines[0].split("|")[4][:9])
        continued += any(line.startswith("A|") for line in lines)
    assert continued


def test_sampling_comes_before_validation_before_sending(messages):
    for message in sound(messages, Format.HL7V2):
        obr = fields(message, b"OBR")
        sampled, validated = (datetime.strptime(obr[i], "%Y%m%d%H%M%S%z") for i in (7, 22))
        assert sampled < validated < message.at + timedelta(seconds=1)
        assert message.at - sampled < timedelta(days=3)


def test_every_kind_of_message_is_there(messages):
    statuses = Counter(fields(m, b"OBX|1")[11] for m in sound(messages, Format.HL7V2))
    assert set(statuses) >= {"F", "C", "P"}
    words = b"\n".join(m.payload for m in messages)
    for result in (b"260373001", b"260415000", b"ININTERPRETABLE", b"NON CONFORME"):
        assert result in words
    payloads = Counter(m.payload for m in messages if not m.damage)
    assert 0.002 < sum(1 for times in payloads.values() if times > 1) / len(payloads) < 0.02


def test_a_held_result_is_released_the_next_day(messages):
    by_record = {}
    for message in sound(messages, Format.HL7V2):
        record, status = fields(message, b"OBR")[3], fields(message, b"OBX|1")[11]
        by_record.setdefault(record, []).append((message.at, status))
    held = [
        [s for _, s in seen] for seen in by_record.values() if seen[0][1] == "P" and seen[0][0].day < DAYS - 1
    ]
    assert held
    assert all(seen[:2] == ["P", "F"] for seen in held)


def test_the_share_of_damaged_messages_is_the_one_asked_for(messages):
    kinds = Counter(m.damage for m in messages if m.damage)
    assert sum(kinds.values()) / len(messages) == pytest.approx(0.05, abs=0.012)
    assert set(kinds) == set(KINDS)
    clean = Epidemic(seed=11, population=3_000, days=2, damaged=0)
    assert not [m for day in (0, 1) for m in clean.messages(day) if m.damage]


@pytest.mark.parametrize("wrong", [{"population": 0}, {"days": 0}, {"laboratories": 0}, {"damaged": 1.5}])
def test_numbers_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must be|lies between"):
        Epidemic(**{"seed": 1, "population": 10, "days": 1} | wrong)
    with pytest.raises(ValueError, match="not one of the 1 days"):
        list(Epidemic(seed=1, population=10, days=1).messages(1))


def digest_of_an_epidemic():
    found = hashlib.sha256()
    epidemic = Epidemic(seed=3, population=2_000, days=3, damaged=0.2)
    for day in range(3):
        for message in epidemic.messages(day):
            found.update(message.payload + message.at.isoformat().encode())
    return found.hexdigest()


def test_the_same_seed_gives_the_same_bytes_in_any_process():
    script = (
        "import hashlib\nfrom rempart.simulators.laboratory import Epidemic\n"
        f"{inspect.getsource(digest_of_an_epidemic)}\nprint(digest_of_an_epidemic())"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": "4242", "TZ": "Pacific/Noumea"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == digest_of_an_epidemic()


def test_another_seed_gives_other_persons():
    one, other = (list(Epidemic(seed=s, population=500, days=1).messages(0)) for s in (1, 2))
    assert one[0].payload != other[0].payload


def tree(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def test_files_hold_all_messages_once_by_laboratory_and_day(tmp_path):
    arguments = {"population": 4_000, "days": 3, "seed": 2, "damaged": 0.1, "laboratories": 9}
    written = simulate(**arguments, out=tmp_path / "a")
    simulate(**arguments, out=tmp_path / "b")
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    assert written.files == len(tree(tmp_path / "a"))
    content = [p.read_bytes() for p in (tmp_path / "a").iterdir()]
    assert sum(map(len, content)) == written.size
    begun = sum(len(re.findall(rb"MSH\||\*{4}LAB\*{4}|(?m:^|\r)H\|", c)) for c in content)
    garbage = sum(c.startswith(b"PK") for c in content)
    assert begun + garbage == written.messages
    for path in (tmp_path / "a").glob("*.hpm"):
        assert path.read_bytes().count(b"****FINFICHIER****") <= 1
    batches = [c for c in content if c.startswith(b"FHS|")]
    assert batches
    for content_of in batches:
        announced = int(re.search(rb"BTS\|(\d+)", content_of)[1])
        assert announced == content_of.count(b"MSH|")


@pytest.mark.parametrize(
    ("sending", "extensions"), [("hl7v2", {".hl7"}), ("hprim", {".hpm"}), ("hprim-sante", {".hpr"})]
)
def test_the_command_writes_one_format(tmp_path, sending, extensions):
    arguments = ["lab", "--population", "800", "--days", "2", "--seed", "1", "--out", str(tmp_path / "out")]
    run = CliRunner().invoke(
        app, [*arguments, "--format", sending, "--start", "2020-11-02", "--departments", "69,2a"]
    )
    assert run.exit_code == 0, run.output
    names = [p.name for p in (tmp_path / "out").iterdir()]
    assert {p[-4:] for p in names} == extensions
    assert {p[:10] for p in names} == {"2020-11-02", "2020-11-03"}
    assert "messages" in run.output


def test_the_command_says_what_is_wrong(tmp_path):
    arguments = ["lab", "--population", "8", "--days", "2", "--seed", "1", "--out", str(tmp_path)]
    run = CliRunner().invoke(app, [*arguments, "--departments", "69,20"])
    assert run.exit_code == 2
    assert "20" in run.output


def test_sending_names_are_those_of_the_command():
    assert [s.value for s in Sending] == ["hl7v2", "hprim", "hprim-sante", "cda", "fhir", "mixed"]
    assert Epidemic(seed=1, population=5, days=1).start == date(2021, 3, 1)

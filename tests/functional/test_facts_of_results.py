"""From kept results to pseudonymous facts: each one once, nobody named."""

import pytest
from tests.factories import LAB, corrected, message, of, person, report, retracted
from tests.functional.settling import settle, step

from rempart.foundation import facts
from rempart.foundation.facts.schema import ARROW_SCHEMA
from rempart.screening.rules.report import Result
from rempart.screening.services import facts as screening_facts

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def root(settings, keyring):
    return settings.FACTS_ROOT


@pytest.fixture
def subscriber(keyring, root):
    return screening_facts.subscriber(keyring=keyring, root=root)


@pytest.fixture
def written(root, subscriber):
    """`written()`: every fact that a reader sees, after the subscriber has read what there is."""

    def run():
        settle(subscriber)
        return facts.query(root, lambda table: table).to_pylist()

    return run


def test_a_result_is_one_fact(keep, written, query):
    keep(message(report(health_worker=True)))
    (fact,) = written()
    ((ledger_key, received),) = query("SELECT ledger_key, received_at FROM screening_result")
    assert fact.pop("fact_id") not in (bytes(ledger_key), None)
    assert fact.pop("received_at") == received.replace(second=0, microsecond=0)
    assert fact.pop("validated_at") is not None
    assert {name: str(value) for name, value in fact.items()} == {
        "version": "1",
        "pathogen": "covid19",
        "sampled_on": "2026-11-19",
        "department": "75",
        "laboratory_department": "75",
        "age_class": "49",
        "sex": "F",
        "kind": "naat",
        "loinc": "94500-6",
        "result": "P",
        "symptoms": "",
        "residence": "",
        "health_worker": "True",
        "sampling_to_validation_minutes": "1080",
        "validation_to_reception_minutes": "120",
    }


def test_every_result_of_a_batch_is_there_once(keep, written):
    keep(*[message(of(n)) for n in range(50)])
    keep(*[message(of(n)) for n in range(25, 75)])
    assert len(written()) == 75


def test_a_correction_replaces_and_a_retraction_takes_back(keep, written):
    keep(message(report()), message(of(1)))
    assert sorted(fact["result"] for fact in written()) == ["P", "P"]
    keep(message(corrected(report(), result=Result.NEGATIVE)))
    assert sorted((fact["version"], fact["result"]) for fact in written()) == [(1, "P"), (2, "N")]
    keep(message(retracted(report())))
    assert [fact["result"] for fact in written()] == ["P"]


def test_versions_that_came_together_are_one_fact(keep, written):
    keep(message(report()), message(corrected(report(), result=Result.NEGATIVE)))
    assert [(fact["version"], fact["result"]) for fact in written()] == [(2, "N")]


def test_a_crash_between_file_and_position_counts_nothing_twice(keep, written, subscriber, root, monkeypatch):
    keep(*[message(of(n)) for n in range(10)])
    write = facts.write_batch

    def dies_after_writing(*args, **kwargs):
        write(*args, **kwargs)
        raise RuntimeError("killed")

    monkeypatch.setattr(facts, "write_batch", dies_after_writing)
    with pytest.raises(RuntimeError):
        step(subscriber)
    assert facts.status(root).facts == 10
    monkeypatch.undo()
    keep(*[message(of(n)) for n in range(10, 15)])  # the next try has more to read than the first
    assert len(written()) == 15
    assert facts.status(root).rows == 15


def test_a_file_cut_short_by_a_crash_is_written_again(keep, written, subscriber, root, monkeypatch):
    keep(message(of(1)))
    write = facts.write_batch

    def half(*args, **kwargs):
        (path,) = write(*args, **kwargs)
        path.write_bytes(path.read_bytes()[:50])
        raise RuntimeError("killed")

    monkeypatch.setattr(facts, "write_batch", half)
    with pytest.raises(RuntimeError):
        step(subscriber)
    monkeypatch.undo()
    assert len(written()) == 1


def test_the_same_person_cannot_be_followed_from_fact_to_fact(keep, written):
    keep(message(report()), message(report(record_number="another")))
    one, other = written()
    assert one["fact_id"] != other["fact_id"]


def test_security_no_fact_has_anything_nominative(keep, written, root, query):
    keep(message(report(person(email="", mobile=""))), message(of(3)))
    assert set(ARROW_SCHEMA.names) == {
        "fact_id", "version", "retracted", "pathogen", "sampled_on", "received_at", "validated_at", "department",
        "laboratory_department", "age_class", "sex", "kind", "loinc", "result", "symptoms", "residence",
        "health_worker", "sampling_to_validation_minutes", "validation_to_reception_minutes",
    }  # fmt: skip
    said = repr(written()).upper()
    keys = query("SELECT person_id, identity_id, id, delivery_id, ledger_key FROM screening_result")
    for row in keys:
        for key in row:
            assert (key.hex() if isinstance(key, bytes) else str(key)).upper() not in said
            assert repr(bytes(key) if isinstance(key, bytes) else key.bytes).upper() not in said
    for spoken in ("ZYGOMALAS", "DOSSIER", "1979", "2790351215189", "75007", LAB):
        assert spoken not in said

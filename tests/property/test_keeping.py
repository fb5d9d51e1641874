"""What holds for any history: of people, of versions, of seals and indexes."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.spec.test_person_matching import Store

from rempart.foundation.people.rules import Keys, canonical_name, canonical_traits, name_and_birth
from rempart.foundation.vault import BlindIndex, Indexer, Keyring, Purpose, Sealer, unseal
from rempart.screening.rules.keeping import Earlier, Keep, Message, Version, decide, meet
from rempart.screening.rules.report import Outcome, Status

NUMBERS, TRAITS = st.sampled_from([b"", b"i1", b"i2", b"i3"]), st.sampled_from([b"", b"t1", b"t2", b"t3"])
IDENTITIES = st.lists(
    st.builds(lambda ins, traits: Keys(ins=ins, traits=traits), NUMBERS, TRAITS), max_size=25
)
CUTS = st.lists(st.integers(1, 5), max_size=25)


def batches(identities: list[Keys], cuts: list[int]) -> list[list[Keys]]:
    """The identities in their order, cut into batches; what the cuts leave over is the last one."""
    parts, rest = [], list(identities)
    for size in cuts:
        parts.append(rest[:size])
        rest = rest[size:]
    return [part for part in [*parts, rest] if part]


@given(IDENTITIES, CUTS)
def test_one_matricule_is_one_person_in_any_order_of_batches(identities: list[Keys], cuts: list[int]) -> None:
    """The store's own checks hold too: a key is given once, a person has one matricule."""
    store, numbers = Store(), (UUID(int=n) for n in count(1))
    owners: dict[bytes, set[UUID]] = {}
    for batch in batches(identities, cuts):
        for identity, (person, _) in zip(batch, store.take(batch, new_key=numbers.__next__), strict=True):
            if identity.ins:
                owners.setdefault(identity.ins, set()).add(person)
    assert all(len(people) == 1 for people in owners.values())
    everybody = [next(iter(people)) for people in owners.values()]
    assert len(everybody) == len(set(everybody))  # and no person has two


@given(IDENTITIES, CUTS)
def test_how_the_batches_are_cut_changes_nothing(identities: list[Keys], cuts: list[int]) -> None:
    def people(parts: list[list[Keys]]) -> list[UUID]:
        store, numbers = Store(), (UUID(int=n) for n in count(1))
        return [person for part in parts for person, _ in store.take(part, new_key=numbers.__next__)]

    assert people(batches(identities, cuts)) == people(batches(identities, []))


CONTENTS = st.lists(st.tuples(st.sampled_from(Status), st.sampled_from([b"A", b"B", b"C"])), max_size=12)


@given(CONTENTS)
def test_versions_count_up_and_say_something_new(history: list[tuple[Status, bytes]]) -> None:
    current: Version | None = None
    for status, said in history:
        content = said + (b"-" if status is Status.RETRACTED else b"")
        decision = decide(status=status, contents=(content,), current=current)
        if decision.keep in (Keep.REPEAT, Keep.NOTHING):
            continue
        assert decision.number == (current.number + 1 if current else 1)
        assert decision.previous == current
        assert current is None or current.contents[-1] != content
        assert (decision.keep is Keep.RETRACTION) == (status is Status.RETRACTED)
        contents = (*(current.contents if current else ()), content)
        current = Version(
            contents=contents, month=date(2026, 11, 1), result_id=UUID(int=1), number=decision.number
        )
        again = decide(status=status, contents=(content,), current=current)
        assert again.keep is Keep.REPEAT


@given(CONTENTS)
def test_the_whole_history_sent_again_as_final_results_changes_nothing(
    history: list[tuple[Status, bytes]],
) -> None:
    current: Version | None = None
    for _, said in history:
        if decide(status=Status.CORRECTED, contents=(said,), current=current).keep is not Keep.REPEAT:
            contents = (*(current.contents if current else ()), said)
            current = Version(
                contents=contents, month=date(2026, 11, 1), result_id=UUID(int=1), number=len(contents)
            )
    for _, said in history:
        assert decide(status=Status.FINAL, contents=(said,), current=current).keep is Keep.REPEAT


@given(st.sampled_from(Outcome), st.sampled_from(Outcome), st.booleans())
def test_a_message_that_was_taken_is_never_replaced(earlier: Outcome, now: Outcome, same: bool) -> None:
    known = Earlier(body=b"body", outcome=earlier, delivery_id=UUID(int=1), position=0)
    met = meet(bodies=(b"body",) if same else (b"other",), outcome=now, earlier=known)
    if earlier is Outcome.ACCEPTED:
        assert met is (Message.AGAIN if same else Message.CLASH)
    elif same:
        worst_first = [Outcome.REJECTED, Outcome.HELD, Outcome.ACCEPTED]
        better = worst_first.index(now) > worst_first.index(earlier)
        assert met is (Message.REPLACES if better else Message.AGAIN)
    else:
        assert met is (Message.REPLACES if earlier is Outcome.REJECTED else Message.CLASH)
    assert meet(bodies=(b"body",), outcome=now, earlier=None) is Message.NEW


NAMES = st.text(max_size=40)


@given(NAMES)
def test_a_canonical_name_is_plain_capitals_and_stays_as_it_is(name: str) -> None:
    folded = canonical_name(name)
    assert all("A" <= letter <= "Z" for letter in folded)
    assert canonical_name(folded) == folded
    assert canonical_name(name.upper()) == canonical_name(name.upper().lower().upper())


@given(NAMES, NAMES, st.one_of(st.none(), st.dates()), st.sampled_from(["F", "M", "U"]))
def test_traits_are_whole_or_nothing(name: str, first: str, born: date | None, sex: str) -> None:
    traits = canonical_traits(birth_name=name, first_name=first, birth_date=born, sex=sex)
    whole = bool(canonical_name(name) and canonical_name(first) and born)
    assert bool(traits) == whole
    assert not whole or traits.count("|") == 3
    assert bool(name_and_birth(name, born)) == bool(canonical_name(name) and born)


_FOLDER = tempfile.TemporaryDirectory(prefix="rempart-test-keys-")  # gone when the tests end
RING = Keyring(Path(_FOLDER.name))
DAYS = st.integers(0, 3).map(lambda days: date(2027, 2, 18) + timedelta(days=days))


@given(st.binary(max_size=300), st.binary(max_size=40), st.sampled_from(Purpose), DAYS)
@settings(deadline=None)
def test_what_is_sealed_comes_back_and_only_there(
    value: bytes, row: bytes, purpose: Purpose, day: date
) -> None:
    sealed = Sealer(RING, purpose, day).seal(value, context=row)
    assert len(sealed) == len(value) + 32
    assert unseal(RING, sealed, purpose=purpose, context=row) == value


@given(st.text(max_size=60), st.sampled_from(BlindIndex), DAYS)
@settings(deadline=None)
def test_what_was_indexed_is_found(value: str, index: BlindIndex, day: date) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        return
    kept = Indexer(RING, day).digest(index, value)
    assert kept in Indexer(RING, day + timedelta(days=200)).digests(index, value)

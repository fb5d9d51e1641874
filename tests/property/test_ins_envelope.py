"""Whatever comes back from the INS teleservice is an answer, a fault, or refused; whatever is asked can be written."""

import string
from contextlib import suppress
from datetime import UTC, date, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from rempart.foundation.people.teleservice.endpoint import Software
from rempart.foundation.people.teleservice.envelope import BadAnswer, Fault, read, request
from rempart.foundation.people.teleservice.rules import Answer, Code, Traits, questions, spelled
from rempart.simulators.ins import protocol
from rempart.simulators.ins.register import people_of_data

SOFTWARE = Software(authorisation="X", name="rempart", version="1", instance=UUID(int=1), sender="690000005")
ANSWERS = [protocol.answer(people_of_data()[:n]) for n in range(3)] + [protocol.fault(), protocol.bomb()]
ALLOWED = set(string.ascii_uppercase + "-' ")


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    content = bytearray(draw(st.sampled_from(ANSWERS)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(content) - 1))
        content[at : at + draw(st.integers(0, 40))] = draw(
            st.binary(max_size=6) | st.sampled_from([b"<", b"&", b"]]>"])
        )
        content = content or bytearray(b"<")
    return bytes(content)


@given(content=st.binary(max_size=300) | damaged())
def test_any_bytes_are_an_answer_a_fault_or_refused(content: bytes) -> None:
    with suppress(BadAnswer, Fault):
        found = read(content)
        assert isinstance(found, Answer)
        assert (found.identity is None) == (found.code is not Code.ONE)


@given(name=st.text(max_size=30), first=st.lists(st.text(max_size=20), max_size=5), place=st.text(max_size=6))
def test_any_traits_are_asked_about_as_the_service_takes_them_or_not_at_all(
    name: str, first: list[str], place: str
) -> None:
    assert set(spelled(name)) <= ALLOWED
    traits = Traits(
        birth_name=name, first_names=tuple(first), sex="F", birth_date=date(1990, 1, 1), birth_place=place
    )
    question = questions(traits, [], most_names=4)
    if question is not None:
        sent = request(question, software=SOFTWARE, message=UUID(int=2), now=datetime(2026, 1, 1, tzinfo=UTC))
        asked = protocol.read(sent)
        assert (asked.birth_name, asked.first_name) == (question.birth_name, question.first_name)

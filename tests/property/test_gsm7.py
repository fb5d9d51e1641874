"""Text messages: whatever is written arrives, in segments that fit."""

from hypothesis import given
from hypothesis import strategies as st

from rempart.foundation.messaging.gsm7 import _CODES, Coding, decode, foreign, length, segmented

ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=600)
OURS = st.text(st.sampled_from(sorted(_CODES)), max_size=600)


@given(ANY | OURS)
def test_what_is_cut_is_put_together_again(text):
    cut = segmented(text)
    assert "".join(decode(one, cut.coding) for one in cut.segments) == text
    limit = cut.coding.alone if len(cut.segments) == 1 else cut.coding.joined
    assert all(len(one) <= limit for one in cut.segments)


@given(ANY | OURS)
def test_a_text_of_the_alphabet_takes_septets_and_another_one_units(text):
    assert (segmented(text).coding is Coding.GSM7) == (not foreign(text))
    assert sum(map(len, segmented(text).segments)) == length(text) * (1 if not foreign(text) else 2)


@given(st.binary(max_size=300), st.integers(0, 255))
def test_anything_that_arrives_is_read(octets, coding):
    decode(octets, coding)

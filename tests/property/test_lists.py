"""Lists about certificates (keys, revocations, value sets): any bytes are read or refused with their file's name."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from rempart.proofs.revocation import Batch, RevocationError, Revocations
from rempart.proofs.trust import TrustError, TrustList, parse_key_list
from rempart.proofs.valuesets import ValueSetError
from rempart.proofs.valuesets import load as load_value_sets

NAMES = [
    "certificates", "certificatesDCC", "certificates2DDoc", "kid", "rawData", "certificateType", "entries", "hash",
    "valueSetId", "valueSetDate", "valueSetValues",
]  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=44),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)
contents = st.binary(max_size=120) | values.map(lambda value: json.dumps(value).encode())
hashes = st.binary(min_size=16, max_size=16) | st.binary(min_size=32, max_size=32)


@given(contents)
def test_any_bytes_are_a_list_or_refused_by_name(data: bytes) -> None:
    assert all(key.key_id or key.documents for key in parse_key_list(data))
    with TemporaryDirectory() as folder:
        file = Path(folder) / "list.json"
        file.write_bytes(data)
        for load, error in (
            (TrustList.load, TrustError),
            (Revocations.load, RevocationError),
            (lambda path: load_value_sets(path.parent), ValueSetError),
        ):
            try:
                load(file)
            except error as refusal:
                refused = str(refusal)
                assert "list.json" in refused


@given(st.lists(hashes, max_size=40), hashes)
def test_a_hash_is_found_exactly_when_it_is_listed(listed: list[bytes], other: bytes) -> None:
    revoked = Revocations.of([Batch(hashes=listed)])
    assert all(revoked.has([one]) for one in listed)
    assert revoked.has([other]) is (other in listed)
    assert len(revoked) == len(set(listed))

"""Whatever a provider sends becomes a value: nothing crashes, nothing long or unprintable passes, nothing leaks."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from tests.provider import NOW, provider

from rempart.foundation.access.openid.attempt import from_session, new_attempt
from rempart.foundation.access.openid.claims import LONGEST, is_clean
from rempart.foundation.access.openid.pivot import PivotIdentity, pivot_identity_of
from rempart.foundation.access.openid.professional import Professional, professional_of
from rempart.foundation.access.openid.refusals import Reason, SignInRefused
from rempart.foundation.access.openid.tokens import check_id_token, check_userinfo, verified
from rempart.foundation.access.professionals.rules import position_of
from rempart.foundation.people.content import IdentityRecord
from rempart.foundation.people.recognition import Agreement, Citizen, agreement

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=20), inside, max_size=4),
    max_leaves=20,
)
NAMES = (
    "sub", "SubjectNameID", "preferred_username", "given_name", "family_name", "given_name_array", "birthdate",
    "gender", "birthplace", "birthcountry", "Secteur_Activite", "SubjectRole", "SubjectRefPro", "exercices",
    "activities", "codeProfession", "codeSavoirFaire", "numeroFinessSite", "iss", "aud", "azp", "exp", "iat",
    "nonce", "acr", "auth_time",
)  # fmt: skip
CLAIMS = st.recursive(
    JSON,
    lambda inside: st.dictionaries(st.sampled_from(NAMES), inside, max_size=8) | st.lists(inside, max_size=3),
    max_leaves=30,
)


@given(CLAIMS)
def test_any_claims_of_a_professional_are_read(claims: object) -> None:
    found = professional_of(claims)
    assert isinstance(found, Professional)
    position_of(found, laboratories=frozenset())
    for text in (found.rpps, found.given_name, found.family_name, found.national_id, *found.roles):
        assert is_clean(text)
        assert len(text) <= LONGEST
    assert len(found.rpps) in (0, 11)


@given(CLAIMS)
def test_any_claims_of_a_citizen_are_read(claims: object) -> None:
    found = pivot_identity_of(claims)
    assert isinstance(found, PivotIdentity)
    for text in (found.birth_name, *found.given_names, found.birth_place, found.birth_country):
        assert is_clean(text)
    if found.complete:
        assert found.birth_date is not None


@given(st.dictionaries(st.sampled_from(NAMES), st.text(alphabet="αβγδεζηθ", min_size=4), max_size=12))
def test_security_a_finding_repeats_no_value(claims: dict[str, str]) -> None:
    said = repr(professional_of(claims).findings) + repr(pivot_identity_of(claims).findings)
    assert not any(value in said for value in claims.values())


def reason_of(act: Callable[[], object]) -> Reason | None:
    """Why it was refused; None when it was not. Anything else that is raised fails the test."""
    try:
        act()
    except SignInRefused as refused:
        return refused.reason
    return None


@given(CLAIMS)
def test_any_claims_of_a_token_hold_or_are_refused(claims: object) -> None:
    if isinstance(claims, dict):
        ours = provider()
        token = reason_of(lambda: check_id_token(claims, provider=ours, nonce="n", since=0.0, now=NOW))
        assert token in (Reason.TOKEN, Reason.LEVEL)  # none of these has our issuer
        identity = reason_of(lambda: check_userinfo(claims, provider=ours, subject="s", signed=True))
        assert identity is Reason.TOKEN


@given(st.one_of(st.text(), st.binary(), JSON), JSON)
def test_any_token_and_any_keys_hold_or_are_refused(token: object, keys: object) -> None:
    ours = provider()
    for text in (token, f"{token}.{token}.{token}"):
        why = reason_of(
            lambda text=text: verified(text, provider=ours, algorithm=ours.id_token_algorithm, keys=keys)
        )
        assert why is Reason.TOKEN


@given(JSON)
def test_any_session_holds_an_attempt_or_none(kept: object) -> None:
    assert from_session(kept) is None
    attempt = new_attempt(provider="p", now=NOW)
    assert from_session(attempt.as_session()) == attempt


WORDS = st.text(max_size=40)


@given(
    name=WORDS,
    first=WORDS,
    sex=st.sampled_from(["F", "M", "U", ""]),
    born=st.dates() | st.none(),
    place=WORDS | st.from_regex(r"[0-9][0-9AB][0-9]{3}", fullmatch=True),
    number=WORDS | st.from_regex(r"[1278][0-9]{14}", fullmatch=True),
)
def test_any_record_is_compared_and_only_equal_traits_are_the_same(
    name: str, first: str, sex: str, born: date | None, place: str, number: str
) -> None:
    written = IdentityRecord(
        id=UUID(int=1),
        birth_name=name,
        used_name="",
        first_names=(first,) if first else (),
        sex=sex,
        birth_date=born,
        birth_place=place,
        ins=number,
    )
    other = Citizen(
        birth_name="Nulle", first_name="Part", birth_date=date(1900, 1, 1), sex="F", birth_place="75056"
    )
    assert agreement(other, written) is Agreement.OTHER
    if born is not None:
        same = Citizen(
            birth_name=name, first_name=first, birth_date=born, sex=sex, birth_place=place.strip().upper()
        )
        assert agreement(same, written) in (Agreement.SAME, Agreement.UNPROVEN, Agreement.OTHER)

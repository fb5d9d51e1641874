"""Keys and certificates of laboratories' machines: made, replaced without a gap, revoked, kept apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from tests.factories import LAB, NOW, finess_in
from tests.functional.keeping import acting_as, operator, the_platform
from tests.functional.test_accounts import at_once

from rempart.foundation.access.accounts.policy import accounts_on
from rempart.foundation.access.machines import services
from rempart.foundation.access.machines.services import Fault, KeyRefused
from rempart.foundation.access.models import Agent, ClientCertificate, MachineKey, machine, machine_of
from rempart.foundation.access.refusals import NotAllowed
from rempart.foundation.access.rights import Right, Role
from rempart.foundation.directories.models import Laboratory

pytestmark = pytest.mark.django_db(transaction=True)

OTHER = finess_in("69")
POLICY = accounts_on(NOW.date())


@pytest.fixture(autouse=True)
def directory() -> None:
    for finess in (LAB, OTHER):
        Laboratory.objects.create(finess=finess, name=f"LBM {finess}", department=finess[:2])


@pytest.fixture
def biologist() -> Agent:
    return Agent.objects.create(
        username="bio", name="Bio Logiste", role=Role.BIOLOGIST, departments=["75"], establishment=LAB
    )


@pytest.fixture
def actor(biologist):
    return acting_as(biologist, Right.KEYS_MANAGE)


def make(actor, *, laboratory=LAB, now=NOW, **more):
    return services.create_key(actor=actor, laboratory=laboratory, name="SIL", now=now, **more)


def speaks_for(key: str, now=NOW) -> str:
    try:
        return machine_of(key, now=now).laboratory
    except NotAllowed:
        return ""


def fault(call) -> Fault:
    with pytest.raises(KeyRefused) as why:
        call()
    return why.value.fault


def certificate(*, valid: timedelta = timedelta(days=90), now: datetime = NOW) -> x509.Certificate:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sil.lbm-des-tests.fr")])
    return (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + valid).sign(private, hashes.SHA256())
    )  # fmt: skip


def fingerprint(one: x509.Certificate) -> str:
    return one.fingerprint(hashes.SHA256()).hex()


def test_a_biologist_makes_a_key_for_his_laboratory(actor, owner):
    made = make(actor)
    assert speaks_for(made.text) == LAB
    assert made.expires_at == NOW + POLICY.key
    assert made.text not in repr(made)
    stored = owner.execute("SELECT k::text FROM access_machine_key k").fetchone()[0]
    assert made.text not in stored
    rows = owner.execute("SELECT act, details FROM audit_entry WHERE subject = %s", (str(made.id),))
    assert rows.fetchall() == [("key-made", {"laboratory": LAB, "replaces": ""})]


def test_and_for_no_other(actor):
    for call in (
        lambda: make(actor, laboratory=OTHER),
        lambda: services.held(actor=actor, laboratory=OTHER),
        lambda: services.add_certificate(
            actor=actor, laboratory=OTHER, name="x", content=certificate().public_bytes(Encoding.PEM), now=NOW
        ),
    ):
        with pytest.raises(NotAllowed):
            call()


def test_a_biologist_without_an_establishment_makes_none(biologist):
    biologist.establishment = ""
    biologist.save()
    with pytest.raises(NotAllowed):
        make(acting_as(biologist, Right.KEYS_MANAGE), laboratory="")


def test_the_operator_makes_keys_for_every_laboratory_of_the_directory():
    chief = acting_as(operator(), Right.KEYS_MANAGE)
    assert speaks_for(make(chief, laboratory=OTHER).text) == OTHER
    assert fault(lambda: make(chief, laboratory=finess_in("33"))) is Fault.LABORATORY
    assert speaks_for(make(the_platform()).text) == LAB


@pytest.mark.parametrize("days", [0, -1, 366])
def test_no_key_lives_longer_than_the_policy_lets_it(actor, days):
    assert fault(lambda: make(actor, days=days)) is Fault.DAYS


def test_a_key_is_for_what_machines_do_and_for_what_it_says(actor):
    assert fault(lambda: make(actor, rights=[Right.CASES_OPEN])) is Fault.RIGHTS
    assert fault(lambda: make(actor, rights=[])) is Fault.RIGHTS
    made = make(actor)
    MachineKey.objects.filter(id=made.id).update(rights=[])
    assert speaks_for(made.text) == ""


def test_rotation_leaves_no_gap(actor):
    """The old key goes on for the overlap; the new one holds from its first moment."""
    old = make(actor)
    later = NOW + timedelta(days=300)
    new = services.rotate_key(actor=actor, key_id=old.id, now=later)
    assert [speaks_for(key.text, later) for key in (old, new)] == [LAB, LAB]
    just_before = later + POLICY.key_overlap - timedelta(seconds=1)
    assert [speaks_for(key.text, just_before) for key in (old, new)] == [LAB, LAB]
    after = later + POLICY.key_overlap
    assert [speaks_for(key.text, after) for key in (old, new)] == ["", LAB]
    assert speaks_for(new.text, later + POLICY.key - timedelta(seconds=1)) == LAB
    assert speaks_for(new.text, later + POLICY.key) == ""


def test_an_old_key_does_not_live_longer_by_being_replaced(actor):
    old = make(actor, days=10)
    services.rotate_key(actor=actor, key_id=old.id, now=NOW + timedelta(days=9))
    assert speaks_for(old.text, NOW + timedelta(days=9, hours=23)) == LAB
    assert speaks_for(old.text, NOW + timedelta(days=10)) == ""


def test_what_is_over_or_replaced_is_not_rotated(actor):
    old = make(actor)
    new = services.rotate_key(actor=actor, key_id=old.id, now=NOW)
    assert fault(lambda: services.rotate_key(actor=actor, key_id=old.id, now=NOW)) is Fault.STATE
    services.revoke_key(actor=actor, key_id=new.id, now=NOW)
    services.rotate_key(actor=actor, key_id=old.id, now=NOW)  # the one that replaced it is gone: again
    short = make(actor, days=1)
    late = NOW + timedelta(days=1)
    assert fault(lambda: services.rotate_key(actor=actor, key_id=short.id, now=late)) is Fault.STATE


def test_a_double_click_makes_one_key(actor):
    old = make(actor)
    outcomes = at_once(*(lambda: services.rotate_key(actor=actor, key_id=old.id, now=NOW) for _ in range(3)))
    assert sorted(type(one).__name__ for one in outcomes) == ["KeyRefused", "KeyRefused", "Made"]
    assert MachineKey.objects.filter(replaces=old.id).count() == 1


def test_a_revoked_key_is_none_at_once(actor, owner):
    made = make(actor)
    for _ in range(2):
        services.revoke_key(actor=actor, key_id=made.id, now=NOW)
    assert speaks_for(made.text) == ""
    acts = owner.execute("SELECT act FROM audit_entry WHERE subject = %s ORDER BY id", (str(made.id),))
    assert acts.fetchall() == [("key-made",), ("key-revoked",)]


def test_another_laboratorys_key_does_not_exist_for_him(actor):
    theirs = make(acting_as(operator(), Right.KEYS_MANAGE), laboratory=OTHER)
    for act in (services.rotate_key, services.revoke_key):
        with pytest.raises(NotAllowed):
            act(actor=actor, key_id=theirs.id, now=NOW)
    assert speaks_for(theirs.text) == OTHER


def test_a_laboratory_has_ten_keys_at_most_also_at_once(actor):
    for _ in range(services.MOST_ALIVE - 1):
        make(actor)
    outcomes = at_once(*(lambda: make(actor) for _ in range(3)))
    assert sorted(type(one).__name__ for one in outcomes) == ["KeyRefused", "KeyRefused", "Made"]


def test_use_is_noted_once_a_day(actor, django_assert_num_queries):
    made = make(actor)
    with django_assert_num_queries(2):
        machine_of(made.text, now=NOW)
    with django_assert_num_queries(1):
        machine_of(made.text, now=NOW + timedelta(hours=3))
    with django_assert_num_queries(2):
        machine_of(made.text, now=NOW + timedelta(days=1))
    assert MachineKey.objects.get(id=made.id).last_used_on == (NOW + timedelta(days=1)).date()


# certificates


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_certificate_speaks_for_its_laboratory(actor, encoding):
    one = certificate()
    row = services.add_certificate(
        actor=actor, laboratory=LAB, name="SIL", content=one.public_bytes(encoding), now=NOW
    )
    assert machine("", fingerprint(one), now=NOW).laboratory == LAB
    with pytest.raises(NotAllowed):
        machine("", fingerprint(one), now=one.not_valid_after_utc)
    services.revoke_certificate(actor=actor, certificate_id=row.id, now=NOW)
    with pytest.raises(NotAllowed):
        machine("", fingerprint(one), now=NOW)


def test_what_is_no_certificate_is_refused(actor):
    def add(content: bytes, now: datetime = NOW) -> None:
        services.add_certificate(actor=actor, laboratory=LAB, name="SIL", content=content, now=now)

    for content in (b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"\x30\x82" * 40):
        assert fault(lambda content=content: add(content)) is Fault.UNREADABLE
    old = certificate(valid=timedelta(seconds=1))
    assert fault(lambda: add(old.public_bytes(Encoding.PEM), NOW + timedelta(days=1))) is Fault.EXPIRED


def test_a_certificate_is_one_laboratorys_for_ever(actor):
    pem = certificate().public_bytes(Encoding.PEM)
    row = services.add_certificate(actor=actor, laboratory=LAB, name="SIL", content=pem, now=NOW)
    services.revoke_certificate(actor=actor, certificate_id=row.id, now=NOW)
    chief = acting_as(operator(), Right.KEYS_MANAGE)
    assert (
        fault(
            lambda: services.add_certificate(actor=chief, laboratory=OTHER, name="SIL", content=pem, now=NOW)
        )
        is Fault.KNOWN
    )
    assert ClientCertificate.objects.count() == 1


def test_another_laboratorys_certificate_does_not_exist_for_him(actor):
    chief = acting_as(operator(), Right.KEYS_MANAGE)
    pem = certificate().public_bytes(Encoding.PEM)
    row = services.add_certificate(actor=chief, laboratory=OTHER, name="SIL", content=pem, now=NOW)
    with pytest.raises(NotAllowed):
        services.revoke_certificate(actor=actor, certificate_id=row.id, now=NOW)


def test_a_key_and_a_certificate_must_be_one_laboratorys(actor):
    key = make(actor)
    theirs = certificate()
    services.add_certificate(
        actor=acting_as(operator(), Right.KEYS_MANAGE), laboratory=OTHER, name="SIL",
        content=theirs.public_bytes(Encoding.PEM), now=NOW,
    )  # fmt: skip
    with pytest.raises(NotAllowed):
        machine(key.text, fingerprint(theirs), now=NOW)
    assert (
        machine(key.text, "00" * 32, now=NOW).laboratory == LAB
    )  # a certificate we do not know adds nothing
    with pytest.raises(NotAllowed):
        machine("", "", now=NOW)
    with pytest.raises(NotAllowed):
        machine("rmp_wrong", fingerprint(theirs), now=NOW)


def test_a_delivery_by_certificate_alone(client, keyring, actor):
    one, now = certificate(now=datetime.now(UTC)), datetime.now(UTC)
    services.add_certificate(
        actor=actor, laboratory=LAB, name="SIL", content=one.public_bytes(Encoding.PEM), now=now
    )

    def send(**more: str):
        return client.post("/api/v1/deliveries", b"nothing", content_type="application/hprim-medecin", **more)

    assert send().status_code == 401
    assert send(**{"rempart.certificate": fingerprint(one)}).status_code == 200
    assert send(**{"rempart.certificate": "00" * 32}).status_code == 401

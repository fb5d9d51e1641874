"""Secrets of second factors at rest."""

import pytest

from rempart.foundation.access.signin.sealed import seal, unseal
from rempart.foundation.vault import Keyring, SealBroken


@pytest.fixture
def keyring(tmp_path):
    return Keyring(tmp_path / "keys")


def test_what_was_sealed_opens(keyring):
    assert unseal(seal("GEZDGNBVGY3TQOJQ", keyring=keyring), keyring=keyring) == "GEZDGNBVGY3TQOJQ"


def test_security_two_seals_of_a_secret_differ_and_hide_it(keyring):
    seals = {seal("GEZDGNBVGY3TQOJQ", keyring=keyring) for _ in range(5)}
    assert len(seals) == 5
    assert not any("GEZDGNBVGY" in one for one in seals)


def test_another_deployment_opens_nothing(keyring, tmp_path):
    with pytest.raises(SealBroken):
        unseal(seal("secret", keyring=keyring), keyring=Keyring(tmp_path / "others"))


@pytest.mark.parametrize("text", ["", "1.", "1.AAAA", "GEZDGNBVGY3TQOJQ", "2.AAAA", "1.!!!", "1." + "A" * 60])
def test_what_is_no_seal_is_said_to_be_none(keyring, text):
    with pytest.raises(SealBroken):
        unseal(text, keyring=keyring)


def test_a_changed_seal_opens_nothing(keyring):
    sealed = seal("GEZDGNBVGY3TQOJQ", keyring=keyring)
    changed = sealed[:20] + ("A" if sealed[20] != "A" else "B") + sealed[21:]
    with pytest.raises(SealBroken):
        unseal(changed, keyring=keyring)

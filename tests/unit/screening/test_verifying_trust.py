"""The keys that a browser is given to judge EU DCC and 2D-DOC with."""

from pathlib import Path

from tests.certificates import AT, DSC
from tests.unit.proofs.test_shc import ISSUER, KEY

from rempart.foundation.vault import KeyStore
from rempart.proofs.trust import jwks
from rempart.screening.verifying import trusting


def test_security_a_key_for_cards_is_none_for_eu_certificates(tmp_path: Path) -> None:
    """It has no key identifier, and a key without one fits every EU DCC."""
    store, folder = KeyStore(root=tmp_path / "store"), tmp_path / "trust"
    (folder / "keys").mkdir(parents=True)
    (folder / "keys" / "dsc.der").write_bytes(DSC.certificate)
    (folder / "keys" / "jwks.json").write_bytes(jwks.key_set([KEY], issuer=ISSUER))
    given = trusting.trusted(store, folder=folder, now=AT)["keys"]
    assert all(key["kid"] for key in given)
    assert len(given) == 3  # our own two signers, and the certificate

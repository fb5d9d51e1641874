"""The keys that signatures are judged with: signers' certificates, or bare public keys.

An EU DCC names its signer by key identifier, the first 8 bytes of the SHA-256 of the certificate (DER).
A 2D-DOC names it by authority and certificate id (FR00, 0001), found in the file's name (FR000001.der) or
in the certificate (issuer CN, subject CN), or in a key list. Chains are the business of whoever makes the list: what is in it
is trusted.
"""

from rempart.proofs.trust.certificates import document_names as document_names
from rempart.proofs.trust.certificates import parse as parse
from rempart.proofs.trust.keylists import parse_key_list as parse_key_list
from rempart.proofs.trust.keys import USAGE_OIDS as USAGE_OIDS
from rempart.proofs.trust.keys import Period as Period
from rempart.proofs.trust.keys import PublicKey as PublicKey
from rempart.proofs.trust.keys import TrustedKey as TrustedKey
from rempart.proofs.trust.keys import Usage as Usage
from rempart.proofs.trust.keys import key_id as key_id
from rempart.proofs.trust.lists import NOTHING as NOTHING
from rempart.proofs.trust.lists import TrustError as TrustError
from rempart.proofs.trust.lists import TrustList as TrustList

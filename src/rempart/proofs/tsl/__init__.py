"""The list of authorities that issue 2D-DOC signers' certificates: ANTS's trust service status list (ETSI TS 102 231)."""

from rempart.proofs.tsl.reading import Service as Service
from rempart.proofs.tsl.reading import TrustServices as TrustServices
from rempart.proofs.tsl.reading import TslError as TslError
from rempart.proofs.tsl.reading import parse as parse
from rempart.proofs.tsl.vouching import vouched as vouched

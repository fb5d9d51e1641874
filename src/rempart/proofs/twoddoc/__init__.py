"""2D-DOC: issue test certificates (type B2), open and judge any document of versions 01 to 04.

ANTS, "Spécifications techniques des codes à barres 2D-Doc", 3.1.3 and 3.3.4. Two forms: text (called C40, the only one
seen on certificates), and binary (version 04).
"""

from rempart.proofs.twoddoc.document import GS as GS
from rempart.proofs.twoddoc.document import RS as RS
from rempart.proofs.twoddoc.document import US as US
from rempart.proofs.twoddoc.document import Document as Document
from rempart.proofs.twoddoc.issuing import TestFields as TestFields
from rempart.proofs.twoddoc.issuing import issue as issue
from rempart.proofs.twoddoc.issuing import names_of as names_of
from rempart.proofs.twoddoc.judging import deviations as deviations
from rempart.proofs.twoddoc.judging import judge as judge
from rempart.proofs.twoddoc.reading import claims_to_be as claims_to_be
from rempart.proofs.twoddoc.reading import read as read

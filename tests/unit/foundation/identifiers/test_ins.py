from datetime import date

import pytest

from rempart.foundation.identifiers import ins
from rempart.foundation.identifiers.ins import Authority, InsFault

TEST_IDENTITY = "279035121518989"
WAITING = "785067800608401"


@pytest.mark.parametrize(
    ("oid", "name", "expected"),
    [
        ("1.2.250.1.213.1.4.8", "", Authority.NIR),
        ("1.2.250.1.213.1.4.9", "", Authority.NIA),
        ("1.2.250.1.213.1.4.10", "ASIP-SANTE-INS-NIR", Authority.TEST),
        ("urn:oid:1.2.250.1.213.1.4.11", "", Authority.DEMO),
        ("", "ASIP-SANTE-INS-NIR", Authority.NIR),
        ("", "ASIP-SANTE-INS- NIA", Authority.NIA),
        ("1.2.250.1.71.4.2.1", "", None),
        ("", "LBM-EX", None),
        ("", "", None),
    ],
)
def test_the_authority_is_told_by_its_oid_else_by_its_name(oid, name, expected):
    assert ins.authority(oid, name) is expected


def test_only_two_authorities_name_real_persons():
    assert [a for a in Authority if a.in_production] == [Authority.NIR, Authority.NIA]


@pytest.mark.parametrize(
    ("number", "oid", "sex", "born", "faults"),
    [
        (TEST_IDENTITY, Authority.TEST, "F", date(1979, 3, 28), ()),
        (TEST_IDENTITY, Authority.NIR, "", None, ()),
        (TEST_IDENTITY, Authority.NIA, "", None, (InsFault.AUTHORITY,)),
        (WAITING, Authority.NIR, "", None, (InsFault.AUTHORITY,)),
        (TEST_IDENTITY, Authority.TEST, "M", date(1979, 4, 1), (InsFault.SEX, InsFault.BIRTH)),
        (TEST_IDENTITY, Authority.TEST, "U", None, ()),
        ("27707279035121518989", Authority.TEST, "F", date(1979, 3, 28), (InsFault.MATRICULE,)),
        ("279035121518988", Authority.TEST, "F", None, (InsFault.MATRICULE,)),
    ],
)
def test_faults_between_matricule_authority_and_traits(number, oid, sex, born, faults):
    assert ins.parse(number, oid=oid, sex=sex, born=born).faults == faults

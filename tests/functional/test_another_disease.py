"""The whole road with an invented disease: no code knows COVID-19.

tests/data/pathogens/marsh_fever.toml is all that the platform is told of it.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.functional.settling import settle

from rempart.foundation.access.actor import Purpose, acting, system
from rempart.foundation.terminology import load_pathogen
from rempart.proofs import testcertificate as certificates
from rempart.screening.models import Access
from rempart.screening.notices import telling
from rempart.screening.portal.services import certifying, showing
from rempart.screening.rules.report import Format, Outcome
from rempart.screening.services.intake import Intake
from rempart.screening.services.prepared import delivery_of
from rempart.tracing.models import Case
from rempart.tracing.services import opening

MARSH = load_pathogen(Path(__file__).parents[1] / "data" / "pathogens" / "marsh_fever.toml")
COVID_PCR, MARSH_ANTIGEN = "94500-6^SARS-CoV-2 RT-PCR^LN", "99001-0^Marsh virus antigen^LN"

HL7 = """MSH|^~\\&|SIL|690001235|REMPART|REMPART|{now}||ORU^R01^ORU_R01|{control}|P|2.5.1|||||FRA|UNICODE UTF-8
PID|1||279035121518989^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS||PAT-TROIS^DOMINIQUE^^^^^L||19790328|F|||1 RUE HAUTE^^LYON^^69001^FRA^H||^PRN^CP^^^^^^^^^0639980000
OBR|1||{record}|{analysis}|||{sampled}|||||||||||||||{now}|||F
OBX|1|CE|{analysis}||260373001^Detected^SCT||||||F|||{sampled}
"""

pytestmark = pytest.mark.django_db(transaction=True)


def _message(analysis: str, *, control: str) -> bytes:
    now = datetime.now(UTC)
    values = {
        "now": f"{now:%Y%m%d%H%M}+0000",
        "sampled": f"{now - timedelta(hours=5):%Y%m%d%H%M}+0000",
        "analysis": analysis,
        "control": control,
        "record": f"R{control}",
    }
    return HL7.format(**values).replace("\n", "\r").encode()


@pytest.fixture
def take_in(keyring):
    intake = Intake(pathogen=MARSH, keyring=keyring)

    def run(payload):
        delivery = delivery_of(payload, channel="file", laboratory="")
        judged = intake.read(payload, format=Format.HL7V2, delivery=delivery)
        return [one for batch in intake.keep(judged, actor=system(Purpose.INTAKE)) for one in batch]

    return run


def test_a_marsh_fever_travels_the_whole_road(take_in, keyring, query):
    (answered,) = take_in(_message(MARSH_ANTIGEN, control="M1"))
    assert answered.kept.outcome is Outcome.ACCEPTED
    assert query(
        "SELECT pathogen, loinc, kind, result, expires_on - received_at::date FROM screening_result"
    ) == [
        ("marsh_fever", "99001-0", "antigen", "P", 10)  # the days of its own policy
    ]

    settle(
        opening.subscriber(pathogen=MARSH),
        telling.subscriber(keyring=keyring, pathogen=MARSH, public_url="https://x"),
    )
    with acting(system(Purpose.OPERATION)):
        assert Case.objects.get().pathogen == "marsh_fever"

    proof = bytes(Access.objects.get().reference).hex()
    shown = showing.show(proof=proof, keyring=keyring, pathogen=MARSH, origin="", now=datetime.now(UTC))
    assert (shown.meaning.label_fr, shown.meaning.advice_fr) == ("Présent", ("Restez au sec.",))
    certificate = certifying.to_certify(shown, keyring=keyring, pathogen=MARSH)
    assert certificate.disease_label == "Fièvre des marais"
    assert certificate.result is certificates.Result.POSITIVE
    assert not certificate.has_dcc  # the EU certificate knows one disease


def test_what_was_a_covid_test_is_nothing_to_this_platform(take_in, query):
    (answered,) = take_in(_message(COVID_PCR, control="M2"))
    assert answered.kept.outcome is Outcome.REJECTED
    assert "A01" in {finding.code for finding in answered.kept.findings}
    assert query("SELECT count(*) FROM screening_result") == [(0,)]

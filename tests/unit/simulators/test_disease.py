import pytest

from rempart.foundation import terminology
from rempart.simulators.choices import Sending
from rempart.simulators.disease import disease, load_disease
from rempart.simulators.laboratory import Epidemic

MARSH_FEVER = """
symptomatic = 1.0
seeks_test = 1.0
incubation = [1, 1]
infectious = [1, 2]
at_home = 0.5
quiet = 0.001
peak = 0.01

[[analysis]]
loinc = "99001-0"
label = "Antigène du virus des marais"
specimen = "119297000^Blood specimen^SCT"
share = 1
detects = [1, 5]
sensitivity = 1.0
rapid = true
"""


def test_the_assays_are_published_analyses_of_the_pathogen():
    covid = terminology.pathogen("covid19")
    for assay in disease("covid19").assays:
        assert covid.analyses[assay.loinc].published


def test_another_disease_is_another_file(tmp_path):
    path = tmp_path / "marsh_fever.toml"
    path.write_text(MARSH_FEVER, "utf-8")
    epidemic = Epidemic(
        seed=1, population=2_000, days=3, sending=Sending.HL7V2, damaged=0, disease=load_disease(path)
    )
    payloads = [message.payload for day in range(3) for message in epidemic.messages(day)]
    assert payloads
    assert all(b"99001-0^Antig" in p and b"119297000^Blood" in p for p in payloads)
    assert not any(b"SARS" in p or b"COVID" in p for p in payloads)


def test_an_unknown_disease_says_what_there_is():
    with pytest.raises(LookupError, match="covid19"):
        disease("measles")

"""What analyses, results and questions are called: LOINC, SNOMED CT, and what people write.

    pathogen("covid19")     one pathogen: its analyses, results, policies and texts (data/pathogens/)
    result_of("DÉTECTÉ")    "P", "N", "I", "X", or None when it is none of them (data/results.toml)
    question_of("95419-8")  which question a coded answer beside a result answers (data/questions.toml)
    loinc.is_valid(code)    form and check digit of a LOINC code

No code here or above knows a disease: another pathogen is another file of data.
"""

from rempart.foundation.terminology import loinc
from rempart.foundation.terminology.pathogens import (
    Analysis,
    Kind,
    Marker,
    Pathogen,
    PathogenError,
    Policy,
    ResultRule,
    Screening,
    load_pathogen,
    pathogen,
    pathogens,
)
from rempart.foundation.terminology.questions import Question, QuestionKind, question_of, residence_of, yes_no
from rempart.foundation.terminology.results import is_presumptive, result_of

__all__ = [
    "Analysis",
    "Kind",
    "Marker",
    "Pathogen",
    "PathogenError",
    "Policy",
    "Question",
    "QuestionKind",
    "ResultRule",
    "Screening",
    "is_presumptive",
    "load_pathogen",
    "loinc",
    "pathogen",
    "pathogens",
    "question_of",
    "residence_of",
    "result_of",
    "yes_no",
]

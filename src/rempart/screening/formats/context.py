"""What a decoder must know beside the bytes: the pathogen, the profile, the sender's zone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo
from enum import Enum

from rempart.foundation.identifiers import finess
from rempart.foundation.terminology import Analysis, Pathogen, Question, loinc, question_of
from rempart.foundation.territories import zone_of
from rempart.screening.rules.catalogue import Profile
from rempart.screening.rules.report import Result
from rempart.screening.transcoding.rules import Transcoding

_LOINC_SYSTEMS = frozenset({"", "LN", "LOINC", "2.16.840.1.113883.6.1"})
_SETTINGS_SYSTEMS = frozenset({"METADMPMSS"})  # routing options of the French document profile
_VARIANT_PREFIX = "SIDEP-MUT-"
_CACHE_LIMIT = 4_096


class Role(Enum):
    """What an observed line is to the platform."""

    ANALYSIS = "analysis"  # in the pathogen's table
    LABELLED = "labelled"  # its label speaks of the pathogen, its code says nothing
    OTHER = "other"  # another analysis
    QUESTION = "question"
    VARIANT = "variant"  # one letter of a mutation screening
    SETTING = "setting"  # an option for routing, no statement on the person


_NO_CODE_OF_OURS = (Role.LABELLED, Role.OTHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What an observation code was recognised as."""

    role: Role
    code: str  # as sent
    label: str
    loinc: str = ""  # a LOINC code with the right check digit
    analysis: Analysis | None = None
    question: Question | None = None
    letter: str = ""  # of a variant: the code of a marker
    bad_key: str = ""  # a code of LOINC form with a wrong check digit


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One per process: it remembers what it recognised.

    `zone_of` gives the legal time of a department ("75", "2A", "971"; empty when unknown); `transcoding` is what
    laboratories say of their own codes and words, by FINESS.
    """

    pathogen: Pathogen
    profile: Profile = Profile.FR
    zone_of: Callable[[str], tzinfo] = zone_of
    transcoding: Transcoding = field(default_factory=Transcoding, compare=False)
    _seen: dict[tuple[str, ...], Observed] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    _zones: dict[str, tzinfo] = field(default_factory=dict, init=False, repr=False, compare=False)
    not_results: frozenset[str] = field(init=False, compare=False)  # codes that stand for no result

    def __post_init__(self) -> None:
        object.__setattr__(self, "not_results", frozenset(self.pathogen.not_results))

    def zone(self, finess_number: str) -> tzinfo:
        """The zone of a laboratory, from the department in its FINESS number; the State's when unknown."""
        zone = self._zones.get(finess_number)
        if zone is None:
            if len(self._zones) >= _CACHE_LIMIT:
                self._zones.clear()
            zone = self.zone_of(finess.parse(finess_number).department)
            self._zones[finess_number] = zone
        return zone

    def observe(self, names: tuple[str, ...], finess_number: str = "") -> Observed:
        """Recognise an observation from its (code, label, system) triplets, flat, the sender's first.

        Order: reserved codes, LOINC code, the laboratory's own code by the transcoding table, then the
        label, which is only good enough for quarantine.
        """
        observed = self._seen.get(names)
        if observed is None:
            if len(self._seen) >= _CACHE_LIMIT:  # hostile codes must not fill the memory
                self._seen.clear()
            observed = self._seen[names] = self._recognise(names)
        if not observed.loinc and observed.role in _NO_CODE_OF_OURS and self.transcoding:
            code = self.transcoding.analysis(finess_number, observed.code)
            if analysis := self.pathogen.analysis(code):
                return Observed(
                    role=Role.ANALYSIS,
                    code=observed.code,
                    label=observed.label,
                    loinc=code,
                    analysis=analysis,
                )
        return observed

    def result(self, words: str, finess_number: str = "") -> Result | None:
        """The result that a laboratory's own words mean, for those that mean nothing to everybody else."""
        return self.transcoding.result(finess_number, words) if self.transcoding else None

    def _recognise(self, names: tuple[str, ...]) -> Observed:
        triplets = list(zip(names[0::3], names[1::3], names[2::3], strict=True))
        code, label = triplets[0][:2]
        if triplets[0][2].upper() in _SETTINGS_SYSTEMS:
            return Observed(role=Role.SETTING, code=code, label=label)
        letter = code.removeprefix(_VARIANT_PREFIX)
        if letter != code and letter in self.pathogen.screening.markers:
            return Observed(role=Role.VARIANT, code=code, label=label, letter=letter)
        number, bad_key = "", ""
        for given, text, system in triplets:
            if question := question_of(given):
                return Observed(role=Role.QUESTION, code=given, label=text, question=question)
            if system.upper() not in _LOINC_SYSTEMS or not loinc.looks_like_one(given):
                continue
            if not loinc.is_valid(given):
                bad_key = bad_key or given
                continue
            if analysis := self.pathogen.analysis(given):
                return Observed(
                    role=Role.ANALYSIS,
                    code=code or given,
                    label=label or text,
                    loinc=given,
                    analysis=analysis,
                )
            number = number or given
        labelled = not number and any(self.pathogen.label_pattern.search(text) for _, text, _ in triplets)
        return Observed(
            role=Role.LABELLED if labelled else Role.OTHER,
            code=code,
            label=label,
            loinc=number,
            bad_key="" if number else bad_key,
        )

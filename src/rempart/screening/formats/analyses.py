"""Which observations become reports: what decoders do with an analysis once it is recognised."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rempart.screening.formats.context import Context, Observed, Role
from rempart.screening.rules.catalogue import Profile, finding, shown
from rempart.screening.rules.report import Finding, Result, Status

MOST_LETTERS = 16  # there are six, one value each; what contradicts them is seen among so many
LONGEST_LETTER = 100  # characters of a value; it is one


def takes(observed: Observed, place: str, *, context: Context, findings: list[Finding]) -> bool:
    """Whether an analysis becomes a report; why not, or with what reserve, is a finding.

    With the French profile: those of the pathogen's table that are published, and those whose label
    speaks of the pathogen (in quarantine). With the generic one: every analysis.
    """
    if observed.bad_key:
        findings.append(finding("A02", "key", place, code=shown(observed.bad_key)))
    if context.profile is Profile.GENERIC:
        return True
    if observed.analysis is not None and observed.analysis.published:
        return True
    if observed.bad_key:
        return observed.role is Role.LABELLED
    case = ("A04", "label") if observed.role is Role.LABELLED else ("A03", "ignored")
    code = shown(observed.loinc or observed.code)
    findings.append(finding(*case, place, code=code, pathogen=context.pathogen.label_en))
    return observed.role is Role.LABELLED


def held_back(status: Status, observed: Observed, *, context: Context) -> Status:
    """The status of a report, given that a result known by its label only waits for somebody to look."""
    if observed.analysis is not None:
        return status
    quarantined = observed.role is Role.LABELLED and context.profile is Profile.FR
    return Status.HELD if quarantined and status in (Status.FINAL, Status.CORRECTED) else status


def letters_of(given: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The mutation letters of a message, sorted, each with a value once and no more than MOST_LETTERS.

    Every positive analysis bears them: a hostile message of thousands of each would be their product.
    """
    return tuple(sorted({(letter, value[:LONGEST_LETTER]) for letter, value in given})[:MOST_LETTERS])


def screened(found: Sequence[tuple[Observed, Result | None]]) -> frozenset[int]:
    """Which of the analyses of a message its mutation letters belong to, by position.

    The positives that are screened; without any, the first analysis, where the rules will refuse them.
    """
    positives = [
        position
        for position, (observed, result) in enumerate(found)
        if result is Result.POSITIVE and observed.analysis is not None and observed.analysis.screened
    ]
    return frozenset(positives or [0])

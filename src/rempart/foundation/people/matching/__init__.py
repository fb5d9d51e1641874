"""Matching people without a number: which records of one file or of two are of one person, and how sure that is.

    from rempart.foundation.people.matching import Record, match

    for pair in match(left, right, this_year=2025):
        print(pair.left, pair.right, pair.score, pair.grade)

Nothing here reads a file, a clock or a database; docs/guides/matching.md says how to use it.
"""

from rempart.foundation.people.matching.engine import Match, Matches, learn, match
from rempart.foundation.people.matching.evidence import Assessment, Evidence, assess, assess_pairs
from rempart.foundation.people.matching.records import Feature, Level, Record, Trait
from rempart.foundation.people.matching.weights import Grade, Weights, default_weights

__all__ = [
    "Assessment", "Evidence", "Feature", "Grade", "Level", "Match", "Matches", "Record", "Trait", "Weights",
    "assess", "assess_pairs", "default_weights", "learn", "match",
]  # fmt: skip

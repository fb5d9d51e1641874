"""What each level of agreement is worth: the weights of Fellegi and Sunter, and of those who live together.

Three kinds of pairs are told apart: records of one person (`same`), of two persons of one household or family
(relatives: twins, a father and a son of one name, a child under its mother's number), and of any two others
(`others`). For each feature, the share of pairs at each level. Without the second kind, twins would agree on so much that a different first name hardly counted. Relatives share a trait with some probability, and then agree on it as one
person would; else they agree as any two do.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from rempart.foundation.people.matching.records import FEATURES, LEVELS, Feature

Floats = npt.NDArray[np.float64]


class Grade(StrEnum):
    """What a score says."""

    CERTAIN = "certain"
    POSSIBLE = "possible"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureWeights:
    """Shares of pairs by level, in the order of LEVELS: each sums to one. `shared`: the probability that two
    relatives have this trait in common."""

    same: tuple[float, ...]
    others: tuple[float, ...]
    shared: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """All that a score is computed from.

    `same_share`, `related_share`: of all pairs of records, those of one person and those of two relatives.
    `together`: how many times more often than by chance strangers agree on both features of each pair of TOGETHER.
    `certain`, `possible`: the least probability of each grade. `source` says what the weights were learnt from.
    """

    features: Mapping[Feature, FeatureWeights]
    same_share: float
    related_share: float
    together: tuple[float, ...]
    certain: float
    possible: float
    source: str

    def among(self, records: int) -> Weights:
        """These weights for two records out of so many, of which each is thought to have one other of its person.

        The more there are, the more strangers agree by chance.
        """
        share = 1 / max(records, 2)
        return replace(self, same_share=share, related_share=share * self.related_share / self.same_share)

    def grade(self, score: float) -> Grade:
        """The grade of a probability."""
        if score >= self.certain:
            return Grade.CERTAIN
        return Grade.POSSIBLE if score >= self.possible else Grade.NO


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How weights are learnt and pairs sought: data/settings.toml."""

    certain: float
    possible: float
    prior_same: float  # as many pairs of one person as the defaults weigh while learning
    prior_others: float  # the same, of other pairs
    prior_records: int  # as many records with values as common as usual count beside those of the files
    prior_related: float  # as many pairs of one person the usual number of relatives to one is believed of
    related_untold: (
        float  # relatives to one person, at least, where nothing tells the two kinds of pairs apart
    )
    rounds: int
    learn_from: int
    pairs_per_record: int
    least_pairs: int
    largest_tie: int
    agreeing: float
    population: int


@cache
def settings() -> Settings:
    """The settings of this version."""
    return Settings(**_table("settings.toml"))


@cache
def default_weights() -> Weights:
    """The weights that come with Rempart: data/weights.toml says on what they were learnt, and when."""
    table = _table("weights.toml")
    return read_weights(table)


def read_weights(table: Mapping[str, Any]) -> Weights:
    """Weights as data/weights.toml writes them. Raises KeyError or ValueError when something is missing."""
    return Weights(
        features={feature: _feature(feature, table[feature.value]) for feature in FEATURES},
        same_share=table["same_share"],
        related_share=table["related_share"],
        together=tuple(float(factor) for factor in table["together"]),
        certain=settings().certain,
        possible=settings().possible,
        source=table["source"],
    )


def _feature(feature: Feature, table: Mapping[str, Any]) -> FeatureWeights:
    def shares(kind: str) -> tuple[float, ...]:
        given = table[kind]
        raw = np.array([given[level.value] for level in LEVELS[feature]], dtype=np.float64)
        if (raw <= 0).any():
            raise ValueError(f"{feature.value}, {kind}: every share is above zero")
        return tuple((raw / raw.sum()).tolist())

    return FeatureWeights(same=shares("same"), others=shares("others"), shared=float(table["shared"]))


def write_weights(weights: Weights) -> str:
    """Weights as TOML, the way `read_weights` reads them."""
    lines = [
        f'source = "{weights.source}"',
        f"same_share = {weights.same_share:.3g}",
        f"related_share = {weights.related_share:.3g}",
        f"together = [{', '.join(f'{factor:.3g}' for factor in weights.together)}]",
    ]
    for feature, values in weights.features.items():
        lines.append("")
        lines.append(f"{feature.value}.shared = {values.shared:.3g}")
        for kind in ("same", "others"):
            shares = ", ".join(
                f"{level.value} = {share:.3g}"
                for level, share in zip(LEVELS[feature], getattr(values, kind), strict=True)
            )
            lines.append(f"{feature.value}.{kind} = {{ {shares} }}")
    return "\n".join(lines) + "\n"


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "data" / name).read_text("utf-8"))

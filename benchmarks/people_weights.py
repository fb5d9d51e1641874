"""How the weights that come with Rempart are learnt: `python -m benchmarks.people_weights` prints data/weights.toml.

`same`: six parts of what is learnt from French families, one each from FEBRL 3 and fake_1000 where they have the trait, one of
the weights that are there, which keeps levels that never occur in these files above nothing. `others`: three parts of
French families, one of what is there. None of it is told the truth. `shared` and `together` stay as they are: judgement.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from benchmarks.people_files import FAKE, FEBRL, Set, sets

from rempart.foundation.people.matching import Feature, Weights, default_weights, learn
from rempart.foundation.people.matching.weights import FeatureWeights, write_weights

_PARTS = {"French families": 6, "FEBRL 3 with its number": 1, "fake_1000": 1}
_NAMES = {Feature.FAMILY_NAME, Feature.FIRST_NAMES, Feature.NAME_ORDER}
_HAS = {
    "FEBRL 3 with its number": _NAMES
    | {Feature(trait) for trait in (*FEBRL, "ins") if trait in set(Feature)},
    "fake_1000": _NAMES | {Feature(trait) for trait in FAKE if trait in set(Feature) - {Feature.PHONE}},
    "French families": set(Feature),
}


def main() -> None:
    before = default_weights()
    learnt = {one.name: _learnt(one) for one in sets() if one.name in _PARTS}
    french = learnt["French families"]
    features = {
        feature: FeatureWeights(
            same=_mean(
                [
                    (_PARTS[name], each.features[feature].same)
                    for name, each in learnt.items()
                    if feature in _HAS[name]
                ]
                + [(1, there.same)]
            ),
            others=_mean([(3, french.features[feature].others), (1, there.others)]),
            shared=there.shared,
        )
        for feature, there in before.features.items()
    }
    print(
        write_weights(
            replace(
                before, features=features, same_share=french.same_share, related_share=french.related_share
            )
        )
    )


def _learnt(one: Set) -> Weights:
    return learn(one.left, one.right, this_year=2026)


def _mean(parts: list[tuple[int, tuple[float, ...]]]) -> tuple[float, ...]:
    summed = np.sum([weight * np.array(shares) for weight, shares in parts], axis=0)
    return tuple((summed / summed.sum()).tolist())


if __name__ == "__main__":
    main()

"""How far a judge agrees with people: raw agreement, Cohen's kappa with its interval, the confusion, slice by slice.

Kappa (Cohen 1960) is the agreement beyond what chance would bring: a judge that always says the same has none, however
often it happens to be right. Its interval is a percentile bootstrap over the labelled items, from a fixed seed.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

DRAWS = 2_000
_SEED = 19_600_401

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Over `n` items. `kappa` is None where it is not defined: no items, or everybody says one and the same.

    `confusion` counts `person/judge`. `by_slice` has the raw agreement.
    """

    n: int
    agreement: float
    kappa: float | None
    low: float | None
    high: float | None
    confusion: Mapping[str, int]
    by_slice: Mapping[str, float] = field(default_factory=dict)

    def told(self) -> str:
        """As it stands in a report."""
        kappa = (
            "kappa not defined" if self.kappa is None else f"kappa {self.kappa:.2f} ({self.low:.2f} to {self.high:.2f})"
        )
        return f"{self.n} labels, agreement {self.agreement:.2f}, {kappa}"


def agreement(pairs: Sequence[Pair], slices: Sequence[str] = ()) -> Agreement:
    """Of (person, judge) pairs; `slices` names the group of each."""
    n = len(pairs)
    kappa = cohens_kappa(pairs)
    low = high = None
    if kappa is not None:
        draw = random.Random(_SEED)  # noqa: S311 (statistics, not secrets)
        found = sorted(k for _ in range(DRAWS) if (k := cohens_kappa(draw.choices(pairs, k=n))) is not None)
        low, high = found[int(0.025 * len(found))], found[min(len(found) - 1, int(0.975 * len(found)))]
    groups: dict[str, list[bool]] = {}
    for pair, name in zip(pairs, slices, strict=False):
        groups.setdefault(name, []).append(pair[0] == pair[1])
    return Agreement(
        n=n,
        agreement=sum(person == judge for person, judge in pairs) / n if n else 0.0,
        kappa=kappa,
        low=low,
        high=high,
        confusion={"/".join(pair): count for pair, count in sorted(Counter(pairs).items())},
        by_slice={name: sum(same) / len(same) for name, same in sorted(groups.items())},
    )


def cohens_kappa(pairs: Sequence[Pair]) -> float | None:
    """None where chance alone would bring full agreement."""
    n = len(pairs)
    if not n:
        return None
    people, judges = Counter(person for person, _ in pairs), Counter(judge for _, judge in pairs)
    by_chance = sum(people[label] * judges[label] for label in people) / n**2
    if by_chance >= 1:
        return None
    return (sum(person == judge for person, judge in pairs) / n - by_chance) / (1 - by_chance)


@dataclass(frozen=True, slots=True)
class PositionBias:
    """What becomes of a pairwise judge's choice when the two answers change places.

    `first_share` is the share of `first` among the choices that changed sides with the places: one half is no bias.
    """

    n: int
    consistent: float
    first_share: float | None
    wins: int
    losses: int
    ties: int

    def told(self) -> str:
        """As it stands in a report."""
        lean = "" if self.first_share is None else f", of the others {self.first_share:.0%} for the first place"
        return (
            f"{self.n} pairs: {self.wins} better, {self.losses} worse, {self.ties} equal; "
            f"{self.consistent:.0%} of the choices hold when the places are changed{lean}"
        )


def position_bias(choices: Sequence[tuple[str, str]]) -> PositionBias:
    """Of pairs of choices out of first, second, tie: with the new answer in the first place, then in the second.

    A pair counts for an answer only when both orders choose it; everything else is a tie.
    """
    wins = sum(pair == ("first", "second") for pair in choices)
    losses = sum(pair == ("second", "first") for pair in choices)
    both_ties = sum(pair == ("tie", "tie") for pair in choices)
    swayed = [pair for pair in choices if pair in (("first", "first"), ("second", "second"))]
    n = len(choices)
    return PositionBias(
        n=n,
        consistent=(wins + losses + both_ties) / n if n else 0.0,
        first_share=sum(pair[0] == "first" for pair in swayed) / len(swayed) if swayed else None,
        wins=wins,
        losses=losses,
        ties=n - wins - losses,
    )

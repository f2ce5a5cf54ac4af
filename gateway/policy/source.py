"""A policy that has been read and found valid: its lines, its rules with their texts, and its digest."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.classes import TIERS, ClassKey
from gateway.policy.table import Effect
from gateway.policy.words import ANY, NO_GROUND, State
from gateway.vocabulary import NextStep

MODEL: Final = "model.conf"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the policy: what it does, where it comes from, and what it says."""

    id: str
    effect: Effect
    requirement: str
    next: NextStep
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of `policy.csv`. `cells` has the words of every matched column; `number` counts from 1."""

    number: int
    rule: str
    cells: Mapping[str, tuple[str, ...]]

    def concerns(self, asked: Mapping[str, tuple[str, ...]]) -> bool:
        """True when each column that is asked for has a word that fits."""
        return all(set(words) & set(self.cells[column]) for column, words in asked.items())


@dataclass(frozen=True, slots=True)
class Source:
    """A whole policy. `digest` is the SHA-256 of its three files, in hex."""

    digest: str
    texts: Mapping[str, str]
    """The files, by their names."""
    lines: tuple[Line, ...]
    rules: Mapping[str, Rule]

    @property
    def model(self) -> str:
        """The text of `model.conf`."""
        return self.texts[MODEL]


def class_words(key: ClassKey) -> dict[str, tuple[str, ...]]:
    """The words that an access class satisfies in the columns state, share, open and sensitivity."""
    tier = TIERS.get(key)
    if tier is None:
        return {"state": (ANY, State.UNPUBLISHED), "share": (ANY,), "open": (ANY,), "sensitivity": (ANY,)}
    return {
        "state": (ANY, State.PUBLISHED),
        "share": (ANY, tier.share),
        "open": (ANY, tier.open),
        "sensitivity": (ANY, *(sorted(tier.sensitivity) or (NO_GROUND,))),
    }

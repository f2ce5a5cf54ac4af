"""Tiers that flow along lineage: what is derived is at least as strict as what it was made from (R17.2). Pure.

Strictness only ever grows along a derivation, and there are few tiers: so the least solution exists, whatever cycles
there are, and is found by passing on what has grown until nothing does.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

from gateway.catalog.marks import mark
from gateway.classes import TIERS, ClassKey, Tier
from gateway.vocabulary import OpenType, Sensitivity, ShareType

__all__ = ["FieldTier", "Owners", "exceeds", "least", "mark", "stricter", "tier_key"]

T = TypeVar("T")
Stated = tuple[str, str, tuple[str, ...]]


@cache
def stricter(one: ClassKey, other: ClassKey) -> ClassKey:
    """The stricter of two tiers, axis by axis."""
    return TIERS[one].stricter(TIERS[other]).key


def exceeds(one: ClassKey, other: ClassKey) -> bool:
    """Whether a tier is stricter than another on some axis."""
    return stricter(one, other) != other


@cache
def _key(stated: Stated) -> ClassKey:
    share, opening, grounds = stated
    return Tier(ShareType(share), OpenType(opening), frozenset(map(Sensitivity, grounds))).key


def tier_key(share: str, opening: str, sensitivity: Iterable[str] | None) -> ClassKey:
    """The tier that a field has by itself, from its three properties."""
    return _key((share, opening, tuple(sensitivity or ())))


@dataclass(frozen=True, slots=True)
class FieldTier:
    """A field as settling sees it."""

    own: ClassKey
    stored: ClassKey | None
    """What it is through lineage, as it was last written; None where that is not stricter than its own."""
    dataset: str | None = None
    agency: str | None = None
    sources: Mapping[str, ClassKey] = field(default_factory=dict)
    """Those that count, with what they are as it was last written."""

    @property
    def effective(self) -> ClassKey:
        """As it was last written: never less than its own."""
        return self.own if self.stored is None else stricter(self.own, self.stored)

    @property
    def settled(self) -> bool:
        """Whether it is, and was, nothing but its own, so that no change can come from it."""
        return self.stored is None and not any(exceeds(one, self.own) for one in self.sources.values())


@dataclass(frozen=True, slots=True)
class Owners:
    """A dataset as settling sees it: whose data is in it that may be given to nobody else."""

    agency: str
    own: bool
    """Whether its provider lets nobody pass it on."""
    stored: frozenset[str]
    """The agencies whose data is in it, as was last written."""
    sources: Mapping[str, tuple[str, bool, frozenset[str]]] = field(default_factory=dict)
    """Those that count: agency, whether it is its own provider's word, and owners."""

    @property
    def passed(self) -> frozenset[str]:
        """What goes on to what is made from it."""
        return self.stored | ({self.agency} if self.own else set())

    def begin(self) -> frozenset[str]:
        """What goes on by itself."""
        return frozenset({self.agency}) if self.own else frozenset()

    def taken(self, given: Iterable[frozenset[str]]) -> frozenset[str]:
        """The owners, from what its sources pass on: nobody needs another's leave for their own data."""
        return frozenset().union(*given) - {self.agency}

    @property
    def settled(self) -> bool:
        """Whether there are no owners, and were none."""
        return not self.stored and not self.taken(
            held | ({agency} if own else set()) for agency, own, held in self.sources.values()
        )


def least(
    begin: Mapping[str, T], sources: Mapping[str, Iterable[str]], join: Callable[[str, list[T]], T]
) -> dict[str, T]:
    """The least solution: of each the value that `join` gives of those of its sources.

    Args:
        begin: what each is without sources.
        sources: from what each takes, of those in `begin`.
        join: the value of one, from its sources' values; it grows with them, and may not fall below `begin`.
    """
    found = dict(begin)
    onward: dict[str, set[str]] = defaultdict(set)
    for one, others in sources.items():
        for other in others:
            onward[other].add(one)
    waiting, there = deque(sources), {*sources}
    while waiting:
        one = waiting.popleft()
        there.discard(one)
        now = join(one, [found[other] for other in sources[one]])
        if now != found[one]:
            found[one] = now
            for next_ in onward[one] - there:
                there.add(next_)
                waiting.append(next_)
    return found

"""Access classes: the one key by which tiers are enforced (design section 4).

A class is `share x open x set of sensitivities` for a published entry, or `DRAFT` for one that is not in the published
catalogue. The policy decides per class, the graph stores the class on each row, and the plan
compares the two, so all three must spell it the same way: this module is the only one that writes or reads such a key.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations, product
from typing import Final, NewType

from gateway.vocabulary import OpenType, Sensitivity, ShareType

ClassKey = NewType("ClassKey", str)
"""Spelled like `UO`, `CC_P`, `NN_CL`: share tier, opening tier, then the initials of the sensitivities in order."""

UNPUBLISHED: Final = ClassKey("DRAFT")
"""The class of every entry that is not in the published catalogue, whatever its tiers."""

_SHARE: Final = {ShareType.UNCONDITIONAL: "U", ShareType.CONDITIONAL: "C", ShareType.NON_SHARED: "N"}
_OPEN: Final = {OpenType.OPEN: "O", OpenType.CONDITIONAL: "C", OpenType.NOT_OPEN: "N"}
_SENSITIVITY: Final = {Sensitivity.COMMERCIAL: "C", Sensitivity.BY_LAW: "L", Sensitivity.PERSONAL: "P"}


class ImpossibleTier(ValueError):
    """A combination of tiers that the regulation rules out; the message says which and what would be right."""


@dataclass(frozen=True, slots=True)
class Tier:
    """Where an entry stands on the two axes, and the grounds for it (R15, R22).

    Raises:
        ImpossibleTier: OPEN together with PERSONAL, or NOT_OPEN without a ground of article 22.
    """

    share: ShareType
    open: OpenType
    sensitivity: frozenset[Sensitivity] = frozenset()

    def __post_init__(self) -> None:
        if self.open is OpenType.OPEN and Sensitivity.PERSONAL in self.sensitivity:
            raise ImpossibleTier("openType OPEN cannot carry sensitivity PERSONAL; use CONDITIONAL or NOT_OPEN (R22)")
        if self.open is OpenType.NOT_OPEN and not self.sensitivity:
            raise ImpossibleTier("openType NOT_OPEN needs a ground: sensitivity PERSONAL, COMMERCIAL or BY_LAW (R22)")

    @property
    def key(self) -> ClassKey:
        """The access class of a published entry with this tier."""
        grounds = "".join(initial for ground, initial in _SENSITIVITY.items() if ground in self.sensitivity)
        return ClassKey(_SHARE[self.share] + _OPEN[self.open] + (f"_{grounds}" if grounds else ""))

    def stricter(self, other: "Tier") -> "Tier":
        """The stricter of both, axis by axis, with the grounds of both: how a field takes its dataset's tier."""
        share, opening = list(ShareType), list(OpenType)
        return Tier(
            share[max(share.index(self.share), share.index(other.share))],
            opening[max(opening.index(self.open), opening.index(other.open))],
            self.sensitivity | other.sensitivity,
        )


def access_class(tier: Tier, *, published: bool) -> ClassKey:
    """The class of an entry: its tier's when it is published, else `UNPUBLISHED`."""
    return tier.key if published else UNPUBLISHED


def _all_tiers() -> Iterable[Tier]:
    grounds = [frozenset(c) for n in range(4) for c in combinations(Sensitivity, n)]
    for share, opening, sensitivity in product(ShareType, OpenType, grounds):
        try:
            yield Tier(share, opening, sensitivity)
        except ImpossibleTier:
            continue


TIERS: Final[dict[ClassKey, Tier]] = {tier.key: tier for tier in _all_tiers()}
"""Every possible class of a published entry, and what it means."""

CLASSES: Final[tuple[ClassKey, ...]] = (*sorted(TIERS), UNPUBLISHED)
"""Every access class there is."""


def class_label(key: ClassKey) -> str:
    """The label that a Dataset of this class carries, so that the count store knows how many there are."""
    return f"Class_{key}"

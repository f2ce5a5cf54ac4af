"""The columns of `policy.csv` and the closed vocabulary of each.

A cell holds one word or several with `|` between them (any of them). `ANY` matches whatever is asked; in a tier column
that includes entries outside the published catalogue, which have no tier: the column `state` tells them apart.
"""

import re
from enum import StrEnum
from typing import Final

from gateway.policy.table import Effect
from gateway.vocabulary import Action, AgencyKind, NextStep, OpenType, Relation, Role, Sensitivity, ShareType

ANY: Final = "ANY"
AGENCY: Final = "AGENCY"
"""Everybody who acts for an agency, whatever the role."""
NO_GROUND: Final = "NONE"
"""No ground of article 22 at all."""


class State(StrEnum):
    """Whether the entry stands in the published catalogue."""

    PUBLISHED = "PUBLISHED"
    UNPUBLISHED = "UNPUBLISHED"


MATCHED: Final[dict[str, tuple[str, ...]]] = {
    "role": (ANY, AGENCY, *Role),
    "kind": (ANY, *AgencyKind),
    "relation": tuple(Relation),
    "state": (ANY, *State),
    "share": (ANY, *ShareType),
    "open": (ANY, *OpenType),
    "sensitivity": (ANY, NO_GROUND, *Sensitivity),
    "action": tuple(Action),
}
"""The columns that Casbin matches, in the order of the file. `ANYONE` needs no `ANY`: it always holds."""

COLUMNS: Final = ("rule", *MATCHED, "effect", "requirement", "next")
"""The header of `policy.csv`."""

RULE_ID: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

_PARTS: Final = {
    2: "1 2",
    4: "1 2 3",
    5: "1 2",
    8: "1 2 3 4",
    9: "1 2 3",
    13: "1 2",
    14: "1 2",
    16: "1 2a 2b 2c 2d 3a 3b 3c",
    17: "1 2 3",
    18: "1 2 3",
    23: "1 2",
    24: "1 2",
    32: "0",
}
REQUIREMENTS: Final = tuple(
    f"R{article}.{part}" if part else f"R{article}"
    for article in range(1, 38)
    for part in _PARTS.get(article, "").split() or [""]
)
"""The testable requirements of the regulation that a rule can come from: R1 … R37, some articles in parts."""

SINGLE: Final[dict[str, tuple[str, ...]]] = {
    "effect": tuple(Effect),
    "requirement": REQUIREMENTS,
    "next": tuple(NextStep),
}
"""The columns that hold exactly one word."""

"""The table of cases, as the tests read it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from gateway.classes import UNPUBLISHED, ClassKey, Tier
from gateway.vocabulary import Action, OpenType, Relation, Role, Sensitivity, ShareType

POLICIES: Final = Path(__file__).resolve().parents[2] / "policies"

Cell = tuple[str, str, str, Action]


@dataclass(frozen=True, slots=True)
class Case:
    """One expected decision: a row of the matrix, an entry's class, an action, and what must come out."""

    who: str
    roles: tuple[Role, ...]
    relations: frozenset[Relation]
    share: str
    open: str
    key: ClassKey
    action: Action
    allowed: bool
    rule: str

    @property
    def cell(self) -> Cell:
        return self.who, self.share, self.open, self.action


def read_cases(document: Any = None) -> list[Case]:
    """Every case of `policies/cases.yaml`, or of a document of the same form."""
    document = document or yaml.safe_load((POLICIES / "cases.yaml").read_text(encoding="utf-8"))
    return [case for block in document for line in block["cases"] for case in _cases(block, line)]


def _cases(block: dict[str, Any], line: list[str]) -> list[Case]:
    share, opening, grounds, *decisions = line
    if share == "UNPUBLISHED":
        key = UNPUBLISHED
    else:
        held = frozenset(Sensitivity(g) for g in grounds.split("|") if g != "NONE")
        key = Tier(ShareType(share), OpenType(opening), held).key
    roles = tuple(Role(role) for role in block["roles"])
    relations = frozenset(Relation(r) for r in block["relations"])
    found = []
    for action, decision in zip(Action, decisions, strict=True):
        said, rule = decision.split()
        assert said in {"yes", "no"}, decision
        found.append(Case(block["who"], roles, relations, share, opening, key, action, said == "yes", rule))
    return found

"""Everything that a policy says of the access classes, as plain values: for who keeps a policy and reads it later."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import combinations
from typing import Any

from gateway.classes import CLASSES, TIERS
from gateway.identity.subject import Profile
from gateway.policy.engine import Policy
from gateway.policy.reading import parse_policy
from gateway.policy.table import AccessTable
from gateway.vocabulary import Action, AgencyKind, Relation, Role


def class_table(texts: Mapping[str, str]) -> Mapping[str, Any]:
    """The classes with their tiers, and which of them each profile may act on, by the relations that it holds.

    `texts` are the policy's files by their names. Relations that change nothing for an action are left out.

    Raises:
        PolicyRefused: it is no policy of this release.
    """
    return _table(tuple(sorted(texts.items())))


@lru_cache(maxsize=8)
def _table(texts: tuple[tuple[str, str], ...]) -> Mapping[str, Any]:
    policy = Policy(parse_policy(dict(texts)))
    kinds = tuple(AgencyKind) if policy.kinds_matter else (None,)
    return {
        "classes": {key: _tier(key) for key in CLASSES},
        "allowed": [
            {"role": role, "kind": kind, **line}
            for role in Role
            for kind in kinds
            for line in _lines(policy.table_for(Profile(frozenset({role}), kind)))
        ],
    }


def _tier(key: str) -> dict[str, Any] | None:
    """None for what is not in the published catalogue."""
    tier = TIERS.get(key)  # type: ignore[call-overload]
    if tier is None:
        return None
    return {"share": tier.share, "open": tier.open, "sensitivity": sorted(tier.sensitivity)}


def _lines(table: AccessTable) -> Iterator[dict[str, Any]]:
    for action in Action:
        matter = [one for one in Relation if one in table.relations_that_matter(action)]
        for count in range(len(matter) + 1):
            for held in combinations(matter, count):
                classes = sorted(table.allowed(action, frozenset(held)))
                yield {"action": action, "relations": list(held), "classes": classes}

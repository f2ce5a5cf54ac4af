"""The policy as a matrix that can be read: roles treated alike, tiers treated alike, and what each may do."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from gateway.classes import CLASSES, TIERS, UNPUBLISHED, ClassKey
from gateway.identity.subject import Profile
from gateway.policy.engine import Policy
from gateway.policy.table import NO_RULE, AccessTable
from gateway.vocabulary import Action, AgencyKind, OpenType, Relation, Role, Sensitivity, ShareType

Allowed = tuple[bool, ...]
"""One truth value per `Action`, in its order."""


@dataclass(frozen=True, slots=True)
class Row:
    """A tier. `sensitivity` is None when it makes no difference; `share` and `open` are None when not published."""

    share: ShareType | None
    open: OpenType | None
    sensitivity: frozenset[Sensitivity] | None
    cells: tuple[Allowed, ...]
    """Per relation of the block, what is allowed."""


@dataclass(frozen=True, slots=True)
class Block:
    """Roles that may do the same, and the relations that make a difference to them (`ANYONE` first)."""

    roles: tuple[Role, ...]
    relations: tuple[Relation, ...]
    rows: tuple[Row, ...]


def matrix(policy: Policy, kind: AgencyKind | None = None) -> list[Block]:
    """The whole policy for agencies of one kind (None: where no line names a kind), one block per group of roles."""
    groups: dict[tuple[object, ...], list[Role]] = {}
    for role in Role:
        table = policy.table_for(Profile(frozenset({role}), kind))
        groups.setdefault(tuple(_cell(table, key, {r}) for key in CLASSES for r in Relation), []).append(role)
    return [_block(policy.table_for(Profile(frozenset({roles[0]}), kind)), roles) for roles in groups.values()]


def silences(policy: Policy) -> Iterator[tuple[Role, ClassKey, Action]]:
    """The questions of a caller without any relation to which no line gives a reason."""
    for role in Role:
        table = policy.table_for(Profile(frozenset({role})))
        for key in CLASSES:
            for action in Action:
                if table.decide(key, frozenset(), action) == NO_RULE:
                    yield role, key, action


def _block(table: AccessTable, roles: list[Role]) -> Block:
    matters = frozenset[Relation]().union(*map(table.relations_that_matter, Action))
    relations = tuple(r for r in Relation if r is Relation.ANYONE or r in matters)
    return Block(tuple(roles), relations, tuple(_rows(table, relations)))


def _rows(table: AccessTable, relations: tuple[Relation, ...]) -> Iterator[Row]:
    def cells(key: ClassKey) -> tuple[Allowed, ...]:
        return tuple(_cell(table, key, {r}) for r in relations)

    tiers = sorted(TIERS.values(), key=lambda t: (list(ShareType).index(t.share), list(OpenType).index(t.open), t.key))
    for (share, opening), alike in groupby(tiers, key=lambda t: (t.share, t.open)):
        found = [(tier.sensitivity, cells(tier.key)) for tier in alike]
        if len({cell for _, cell in found}) == 1:
            yield Row(share, opening, None, found[0][1])
        else:
            yield from (Row(share, opening, grounds, cell) for grounds, cell in found)
    yield Row(None, None, None, cells(UNPUBLISHED))


def _cell(table: AccessTable, key: ClassKey, held: set[Relation]) -> Allowed:
    return tuple(table.decide(key, frozenset(held), action).allowed for action in Action)

"""Fields and datasets as settling reads them, and what follows from these for their tiers (R17.2)."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from gateway.catalog.batches import pieces
from gateway.classes import ClassKey
from gateway.lineage import tier_statements as statements
from gateway.lineage.tiers import FieldTier, Owners, least, stricter, tier_key


class Ask(Protocol):
    """Runs a statement in a transaction, or beside one; gives its first record's first value."""

    async def __call__(self, statement: str, **parameters: Any) -> Any:
        """The value."""


async def read_fields(ask: Ask, ids: Sequence[str], given: Mapping[str, Any]) -> dict[str, FieldTier]:
    """Fields with what counts of their sources, by id."""
    found = {}
    for piece in pieces(ids):
        for id_, *tier, stored, dataset, agency, sources in await ask(statements.FIELDS, ids=list(piece), **given):
            found[id_] = FieldTier(
                tier_key(*tier),
                None if stored is None else ClassKey(stored),
                dataset,
                agency,
                {source: _effective(tier_key(*own), held) for source, *own, held in sources},
            )
    return found


async def read_datasets(ask: Ask, ids: Sequence[str], given: Mapping[str, Any]) -> dict[str, Owners]:
    """Datasets with what counts of their sources, by id."""
    found = {}
    for piece in pieces(ids):
        for id_, agency, own, stored, sources in await ask(statements.DATASETS, ids=list(piece), **given):
            of = {source: (whose, theirs, frozenset(held)) for source, whose, theirs, held in sources}
            found[id_] = Owners(agency, own, frozenset(stored), of)
    return found


def effective(known: Mapping[str, FieldTier]) -> dict[str, ClassKey]:
    """The effective tiers of some fields; what comes in from others is taken as it is written there."""
    begin = {id_: one.own for id_, one in known.items()}
    outside = {source: tier for one in known.values() for source, tier in one.sources.items() if source not in known}

    def join(one: str, tiers: list[ClassKey]) -> ClassKey:
        found = begin[one]
        for tier in tiers:
            found = stricter(found, tier)
        return found

    found = least({**outside, **begin}, {id_: list(one.sources) for id_, one in known.items()}, join)
    return {id_: found[id_] for id_ in known}


def owners(known: Mapping[str, Owners]) -> dict[str, frozenset[str]]:
    """Whose data is in some datasets; what comes in from others is taken as it is written there."""
    begin = {id_: one.begin() for id_, one in known.items()}
    outside = {
        source: held | ({agency} if own else set())
        for one in known.values()
        for source, (agency, own, held) in one.sources.items()
        if source not in known
    }

    def join(one: str, given: list[frozenset[str]]) -> frozenset[str]:
        return known[one].taken(given) | begin[one]

    found = least({**outside, **begin}, {id_: list(one.sources) for id_, one in known.items()}, join)
    return {id_: found[id_] - {one.agency} for id_, one in known.items()}


def _effective(own: ClassKey, stored: str | None) -> ClassKey:
    return own if stored is None else stricter(own, ClassKey(stored))

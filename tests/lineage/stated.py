"""Statements on lineage in few words, by officers of the procedures' city, and the edges that come of them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from gateway.audit.ledger import Denied
from gateway.catalog import Entry, FieldSpec, write_entries
from gateway.graph import make_id
from gateway.graph.times import instant
from gateway.lineage import Derivations, Derived, Ended, MaskApproval, MaskWithdrawal, Outside
from gateway.masks import Audience, Mask, MaskKind
from gateway.sharing.matters import Foreign
from gateway.vocabulary import FOREVER, DataType, Role, Status
from tests.catalog.entries import entry
from tests.sharing.city import DATASETS, City

MASK: Final = Mask("names", 1, MaskKind.TRUNCATE, length=1)
_FIELDS: Final = (FieldSpec("x", None, DataType.STRING), FieldSpec("y", None, DataType.STRING))
ENTRIES: Final[Mapping[str, Entry]] = {
    **{
        name: replace(one, fields=tuple(replace(field, masks={}) for field in one.fields))
        for name, one in DATASETS.items()
    },
    "stats": entry(21, agency="power", fields=_FIELDS),
    "other": entry(22, agency="power", fields=_FIELDS),
    "draft": entry(23, agency="water", fields=_FIELDS, status=Status.DRAFT),
    "plan": entry(24, agency="power", fields=_FIELDS, status=Status.DRAFT),
}
_CLEAR: Final = "MATCH (n:External|NameLock|LineageName|Declassification) DETACH DELETE n"
_UNLINK: Final = "MATCH ()-[e:DERIVED_FROM]->() DELETE e"
_EDGES: Final = """
MATCH (t)-[e:DERIVED_FROM]->(s)
RETURN collect({target: t.id, source: s.id, p: properties(e)})
"""


def at(day: int) -> str:
    """An instant before the city's now."""
    return f"2026-01-{day:02}T00:00:00.000Z"


def ds(name: str) -> str:
    return make_id("ds_", ENTRIES[name].identifier)


def fd(name: str) -> str:
    """`stats.x` is a field."""
    dataset, _, field = name.partition(".")
    return make_id("fd_", ENTRIES[dataset].identifier, field)


def any_id(name: str) -> str:
    return fd(name) if "." in name else ds(name)


NAMES: Final = {
    any_id(name): name
    for dataset, one in ENTRIES.items()
    for name in (dataset, *(f"{dataset}.{field.name}" for field in one.fields))
}


def derived(source: str | Outside, target: str = "stats", since: str = at(1), **more: Any) -> Derived:
    """`derived("free.a", "stats.x")`; what has no entry here is an id of its own."""
    known = source if isinstance(source, Outside) or source.partition(".")[0] not in ENTRIES else any_id(source)
    return Derived(known, since, fd(target) if "." in target else None, **more)


def declared(*some: Derived, dataset: str = "stats", **more: Any) -> Derivations:
    return Derivations(ds(dataset), some, **more)


def corrected(
    *ends: Ended, instead: tuple[Derived, ...] = (), dataset: str = "stats", reason: str = "更正"
) -> Derivations:
    return Derivations(ds(dataset), instead, ends, True, reason)


def approved(source: str = "free.b", target: str = "stats.x", mask: Mask = MASK, **more: Any) -> MaskApproval:
    return MaskApproval(fd(source), any_id(target), mask.name, mask.version, Audience.SHARING, **more)


def withdrawn(approval: str) -> MaskWithdrawal:
    return MaskWithdrawal(approval, "规则不足")


class Statements:
    """The city, and what is stated in it."""

    def __init__(self, city: City) -> None:
        self.city = city

    async def found(self) -> "Statements":
        await self._entries()
        for name, agency, role in (("head", "power", Role.HEAD), ("rival", "power", Role.OFFICER)):
            await self.city.hire(name, agency, role)
        return self

    @property
    def homes(self) -> tuple[str, ...]:
        """The jurisdictions of the city."""
        return tuple(make_id("ju_", code) for code in ("621000", "621002"))

    async def _entries(self, **masks: Mapping[Audience, Mask]) -> None:
        some = [
            replace(
                one, fields=tuple(replace(field, masks=masks.get(f"{name}_{field.name}", {})) for field in one.fields)
            )
            for name, one in ENTRIES.items()
        ]
        await write_entries(self.city.graph, some)

    async def renew(self) -> None:
        await self.city.graph.run(_UNLINK)
        await self.city.graph.run(_CLEAR)
        await self.masked({Audience.SHARING: MASK})

    async def masked(self, masks: Mapping[Audience, Mask], field: str = "free_b") -> None:
        """Give a field these masks, and no other one."""
        await self._entries(**{field: masks})

    def later(self, **by: float) -> str:
        """Let time pass. The instant until then."""
        before = self.now
        self.city.now += timedelta(**by or {"hours": 1})
        return before

    @property
    def now(self) -> str:
        return instant(self.city.now)

    async def act(self, request: Foreign, who: str = "consumer") -> Any:
        """Prepare, sign and file: the ids that come of it."""
        made = await self.city.act(who, request)
        return made["approval"] or made["derivations"]

    async def why(self, request: Foreign, who: str = "consumer") -> tuple[str, str]:
        """Why it cannot be prepared: code and path."""
        denied = await self.city.refused(who, request)
        return denied.code, denied.path

    async def why_not_filed(self, prepared: Mapping[str, Any], who: str = "consumer", signer: str = "") -> str:
        """Why what was prepared is not filed."""
        try:
            await self.city.file(who, prepared["signing"], self.city.sign(signer or who, prepared["document"]))
        except Denied as denied:
            return denied.code
        raise AssertionError("it was filed")

    async def edges(self) -> list[dict[str, Any]]:
        """All that ever were."""
        found: list[dict[str, Any]] = await self.city.graph.read(_EDGES)
        return found

    async def said(self, known_at: str = "", *, implied: bool = False) -> list[tuple[str, str, str, str]]:
        """What was on record at an instant, now without it: target, source, since, until (FOREVER is empty)."""
        return sorted(
            (
                NAMES.get(one["target"], one["target"][:3]),
                NAMES.get(one["source"], one["source"][:3]),
                one["p"]["validFrom"],
                "" if one["p"]["validTo"] == FOREVER else one["p"]["validTo"],
            )
            for one in await self.edges()
            if (
                one["p"]["recordedFrom"] <= known_at < one["p"]["recordedTo"]
                if known_at
                else one["p"]["recordedTo"] == FOREVER
            )
            and bool(one["p"].get("implied")) is implied
        )

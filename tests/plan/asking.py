"""A gateway over a small world, asked without HTTP, and the callers that ask."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from strawberry.federation import Schema
from strawberry.types import ExecutionResult

from gateway.audit.asking import Events
from gateway.audit.ledger import Ledger
from gateway.fetching.quotas import Used
from gateway.graph import Graph, make_id
from gateway.identity import PUBLIC, Profile, Subject
from gateway.lineage import Walker
from gateway.plan import Asker, Budget, Planner
from gateway.plan.planner import Reader
from gateway.policy.store import PolicyStore
from gateway.policy.table import AccessTable
from gateway.schema import ENTITIES, Context, build_schema
from gateway.schema.limits import Limits
from gateway.schema.masks import masks_of
from gateway.schema.tiers import because_of, tiers_of
from gateway.sharing.filing import Filing
from gateway.sharing.reading import Cases
from gateway.sources import Registry
from gateway.vocabulary import AgencyKind, Role

ROOT: Final = Path(__file__).parent.parent.parent
POLICY: Final = PolicyStore(ROOT / "policies")

INSTANT: Final = "2026-06-01T00:00:00.000Z"
_CITY: Final = tuple(make_id("ju_", code) for code in ("621000", "621002", "621021"))


def caller(number: int, *roles: Role, kind: AgencyKind = AgencyKind.ADMINISTRATIVE, over: bool = False) -> Subject:
    """Somebody who acts for the world's agency `a<number>`."""
    return Subject(
        id=make_id("pe_", f"p{number}"),
        name=f"人{number}",
        agency=make_id("ag_", f"a{number}"),
        appointment=make_id("ap_", f"p{number}", "0"),
        jurisdictions=_CITY if over else (),
        profile=Profile(frozenset(roles), kind),
    )


CALLERS: Final[Mapping[str, Subject]] = {
    "public": PUBLIC,
    "staff": caller(0, Role.STAFF),
    "water": caller(1, Role.STAFF, Role.OFFICER, kind=AgencyKind.PUBLIC_SERVICE),
    "head": caller(2, Role.HEAD, kind=AgencyKind.BY_REFERENCE),
    "center": caller(3, Role.CENTER),
    "supervisor": caller(3, Role.SUPERVISOR, over=True),
    "auditor": caller(0, Role.AUDITOR, over=True),
    "nobody": Subject(id=make_id("pe_", "p1"), name="人1"),
}

NO_LEDGER: Final = cast(Ledger, None)
"""Nothing that is asked here changes anything, or asks what was changed."""
NO_EVENTS: Final = cast(Events, None)
NO_FILING: Final = cast(Filing, None)
NO_CASES: Final = cast(Cases, None)
NO_REGISTRY: Final = cast(Registry, None)

UNLIMITED: Final = Limits(tokens=10**6, depth=200, aliases=10**6, root_fields=1000, directives=10**4, nodes=10**9)


async def echoed(subject: Subject, asked: Sequence[Sequence[Any]], arguments: Mapping[str, Any]) -> list[list[Any]]:
    """In the place of who counts uses: tells what it was asked, and by whom."""
    period = arguments.get("period") or {}
    return [
        [
            {"agency": agency, "purpose": " ".join([id_, jurisdiction, *map(str, period.values())]), "fetches": 1},
            {"agency": None, "purpose": subject.name or "", "fetches": 0},
        ]
        for id_, agency, jurisdiction in asked
    ]


async def located(subject: Subject, asked: Sequence[Sequence[Any]], arguments: Mapping[str, Any]) -> list[Any]:
    """In the place of who tells of sources: the same, in its shape, and of some datasets nothing."""
    return [
        {
            "kind": "FILES",
            "connectedAt": INSTANT,
            "checkedAt": INSTANT,
            "unknown": len(subject.name),
            "differences": [{"kind": "UNKNOWN", "column": " ".join(one)}, {"kind": "UNREADABLE", "column": None}],
        }
        if one[0] < "ds_8"
        else None
        for one in asked
    ]


class Gateway:
    """A schema and a planner on one graph, or on whatever else answers statements."""

    def __init__(
        self,
        graph: Reader,
        limits: Limits = UNLIMITED,
        *,
        sparse: Mapping[str, int] | None = None,
        table_for: Callable[[Profile], AccessTable] = POLICY.table_for,
        cases: Cases = NO_CASES,
        events: Events = NO_EVENTS,
    ) -> None:
        self.cases, self.events, self.filing = cases, events, NO_FILING
        self.schema: Schema = build_schema(limits)
        self.planner = Planner(
            graph,
            table_for,
            ENTITIES,
            elsewhere={"usage": echoed, "sources": located, "masks": masks_of, "tiers": tiers_of},
            new_statements=Budget(10**6),
            class_counts=dict(sparse or {}),
        )
        self.walker = Walker(cast(Graph, graph), self.planner, seconds=60)
        self.planner.elsewhere = {**self.planner.elsewhere, "because": because_of(self.walker)}

    async def ask(
        self, query: str, variables: Mapping[str, Any] | None = None, subject: Subject = PUBLIC
    ) -> ExecutionResult:
        """The result of one request."""
        context = Context(
            Asker(subject, subject.id or "test"),
            self.planner,
            NO_LEDGER,
            self.events,
            self.filing,
            self.cases,
            "test",
            Used(),
            NO_REGISTRY,
            self.walker,
        )
        found = await self.schema.execute(query, variable_values=dict(variables or {}), context_value=context)
        assert isinstance(found, ExecutionResult)
        return found

    async def data(
        self, query: str, variables: Mapping[str, Any] | None = None, subject: Subject = PUBLIC
    ) -> dict[str, Any]:
        """The data of one request that has to succeed."""
        result = await self.ask(query, variables, subject)
        assert not result.errors, result.errors
        assert result.data is not None
        return result.data

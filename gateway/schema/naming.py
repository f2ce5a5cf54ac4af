"""汇聚. What agencies' systems call their entries, so that what these report finds them (R13)."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import orjson
import strawberry
from strawberry import Info

from gateway.lineage import Name, Names, Place, Stated, Tiers, lineage_names
from gateway.plan import cursor
from gateway.schema.agency import Agency
from gateway.schema.causes import cause_of
from gateway.schema.connection import PageInfo
from gateway.schema.context import Context, object_of
from gateway.schema.dataset import Dataset
from gateway.schema.enums import LineageNameState
from gateway.schema.paging import page_info, page_size
from gateway.schema.problem import Problem, attempt, check_key

_KEY: Final = "A key of the caller's own, 8 to 200 characters. The same again is the same change, for 30 days."
_NAMESPACE: Final = "The namespace, as the systems' events have it."
_NAME: Final = "The name in it."
_PATH: Final = "lineageNames"
Asked = Info[Context, Any]


@strawberry.input(description="A field that systems call otherwise than the catalogue does.")
class LineageFieldInput:
    """A field."""

    called: str = strawberry.field(description="What systems call it.")
    field: str = strawberry.field(description="Its name in the catalogue.")


@strawberry.input(description="What the caller's systems call an entry of their agency's.")
class MapLineageNameInput:
    """What is stated."""

    namespace: str = strawberry.field(description=_NAMESPACE)
    name: str = strawberry.field(description=_NAME)
    identifier: str = strawberry.field(description="资源代码. The code of the dataset.")
    fields: list[LineageFieldInput] = strawberry.field(
        default_factory=list, description="Fields that are called otherwise; all others are known by their names."
    )
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="A name that stands for an entry no more.")
class UnmapLineageNameInput:
    """Which."""

    namespace: str = strawberry.field(description=_NAMESPACE)
    name: str = strawberry.field(description=_NAME)
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.type(description="What became of a statement on a name.")
class LineageNamePayload:
    """The name."""

    name_id: strawberry.ID | None = strawberry.field(description="The id of the statement.")
    problems: list[Problem] = strawberry.field(description="Why it was refused; empty when it was made and logged.")


@strawberry.type(description="A field, and what systems call it.")
class LineageField:
    """A field that is called otherwise."""

    called: str = strawberry.field(description="What systems call it.")
    field: str = strawberry.field(description="Its name in the catalogue.")


@strawberry.type(description="血缘. A name that an agency's systems use in what they report.")
class LineageName:
    """A name."""

    id: strawberry.ID = strawberry.field(description="Its id.")
    namespace: str = strawberry.field(description=_NAMESPACE)
    name: str = strawberry.field(description=_NAME)
    state: LineageNameState = strawberry.field(description="Whether it stands for an entry.")
    fields: list[LineageField] = strawberry.field(description="Fields that are called otherwise than in the catalogue.")
    agency_id: strawberry.Private[str]
    dataset_id: strawberry.Private[str | None]

    @strawberry.field(description="The agency whose systems use it.")
    async def agency(self, info: Asked) -> Agency | None:
        """As far as the caller may know it."""
        found: Agency | None = await object_of(info, "Agency", self.agency_id)
        return found

    @strawberry.field(description="The dataset that it stands for.")
    async def dataset(self, info: Asked) -> Dataset | None:
        """As far as the caller may know it."""
        found: Dataset | None = None if self.dataset_id is None else await object_of(info, "Dataset", self.dataset_id)
        return found


@strawberry.type(description="A name with its cursor.")
class LineageNameEdge:
    """Relay's edge."""

    node: LineageName = strawberry.field(description="The name.")
    cursor: str = strawberry.field(description="Opaque; bound to these arguments.")


@strawberry.type(description="A page of names.")
class LineageNameConnection:
    """There is no total: to count would cost more than to read a page."""

    edges: list[LineageNameEdge] = strawberry.field(description="The names with their cursors.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")

    @strawberry.field(description="The names without cursors.")
    def nodes(self) -> list[LineageName]:
        """The same as in the edges."""
        return [edge.node for edge in self.edges]


NamesOf = Annotated[
    strawberry.ID | None,
    strawberry.argument(description="The agency, for who oversees it; the caller's own without it."),
]
Standing = Annotated[LineageNameState, strawberry.argument(description="Which names.")]


async def page_of_names(
    context: Context, agency: str | None, state: Any, first: int | None, after: str | None
) -> LineageNameConnection:
    """A page of the names of an agency.

    Raises:
        BadInput: `INVALID_PAGE`, `INVALID_CURSOR`.
    """
    count, standing = page_size(context, _PATH, first), LineageNameState(getattr(state, "value", state))
    tag = cursor.prefix(_PATH, standing, {"agency": agency})
    start = None
    if after is not None:
        read = cursor.read(f"{_PATH}.after", after, tag, numeric=False)
        start = Place(str(read.value), read.id)
    rows = await lineage_names(context.cases.graph, context.asker.subject, agency, standing, count + 1, start)
    edges = [
        LineageNameEdge(
            node=LineageName(
                id=row["id"],
                namespace=row["namespace"],
                name=row["name"],
                state=LineageNameState(standing),
                fields=_fields(row["fields"]),
                agency_id=row["agency"],
                dataset_id=row["dataset"],
            ),
            cursor=f"{tag}{row['id']}.{row['name']}",
        )
        for row in rows[:count]
    ]
    info = page_info(edges, more=len(rows) > count, begun=start is not None)
    return LineageNameConnection(edges=edges, page_info=info)


def _fields(text: str) -> list[LineageField]:
    named: dict[str, str] = orjson.loads(text)
    return [LineageField(called=called, field=name) for called, name in sorted(named.items())]


@strawberry.type
class LineageNameMutations:
    """Statements on names."""

    @strawberry.mutation(
        description="State which of one's own datasets is meant by a name that one's systems use, by officers and"
        " heads. What they have reported of it follows."
    )
    async def map_lineage_name(
        self, info: Asked, input: Annotated[MapLineageNameInput, strawberry.argument(description="The name.")]
    ) -> LineageNamePayload:
        """R13."""
        called: Sequence[str] = [one.called for one in input.fields]
        if (bad := check_key(input.idempotency_key)) is not None:
            return LineageNamePayload(name_id=None, problems=[bad])
        if len({*called}) < len(called):
            problem = Problem(code="BAD_NAME", message="Say once what a field is called.", path=["fields"])
            return LineageNamePayload(name_id=None, problems=[problem])
        fields = {one.called: one.field for one in input.fields}
        stated = Stated(Name(input.namespace, input.name), input.identifier, fields)
        ledger = info.context.ledger
        change = Names(ledger, Tiers.of(ledger)).map(
            cause_of(info.context), stated, input.idempotency_key, by=info.context.asker.subject
        )
        return _payload(*await attempt(change))

    @strawberry.mutation(description="State that a name is no more that of one's own dataset, by officers and heads.")
    async def unmap_lineage_name(
        self, info: Asked, input: Annotated[UnmapLineageNameInput, strawberry.argument(description="The name.")]
    ) -> LineageNamePayload:
        """R13."""
        if (bad := check_key(input.idempotency_key)) is not None:
            return LineageNamePayload(name_id=None, problems=[bad])
        name, by = Name(input.namespace, input.name), info.context.asker.subject
        ledger = info.context.ledger
        change = Names(ledger, Tiers.of(ledger)).unmap(cause_of(info.context), name, input.idempotency_key, by=by)
        return _payload(*await attempt(change))


def _payload(made: Any, problems: list[Problem]) -> LineageNamePayload:
    return LineageNamePayload(name_id=(made or {}).get("name"), problems=problems)

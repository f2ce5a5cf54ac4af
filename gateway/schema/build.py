"""Puts the schema together."""

from collections.abc import Mapping
from typing import Any, Final

from graphql import GraphQLError, GraphQLResolveInfo
from strawberry.federation import Schema
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from gateway.plan import PlannedExecutor
from gateway.plan.mapping import Entity
from gateway.schema import agency, dataset, field, jurisdiction, me, version
from gateway.schema.context import Context
from gateway.schema.limits import Bounded, Bounds, Limits
from gateway.schema.query import Query
from gateway.schema.scalars import DATE_TIME, DateTime

ENTITIES: Final[Mapping[str, Entity]] = {
    "Agency": agency.ENTITY,
    "Dataset": dataset.ENTITY,
    "Field": field.ENTITY,
    "Jurisdiction": jurisdiction.ENTITY,
    "DatasetVersion": version.VERSION,
    "Distribution": version.DISTRIBUTION,
    "Appointment": me.APPOINTMENT,
}
"""What stands behind each object type that is a node of the graph."""

REFERENCES: Final = {"Agency": agency.KEYS, "Dataset": dataset.KEYS, "Field": field.KEYS}
"""By which keys a federation gateway may ask for an entity."""

FEDERATION: Final = "2.9"
"""The highest version that all composers we tried accept."""


async def _references(root: Any, info: GraphQLResolveInfo[Any], representations: list[Any]) -> Any:
    del root
    context: Context = info.context
    return await context.planner.references(info, context.asker, representations, REFERENCES)


def _no_sdl(root: Any, info: GraphQLResolveInfo[Any]) -> Any:
    del root, info
    raise GraphQLError("The schema is not given out here (GATEWAY_FEDERATION_SDL).", extensions={"code": "SDL_OFF"})


class QuietSchema(Schema):
    """A schema that writes no log: a client's mistakes are told to the client, ours are logged with an id."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing: the view shows and masks."""


def build_schema(limits: Limits | None = None, *, suggestions: bool = True, sdl: bool = True) -> Schema:
    """The schema, with its limits, and with documents parsed and validated once."""
    # Documents are validated against a schema that has to know its extensions first, hence the detour.
    bounds = Bounds(limits or Limits(), lambda: schema._schema, suggestions=suggestions)
    schema = QuietSchema(
        query=Query,
        types=[field.Field],
        extensions=[lambda: Bounded(bounds)],
        execution_context_class=PlannedExecutor,
        config=StrawberryConfig(scalar_map={DateTime: DATE_TIME}, disable_field_suggestions=not suggestions),
        federation_version=FEDERATION,
    )
    query = schema._schema.query_type
    assert query is not None
    query.fields["_entities"].resolve = _references
    if not sdl:
        query.fields["_service"].resolve = _no_sdl
    return schema

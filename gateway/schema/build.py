"""Puts the schema together."""

from collections.abc import Mapping
from typing import Any, Final

from graphql import GraphQLResolveInfo
from strawberry.extensions import ParserCache, SchemaExtension, ValidationCache
from strawberry.federation import Schema
from strawberry.schema.config import StrawberryConfig

from gateway.plan import PlannedExecutor
from gateway.plan.mapping import Entity
from gateway.schema import agency, dataset, field, jurisdiction, me, version
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

KEPT_DOCUMENTS: Final = 1000


async def _references(root: Any, info: GraphQLResolveInfo, representations: list[Any]) -> Any:
    del root
    context = info.context
    return await context.planner.references(info, context.subject, representations, REFERENCES)


def build_schema(extensions: tuple[type[SchemaExtension], ...] = (), *, suggestions: bool = True) -> Schema:
    """The schema, with documents parsed and validated once."""
    schema = Schema(
        query=Query,
        types=[field.Field],
        extensions=[lambda: ParserCache(KEPT_DOCUMENTS), *extensions, lambda: ValidationCache(KEPT_DOCUMENTS)],
        execution_context_class=PlannedExecutor,
        config=StrawberryConfig(scalar_map={DateTime: DATE_TIME}, disable_field_suggestions=not suggestions),
        federation_version=FEDERATION,
    )
    query = schema._schema.query_type
    assert query is not None
    query.fields["_entities"].resolve = _references
    return schema


__all__ = ["ENTITIES", "REFERENCES", "build_schema"]

"""Puts the schema together."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from graphql import GraphQLError, GraphQLResolveInfo
from strawberry.schema.config import StrawberryConfig
from strawberry.types import get_object_definition
from strawberry.types.field import StrawberryField

from gateway.plan.mapping import Entity
from gateway.schema import agency, dataset, field, jurisdiction, me, version
from gateway.schema.context import Context
from gateway.schema.execution import BoundedSchema
from gateway.schema.limits import Bounds, Limits
from gateway.schema.mutation import Mutation
from gateway.schema.query import Query
from gateway.schema.scalars import DATE, DATE_TIME, DateTime
from gateway.schema.subscription import Subscription

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


def _directly(declared: StrawberryField, named: Callable[[Any], str]) -> Callable[..., Any]:
    """A root field's function as graphql-core's resolver.

    Strawberry would first make its own objects of all arguments, which nobody reads: a sixth of what a page costs this
    process beside the database.
    """
    assert declared.base_resolver is not None
    function: Any = declared.base_resolver.wrapped_func
    names = {named(argument): argument.python_name for argument in declared.arguments}

    def resolve(root: Any, info: GraphQLResolveInfo[Context], **arguments: Any) -> Any:
        return function(root, info, **{names[name]: value for name, value in arguments.items()})

    return resolve


def build_schema(limits: Limits | None = None, *, suggestions: bool = True, sdl: bool = True) -> BoundedSchema:
    """The schema, with its limits, and with documents parsed and validated once."""
    schema = BoundedSchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[field.Field],
        config=StrawberryConfig(
            scalar_map={DateTime: DATE_TIME, date: DATE}, disable_field_suggestions=not suggestions
        ),
        federation_version=FEDERATION,
    )
    schema.bounds = Bounds(limits or Limits(), schema._schema, suggestions=suggestions)
    query = schema._schema.query_type
    assert query is not None
    named = schema.config.name_converter.get_graphql_name
    for declared in get_object_definition(Query, strict=True).fields:
        query.fields[named(declared)].resolve = _directly(declared, named)
    query.fields["_entities"].resolve = _references
    if not sdl:
        query.fields["_service"].resolve = _no_sdl
    return schema

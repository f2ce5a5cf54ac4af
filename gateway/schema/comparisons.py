"""How much work graphql-core may spend on one document, comparing fields that would have to be merged."""

from collections.abc import Iterable
from typing import Final

from graphql import GraphQLError
from graphql.validation.rules import overlapping_fields_can_be_merged

COMPARISONS: Final = 100_000
"""A fifth of graphql-core's own limit: a document of repetitions must not hold up everybody else for seconds."""
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = COMPARISONS  # the place that graphql-core has for it

_ABORTED: Final = "Validation aborted."
"""graphql-core's words when it gave up."""


def explained(errors: Iterable[GraphQLError]) -> tuple[GraphQLError, ...]:
    """The errors of a validation, with the one that only says that it was given up replaced by one that says why."""
    return tuple(_too_many() if error.message == _ABORTED else error for error in errors)


def _too_many() -> GraphQLError:
    return GraphQLError(
        "The document repeats the same fields, or nests fragments, so often that it cannot be checked; "
        f"at most {COMPARISONS} comparisons are made. Write each field once.",
        extensions={"code": "LIMIT_COMPARISONS", "limit": "comparisons", "most": COMPARISONS},
    )

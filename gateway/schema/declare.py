"""Short ways to declare a field, its description and what stands behind it."""

from typing import Any, NoReturn

import strawberry

from gateway.plan.mapping import KEY, Column, Mapped
from gateway.vocabulary import Action


def mapped(mapping: Mapped, description: str, **options: Any) -> Any:
    """A field that `plan` answers as the mapping says."""
    return strawberry.field(metadata={KEY: mapping}, description=description, **options)


def column(property_: str, description: str) -> Any:
    """A property that everybody sees who may know of the object."""
    return mapped(Column(property_), description)


def inspected(property_: str, description: str) -> Any:
    """A property that is null unless the caller may INSPECT the object."""
    return mapped(Column(property_, Action.INSPECT), description)


def planned() -> NoReturn:
    """The body of a field whose arguments have to be declared but which `plan` answers."""
    raise NotImplementedError("a planned field was resolved one by one; its root field has to go through gateway.plan")

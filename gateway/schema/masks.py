"""脱敏. The rules by which the values of a field leave changed, as the catalogue has them (R23.1)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import strawberry

from gateway.identity import Subject
from gateway.masks import read_kept
from gateway.schema.enums import Audience, MaskKind

MASKS: Final = "masks"
"""The name under which the planner knows who reads masks."""


@strawberry.type(
    description="脱敏规则. A rule by which the values of a field leave changed, or not at all (article 23)."
)
class FieldMask:
    """A mask."""

    audience: Audience = strawberry.field(description="For whom it is.")
    name: str = strawberry.field(description="What it is called.")
    version: int = strawberry.field(description="Its version, from 1.")
    kind: MaskKind = strawberry.field(description="What it leaves of a value.")
    parameter: str | None = strawberry.field(
        description="The width of GENERALISE's intervals, the characters that TRUNCATE leaves; null for others."
    )


async def masks_of(
    subject: Subject, asked: Sequence[Sequence[Any]], arguments: Mapping[str, Any]
) -> list[list[dict[str, Any]]]:
    """The masks of fields, for the planner. The property of a field is the text that the catalogue keeps."""
    del subject, arguments
    return [_rows(text) for (text,) in asked]


def _rows(text: str | None) -> list[dict[str, Any]]:
    return [
        {
            "audience": audience,
            "name": mask.name,
            "version": mask.version,
            "kind": mask.kind,
            "parameter": mask.parameter,
        }
        for audience, mask in sorted(read_kept(text).items())
    ]

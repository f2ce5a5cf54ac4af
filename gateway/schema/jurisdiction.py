"""行政区划: the city, its counties and districts."""

from typing import TYPE_CHECKING, Annotated, Optional

import strawberry

from gateway.plan.mapping import Connection as Pages
from gateway.plan.mapping import Direction, Entity, Kind, Many, One, Order, Step
from gateway.schema.arguments import After, Before, First, Last
from gateway.schema.connection import Connection
from gateway.schema.declare import column, mapped, planned
from gateway.schema.node import Node

if TYPE_CHECKING:
    from gateway.schema.agency import Agency

ENTITY = Entity("Jurisdiction", Kind.PUBLIC, "ju_")

_AGENCIES = Pages("Agency", {"CODE": Order("code")}, "CODE", step=Step("IN", Direction.IN, "Agency"))


@strawberry.type(description="行政区划. A city, county or district, or the home of an imported catalogue.")
class Jurisdiction(Node):
    """One node of the jurisdiction tree (R4.2)."""

    code: str = column("code", "行政区划代码.")
    name: str = column("name", "名称.")
    level: str = column("level", "CITY, COUNTY, or EXTERNAL for an imported catalogue.")
    parent: Optional["Jurisdiction"] = mapped(
        One(Step("PART_OF", Direction.OUT, "Jurisdiction")), "The jurisdiction that this one is part of."
    )
    children: list["Jurisdiction"] = mapped(
        Many(Step("PART_OF", Direction.IN, "Jurisdiction"), "code"), "The jurisdictions that are part of this one."
    )

    @mapped(_AGENCIES, "The agencies of this jurisdiction itself, by code.")
    def agencies(
        self, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Annotated["Agency", strawberry.lazy("gateway.schema.agency")]]:
        """The agencies of this jurisdiction."""
        planned()

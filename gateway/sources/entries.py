"""The entry that a source is of, and whether somebody may connect it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from gateway.audit.event import About
from gateway.audit.ledger import Denied
from gateway.graph import Graph, make_id
from gateway.identity import Subject
from gateway.sharing.procedure import SIGNERS
from gateway.sources.comparison import Expected
from gateway.vocabulary import DataType

_ENTRY: Final = """
MATCH (d:Dataset {identifier: $identifier})-[:PROVIDED_BY]->(a:Agency)
RETURN {id: d.id, identifier: d.identifier, agency: a.id, code: a.code,
  jurisdictions: COLLECT { MATCH (a)-[:IN]->(:Jurisdiction)-[:PART_OF*0..16]->(j)
    RETURN DISTINCT j.id AS id ORDER BY id },
  source: head(COLLECT { MATCH (s:Source)-[:OF]->(d) RETURN s {.*} }),
  fields: COLLECT { MATCH (d)-[:HAS_FIELD]->(f:Field)
    RETURN f {.name, .dataType, .position} ORDER BY f.position, f.name }}
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the catalogue, published or not."""

    id: str
    identifier: str
    agency: str
    """The id of its provider."""
    code: str
    """Of its provider."""
    about: About
    source: Mapping[str, Any] | None
    """What it is connected to, as the graph has it."""
    fields: tuple[Expected, ...]

    @property
    def source_id(self) -> str:
        """The id that its source has, if it has one."""
        return make_id("so_", self.identifier)


async def entry_for(graph: Graph, identifier: str, by: Subject | None) -> Entry | Denied:
    """The entry with this code, for who may connect it: the operator (None), or its provider's officers and heads.

    Returns:
        Or why not: `NOT_FOUND`, also for what is another agency's, so that nobody learns whether it is there;
        `NOT_ALLOWED`.

    Raises:
        GraphUnavailable: Neo4j is away.
    """
    found: dict[str, Any] | None = await graph.read(_ENTRY, {"identifier": identifier})
    if found is None:
        return unknown(identifier, About())
    about = About((found["agency"],), tuple(found.pop("jurisdictions")), (found["id"],))
    if by is not None and by.agency != found["agency"]:
        return unknown(identifier, replace(about, hidden=True))
    if by is not None and not by.profile.roles & SIGNERS:
        text = "only officers and heads connect the datasets of their agency"
        return Denied("NOT_ALLOWED", text, path="dataset", target=identifier, about=about)
    # What states no type is delivered as text.
    fields = (Expected(one["name"], DataType(one.get("dataType") or DataType.STRING)) for one in found.pop("fields"))
    return Entry(**found, about=about, fields=tuple(fields))


def unknown(identifier: str, about: About) -> Denied:
    """The refusal of a code that leads nowhere."""
    text = f"there is no dataset {identifier!r:.60} to connect"
    return Denied("NOT_FOUND", text, path="dataset", target=identifier, about=about)


def unconnected(entry: Entry) -> Denied:
    """The refusal of a dataset that has no source."""
    text = f"{entry.identifier} is not connected; see what is with: gateway source list"
    return Denied("NOT_FOUND", text, path="dataset", target=entry.identifier, about=entry.about)

"""事件. What the log says, for those whom it concerns."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

import strawberry
from strawberry import Info

from gateway.audit.asking import Asked, Events, Seen
from gateway.audit.index import Scope
from gateway.audit.log import LogFolder
from gateway.audit.prove import Evidence, NoSuchEvent, prove_entry
from gateway.plan import BadInput, cursor
from gateway.schema.connection import PageInfo
from gateway.schema.context import Context
from gateway.schema.enums import ActorKind, OrderDirection, Outcome, Role, Stage
from gateway.schema.paging import page_info, page_size
from gateway.schema.scalars import DateTime

_PATH: Final = "auditEvents"
MOST_PROOFS = 2_000
"""Of one answer: each reads some files of the log."""


@strawberry.type(description="Who caused an event: ids, as they were at that moment.")
class AuditActor:
    """The actor."""

    kind: ActorKind = strawberry.field(description="A person, the public, whoever runs commands, or the gateway.")
    person: strawberry.ID | None = strawberry.field(description="The person.")
    agency: strawberry.ID | None = strawberry.field(description="The agency for which the person acted.")
    role: Role | None = strawberry.field(description="In which role.")
    appointment: strawberry.ID | None = strawberry.field(description="Under which appointment.")


@strawberry.type(description="事件. An event in the log.")
class AuditEvent:
    """An event, as far as the caller may know of it."""

    id: strawberry.ID = strawberry.field(description="Its id.")
    index: str = strawberry.field(description="Its place in the log, as a decimal number.")
    time: DateTime = strawberry.field(description="When it happened.")
    kind: str = strawberry.field(description="Its kind; the documentation of the log lists them.")
    stage: Stage = strawberry.field(description="The part of the regulation's scope that it belongs to.")
    outcome: Outcome = strawberry.field(description="Whether what was asked for was done.")
    actor: AuditActor = strawberry.field(description="Who caused it.")
    agencies: list[strawberry.ID] = strawberry.field(description="The agencies that it concerns.")
    datasets: list[strawberry.ID] = strawberry.field(description="The datasets that it concerns.")
    fields: list[strawberry.ID] = strawberry.field(description="The fields that it concerns.")
    case: strawberry.ID | None = strawberry.field(description="The case that it belongs to.")
    request: str | None = strawberry.field(description="The id of the request that caused it.")
    policy: str = strawberry.field(description="Digest of the access policy that was in force.")
    rules: str = strawberry.field(description="The version of the rules that were in force.")
    body: str | None = strawberry.field(
        description="The canonical text (RFC 8785) that the leaf commits to; null for an event of which the caller may"
        " know only that it happened."
    )
    salt: str | None = strawberry.field(
        description="The salt, in hexadecimal: SHA-256 over it and the body is the leaf's commitment."
    )
    events: strawberry.Private[Events]

    @strawberry.field(description="The proof that it is in the log, as a text of c2sp.org/tlog-proof@v1.")
    async def proof(self, info: Info[Context, Any]) -> str | None:
        """Null for some milliseconds, until a checkpoint covers it."""
        evidence = await self._evidence(info.context)
        return None if evidence is None else str(evidence.proof)

    @strawberry.field(description="Its entry in the log, which the proof proves.")
    async def leaf(self, info: Info[Context, Any]) -> str | None:
        """Null for some milliseconds, until a checkpoint covers it."""
        evidence = await self._evidence(info.context)
        return None if evidence is None else evidence.leaf.entry.decode()

    async def _evidence(self, context: Context) -> Evidence | None:
        """Each event of an answer is proven once: many derivations were recorded by one."""

        async def load(indexes: list[int]) -> list[Evidence | None]:
            return await asyncio.to_thread(_proven, self.events.folder, indexes)

        if context.objects.asked("proof", int(self.index)) > MOST_PROOFS:
            text = f"proof: an answer proves at most {MOST_PROOFS} events; ask for fewer at once."
            raise BadInput("TOO_MANY_PROOFS", text)
        found: Evidence | None = await context.objects.read("proof", int(self.index), load)
        return found


def _proven(folder: LogFolder, indexes: list[int]) -> list[Evidence | None]:
    found: list[Evidence | None] = []
    for index in indexes:
        try:
            found.append(prove_entry(folder, index))
        except NoSuchEvent:
            found.append(None)
    return found


@strawberry.type(description="An event with its cursor.")
class AuditEventEdge:
    """Relay's edge."""

    node: AuditEvent = strawberry.field(description="The event.")
    cursor: str = strawberry.field(description="Opaque; bound to this filter and order.")


@strawberry.type(description="A page of events.")
class AuditEventConnection:
    """Events in the order of their time. There is no total: to count them would cost more than to read a page."""

    edges: list[AuditEventEdge] = strawberry.field(description="The events with their cursors.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")

    @strawberry.field(description="The events without cursors.")
    def nodes(self) -> list[AuditEvent]:
        """The same as in the edges."""
        return [edge.node for edge in self.edges]


@strawberry.input(description="Which events. Of a list, any; of several fields, all.")
class AuditEventFilter:
    """The filter."""

    agency: list[strawberry.ID] | None = strawberry.field(
        default=None, description="That concern or were caused by it."
    )
    actor: list[strawberry.ID] | None = strawberry.field(default=None, description="Caused by one of these persons.")
    dataset: list[strawberry.ID] | None = strawberry.field(default=None, description="That concern one of these.")
    field: list[strawberry.ID] | None = strawberry.field(default=None, description="That concern one of these.")
    case: list[strawberry.ID] | None = strawberry.field(default=None, description="Of one of these cases.")
    kind: list[str] | None = strawberry.field(default=None, description="Of one of these kinds.")
    outcome: list[Outcome] | None = strawberry.field(default=None, description="With one of these outcomes.")
    since: DateTime | None = strawberry.field(default=None, description="At this instant or later.")
    until: DateTime | None = strawberry.field(default=None, description="Before this instant.")


_SCOPES: Final = {
    "agency": Scope.AGENCY,
    "actor": Scope.ACTOR,
    "dataset": Scope.DATASET,
    "field": Scope.FIELD,
    "case": Scope.CASE,
    "kind": Scope.KIND,
    "outcome": Scope.OUTCOME,
}

Which = Annotated[
    AuditEventFilter | None, strawberry.argument(description="Which events; all that concern the caller.")
]
Way = Annotated[OrderDirection | None, strawberry.argument(description="By time; the latest first without it.")]


async def one_event(context: Context, identifier: str) -> AuditEvent | None:
    """An event that the caller may read."""
    events = context.events
    seen = await asyncio.to_thread(events.one, context.asker.subject, identifier)
    return None if seen is None else _event(events, seen)


async def event_of(context: Context, identifier: str | None) -> AuditEvent | None:
    """The same of many at once: what one answer asks for together is read together."""
    if identifier is None:
        return None

    async def load(identifiers: list[str]) -> list[AuditEvent | None]:
        return await asyncio.to_thread(_several, context, identifiers)

    found: AuditEvent | None = await context.objects.read("event", identifier, load)
    return found


def _several(context: Context, identifiers: list[str]) -> list[AuditEvent | None]:
    events, subject = context.events, context.asker.subject
    seen = (events.one(subject, one) for one in identifiers)
    return [None if one is None else _event(events, one) for one in seen]


async def page_of_events(
    context: Context, given: Mapping[str, Any] | None, way: Any, first: int | None, after: str | None
) -> AuditEventConnection:
    """A page of the events that the caller may read.

    Raises:
        BadInput: `INVALID_PAGE`, `INVALID_CURSOR`.
    """
    count = page_size(context, _PATH, first)
    stated = {name: value for name, value in (given or {}).items() if value is not None}
    oldest_first = way is not None and _word(way) == "ASC"
    tag = cursor.prefix(_PATH, str(oldest_first), _plain(stated))
    start = None if after is None else cursor.read(f"{_PATH}.after", after, tag, numeric=False).id
    asked = Asked(
        {scope: frozenset(map(_word, stated[name])) for name, scope in _SCOPES.items() if name in stated},
        _milliseconds(stated["since"]) if "since" in stated else 0,
        _milliseconds(stated["until"]) if "until" in stated else 2**53,
    )
    try:
        seen = await asyncio.to_thread(
            context.events.page, context.asker.subject, asked, count + 1, after=start, oldest_first=oldest_first
        )
    except KeyError:
        raise BadInput("INVALID_CURSOR", f"{_PATH}.after: this is no cursor of this list.") from None
    edges = [AuditEventEdge(node=_event(context.events, one), cursor=tag + str(one.said["id"])) for one in seen[:count]]
    info = page_info(edges, more=len(seen) > count, begun=start is not None)
    return AuditEventConnection(edges=edges, page_info=info)


def _event(events: Events, seen: Seen) -> AuditEvent:
    said, about, actor = seen.said, seen.said["about"], seen.said["actor"]
    return AuditEvent(
        id=said["id"],
        index=str(seen.index),
        time=said["time"],
        kind=said["kind"],
        stage=Stage(said["stage"]),
        outcome=Outcome(said["outcome"]),
        actor=AuditActor(
            kind=ActorKind(actor["kind"]),
            person=actor["person"],
            agency=actor["agency"],
            role=actor["role"] and Role(actor["role"]),
            appointment=actor["appointment"],
        ),
        agencies=about["agencies"],
        datasets=about["datasets"],
        fields=about["fields"],
        case=about["case"],
        request=said["request"],
        policy=said["policy"],
        rules=said["rules"],
        body=None if seen.body is None else seen.body.data.decode(),
        salt=None if seen.body is None else seen.body.salt.hex(),
        events=events,
    )


def _word(value: Any) -> str:
    return str(getattr(value, "value", value))


def _plain(stated: Mapping[str, Any]) -> dict[str, Any]:
    return {name: [_word(v) for v in value] if isinstance(value, list) else value for name, value in stated.items()}


def _milliseconds(stored: str) -> int:
    return int(datetime.fromisoformat(stored).timestamp() * 1000)

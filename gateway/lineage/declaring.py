"""What agencies declare of their own datasets, signed: edges beside those that systems report (R13, R19, R20).

Nothing on record is ever deleted or changed. Who corrects a declaration ends the record of the old edge, and a new one
begins with what is right, or none where it never was. Of one dataset or field made from one source an agency says at
any instant one thing: what overlaps is refused, and has to be corrected. Derivations of fields imply those of their
datasets, which hold as long as one of these does.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import orjson
from neo4j import AsyncManagedTransaction

from gateway.audit.event import About, Event, canonical, new_id
from gateway.audit.event import now as event_time
from gateway.audit.kinds import DerivationsDeclared, DerivationsEnded
from gateway.audit.ledger import Denied, Made
from gateway.catalog.batches import value
from gateway.graph.times import instant
from gateway.lineage import statements
from gateway.lineage.drawing import Drawing, edge_id
from gateway.lineage.ends import End, Ends, lock_names
from gateway.lineage.known import Thing, check_officer, find_things, inspected, lock_dataset, own
from gateway.lineage.names import Name, key
from gateway.lineage.stating import LINEAGE, Derivations, Derived, Outside, reasoned
from gateway.lineage.tiers import mark
from gateway.lineage.words import LineageAct, TransformationType
from gateway.sharing.draft import Asking, Paper, check
from gateway.sharing.taking import Taking
from gateway.vocabulary import FOREVER

_DECLARED: Final = """
UNWIND $ids AS id
MATCH ()-[e:DERIVED_FROM]->() USING INDEX e:DERIVED_FROM(declared) WHERE e.declared = id
RETURN collect(e {.id, .line, .implies, .implied, .asserter, .dataset, .validFrom, .validTo, .recordedTo, .stated})
"""
_OTHERS: Final = """
MATCH (d:Dataset {id: $dataset})
RETURN COLLECT {
  MATCH (d)-[e:DERIVED_FROM]->() WHERE e.id = $id AND e.asserter = $agency RETURN e.observed
} + COLLECT {
  MATCH (d)-[:HAS_FIELD]->()-[e:DERIVED_FROM]->() WHERE e.id = $id AND e.asserter = $agency RETURN e.observed
}
"""
"""Only where one is refused, so that it can be said why."""
_LINES: Final = """
UNWIND $lines AS line
MATCH ()-[e:DERIVED_FROM]->() USING INDEX e:DERIVED_FROM(line, recordedTo, validTo)
WHERE e.line = line AND e.recordedTo = $forever AND e.validTo > ''
RETURN collect([line, e.validFrom, e.validTo, e.id, e.stated])
"""
_IMPLYING: Final = """
UNWIND $keys AS key
MATCH ()-[e:DERIVED_FROM]->() USING INDEX e:DERIVED_FROM(implies, recordedTo)
WHERE e.implies = key AND e.recordedTo = $forever
RETURN collect([key, e.validFrom, e.validTo])
"""
Json = Mapping[str, Any]


class Span(NamedTuple):
    """An edge on record, of one line."""

    since: str
    until: str
    id: str


@dataclass(frozen=True, slots=True)
class _Edge:
    """An edge that begins."""

    id: str
    line: str
    implies: str | None
    """The line of the edge between datasets that follows from it."""
    stated: Json
    """Target, source and transformations, as documents have them."""
    since: str
    until: str
    implied: bool = False

    @property
    def target(self) -> str:
        return str(self.stated["target"]["id"])

    @property
    def source(self) -> Json:
        found: Json = self.stated["source"]
        return found

    @property
    def properties(self) -> dict[str, Any]:
        """Those that follow from what is stated."""
        how = self.stated["transformations"]
        direct = [one["masking"] for one in how if one["type"] == TransformationType.DIRECT]
        source, name = self.source, _name(self.source)
        return {
            "id": self.id,
            "declared": self.id,
            "line": self.line,
            "validFrom": self.since,
            "validTo": self.until,
            "recordedTo": FOREVER,
            "observed": False,
            "transformations": sorted({"/".join(filter(None, (one["type"], one["subtype"]))) for one in how}),
            "masking": bool(direct) and all(direct),
            "stated": canonical(self.stated).decode(),
            # By which it follows when that name is mapped, as what systems report does.
            "targetName": "",
            "sourceName": "" if name is None else name.key,
            **({} if name is None else {"sourceField": source.get("field", "")}),
            **({} if self.implies is None else {"implies": self.implies}),
            **({"implied": True} if self.implied else {}),
        }


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a document changes between what it names; what is implied by that follows."""

    ended: Sequence[Json]
    """Edges on record."""
    begun: Sequence[_Edge]


@dataclass(frozen=True, slots=True)
class Declarations:
    """Takes what agencies declare. The clock is what tests turn."""

    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    async def draft(self, tx: AsyncManagedTransaction, asking: Asking, request: Derivations) -> Paper:
        """The document that declares or corrects derivations.

        Raises:
            Denied: `NOT_ALLOWED`; `NOT_FOUND`, for what is not there, another agency's, or not to be inspected, alike;
                `UNKNOWN_FIELD`; what `Derivations.faults` finds; `ALREADY_DECLARED`, `ALREADY_ENDED`, `IMPLIED`,
                `OBSERVED`, `NOT_DECLARED`, `PERIOD_EMPTY`, `NOT_SHORTER`.
        """
        office = asking.office
        check_officer(office)
        sources = [one.source for one in request.derivations if isinstance(one.source, str)]
        targets = [one.field for one in request.derivations if one.field is not None]
        things = await find_things(tx, asking.subject, asking.table, [request.dataset, *targets, *sources])
        dataset = own(things, request.dataset, office, "dataset")
        check(request.faults(asking.now), dataset.about, dataset.id)
        found = await _declared(tx, [one.derivation for one in request.ends])
        content: dict[str, Any] = {
            "dataset": {"id": dataset.id, "identifier": dataset.identifier, "title": dataset.title},
            "provider": dict(office.agency or {}),
            "derivations": [
                {"id": edge_id(), **_stated(one, dataset, things), "since": one.since, "until": one.until}
                for one in request.derivations
            ],
            **reasoned(request),
        }
        if request.is_correction:
            ends = content["ends"] = []
            for number, end in enumerate(request.ends):
                edge = await _on_record(tx, found, end.derivation, dataset, f"ends[{number}]")
                ends.append(_stated_end(edge, end.until, dataset, f"ends[{number}].until"))
        _check_ends(content, dataset, things, asking)
        await _planned(tx, content, dataset)
        act = LineageAct.END_DERIVATIONS if request.is_correction else LineageAct.DECLARE_DERIVATIONS
        return Paper(LINEAGE, act, None, 0, content)

    async def take(self, taking: Taking) -> Made:
        """Draw what a document declares, and end the record of what it corrects.

        Raises:
            Denied: as in `draft`, for what has changed since.
        """
        tx, content = taking.tx, taking.document.stated["content"]
        check_officer(taking.office)
        sources = [one["source"] for one in (*content["derivations"], *content.get("ends", ()))]
        # Names before the dataset, as who maps a name holds them.
        ends = await lock_names(tx, [name for one in sources if (name := _name(one)) is not None])
        await lock_dataset(tx, content["dataset"]["id"])
        named = [one["target"]["id"] for one in content["derivations"]]
        things = await find_things(
            tx,
            taking.subject,
            taking.table,
            [content["dataset"]["id"], *named, *(one["id"] for one in sources if "id" in one)],
        )
        dataset = own(things, content["dataset"]["id"], taking.office, "dataset")
        _check_ends(content, dataset, things, taking)
        plan = await _planned(tx, content, dataset)
        # Only now nobody else changes these; what is recorded from here on is recorded after what they have.
        return await _Work(taking, dataset, things, ends, instant(self.clock())).make(plan)


def _path(content: Json) -> str:
    """What derivations are called in what was asked for."""
    return "instead" if "ends" in content else "derivations"


def _stated(one: Derived, dataset: Thing, things: Mapping[str, Thing]) -> dict[str, Any]:
    """As documents have it. What is not known is stated by its id, and refused before anybody reads it."""
    target = dataset.id if one.field is None else one.field
    return {
        "target": _stated_thing(things, target),
        "source": one.source.stated if isinstance(one.source, Outside) else _stated_thing(things, one.source),
        "transformations": [how.stated for how in one.transformations],
    }


def _stated_thing(things: Mapping[str, Thing], identifier: str) -> dict[str, Any]:
    return things[identifier].stated if identifier in things else {"id": identifier}


def _check_ends(content: Json, dataset: Thing, things: Mapping[str, Thing], asking: Asking | Taking) -> None:
    """Whether derivations are stated of the dataset and its fields, and of sources that may be inspected.

    Raises:
        Denied: `NOT_FOUND`, `UNKNOWN_FIELD`.
    """
    for number, one in enumerate(content["derivations"]):
        path, target, source = f"{_path(content)}[{number}]", one["target"]["id"], one["source"]
        if target != dataset.id:
            found = own(things, target, asking.office, f"{path}.field")
            if found.field is None or found.dataset != dataset.id:
                text = f"{dataset.identifier} has no field {target!r:.60}"
                raise Denied("UNKNOWN_FIELD", text, path=f"{path}.field", target=dataset.id, about=dataset.about)
        if "id" in source:
            inspected(things, source["id"], asking.table, f"{path}.source")


async def _declared(tx: AsyncManagedTransaction, ids: Sequence[str]) -> dict[str, Json]:
    """Edges that were declared, by id, whoever did."""
    return {one["id"]: one for one in await value(tx, _DECLARED, ids=list(ids))} if ids else {}


async def _on_record(
    tx: AsyncManagedTransaction, found: Mapping[str, Json], identifier: str, dataset: Thing, path: str
) -> Json:
    """An edge of the dataset that its agency has declared, and that is on record.

    Raises:
        Denied: `OBSERVED`, `NOT_DECLARED`, `IMPLIED`, `ALREADY_ENDED`; `NOT_FOUND`, also for what others assert.
    """
    edge, about = found.get(identifier), dataset.about
    if edge is None:
        given = {"dataset": dataset.id, "id": identifier, "agency": dataset.agency}
        observed: list[bool | None] = await value(tx, _OTHERS, **given)
        if any(observed):
            text = "a system has reported this; what it reports next corrects it, and nobody by hand"
            raise Denied("OBSERVED", text, path=path, target=identifier, about=about)
        if observed:
            text = "this was loaded with the catalogue and never signed; it is corrected where it came from"
            raise Denied("NOT_DECLARED", text, path=path, target=identifier, about=about)
    if edge is None or edge["asserter"] != dataset.agency or edge["dataset"] != dataset.id:
        text = f"your agency has declared no derivation {identifier!r:.60} of this dataset"
        raise Denied("NOT_FOUND", text, path=path, target=identifier, about=about)
    if edge["implied"]:
        text = "this follows from derivations of fields; end those"
        raise Denied("IMPLIED", text, path=path, target=identifier, about=about)
    if edge["recordedTo"] != FOREVER:
        text = "this is not on record any more: it was corrected, or its name stands for something else since"
        raise Denied("ALREADY_ENDED", text, path=path, target=identifier, about=about)
    return edge


def _stated_end(edge: Json, until: str | None, dataset: Thing, path: str) -> dict[str, Any]:
    """How an edge ends, as documents have it.

    Raises:
        Denied: `PERIOD_EMPTY`, `NOT_SHORTER`.
    """
    if until is not None and until <= edge["validFrom"]:
        text = "it would end before it begins; if it never held, leave the instant out"
        raise Denied("PERIOD_EMPTY", text, path=path, target=edge["id"], about=dataset.about)
    if until is not None and until >= edge["validTo"]:
        text = f"it ended on {edge['validTo']} already; end it before that, or declare what held after it"
        raise Denied("NOT_SHORTER", text, path=path, target=edge["id"], about=dataset.about)
    return {
        "derivation": edge["id"],
        **orjson.loads(edge["stated"]),
        "since": edge["validFrom"],
        "until": None if edge["validTo"] == FOREVER else edge["validTo"],
        "becomes": None if until is None else {"id": edge_id(), "until": until},
    }


async def _planned(tx: AsyncManagedTransaction, content: Json, dataset: Thing) -> _Plan:
    """What a document changes, as things stand.

    Raises:
        Denied: see `_on_record`; `ALREADY_DECLARED`: the agency says that of a part of the period already.
    """
    found = await _declared(tx, [end["derivation"] for end in content.get("ends", ())])
    ended, begun = list[Json](), list[tuple[str, _Edge]]()
    for number, end in enumerate(content.get("ends", ())):
        path = f"ends[{number}]"
        edge = await _on_record(tx, found, end["derivation"], dataset, path)
        ended.append(edge)
        if (new := end["becomes"]) is not None:
            stated = orjson.loads(edge["stated"])
            shorter = _Edge(new["id"], edge["line"], edge["implies"], stated, edge["validFrom"], new["until"])
            begun.append((path, shorter))
    for number, one in enumerate(content["derivations"]):
        begun.append((f"{_path(content)}[{number}]", _edge(one, dataset)))
    held: dict[str, list[Span]] = defaultdict(list)
    for line, *span, _ in await value(tx, _LINES, lines=sorted({one.line for _, one in begun}), forever=FOREVER):
        held[line].append(Span(*span))
    gone = {one["id"] for one in ended}
    for path, one in begun:
        for span in held[one.line]:
            if span.id not in gone and one.since < span.until and span.since < one.until:
                text = f"your agency says that of a part of this period already: {span.id}; correct that instead"
                raise Denied("ALREADY_DECLARED", text, path=path, target=dataset.id, about=dataset.about)
        held[one.line].append(Span(one.since, one.until, one.id))
    return _Plan(ended, [one for _, one in begun])


def _edge(one: Json, dataset: Thing) -> _Edge:
    stated = {name: one[name] for name in ("target", "source", "transformations")}
    source, target = one["source"], one["target"]["id"]
    parts = ("", source["id"]) if "id" in source else ("name", source["namespace"], source["name"])
    line = key("declared", dataset.agency, target, *parts, source.get("field", "") if "id" not in source else "")
    until = FOREVER if one["until"] is None else one["until"]
    implies = None if target == dataset.id else _implied_line(dataset, source)
    return _Edge(one["id"], line, implies, stated, one["since"], until)


def _implied_line(dataset: Thing, source: Json) -> str:
    """Of the edge between datasets that follows from one between fields."""
    # The code of a dataset, which never changes, says as much as its id.
    parts = ("", source["dataset"]) if "id" in source else ("name", source["namespace"], source["name"])
    return key("implied", dataset.agency, dataset.id, *parts)


def _name(source: Json) -> Name | None:
    """The name by which a source is stated, if it is by one."""
    return None if "id" in source else Name(source["namespace"], source["name"])


def union(periods: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The longest stretches that periods cover together, of which none touch."""
    found: list[tuple[str, str]] = []
    for since, until in sorted(periods):
        if found and since <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], until))
        else:
            found.append((since, until))
    return found


@dataclass(slots=True)
class _Told:
    """What an event tells, to the agency and one other that is concerned."""

    id: str
    begun: int = 0
    ended: int = 0
    datasets: set[str] = field(default_factory=set)


class _Work:
    """One document in the transaction in which it takes effect."""

    def __init__(self, taking: Taking, dataset: Thing, things: Mapping[str, Thing], ends: Ends, now: str) -> None:
        self._taking = taking
        self._tx = taking.tx
        self._dataset = dataset
        self._things = things
        self._ends = ends
        self._now = now
        self._moment = event_time()
        self._told: dict[str, _Told] = {}
        # Whose datasets are sources is told to them where they may know what was made from these.
        self._tells = dataset.is_known_to_agencies(taking.table)
        self._lines: dict[str, str] = {}

    async def make(self, plan: _Plan) -> Made:
        """End and draw the edges, and keep what was signed."""
        for one in plan.ended:
            source = orjson.loads(one["stated"])["source"]
            self._tell(source, one["implies"]).ended += 1
        await self._end([one["id"] for one in plan.ended])
        await self._draw(plan.begun)
        await self._imply(plan)
        fields = {orjson.loads(one["stated"])["target"]["id"] for one in plan.ended} | {
            one.target for one in plan.begun
        }
        await mark(self._tx, sorted(one for one in fields if one != self._dataset.id))
        taking, stated = self._taking, self._taking.document.stated
        homes = [self._dataset.home]
        await taking.sign(self._dataset.id, stated, begins=False, parties=[self._dataset.agency], homes=homes)
        events = [self._event(stated["act"], other, told) for other, told in sorted(self._told.items())]
        result = {"case": None, "grant": None, "derivations": [one.id for one in plan.begun], "approval": None}
        return Made(result, {self._dataset.id: events})

    def _tell(self, source: Json, line: str | None) -> _Told:
        """The event that tells of an edge from a source."""
        found = self._things.get(source["id"]) if "id" in source else None
        known = found is not None and self._tells and found.agency != self._dataset.agency
        other = found.agency if known and found is not None else ""
        if line is not None:
            self._lines[line] = other
        return self._told_to(other, () if found is None or not known else (found.dataset,))

    def _told_to(self, other: str, datasets: Iterable[str] = ()) -> _Told:
        if other not in self._told:
            self._told[other] = _Told(new_id(self._moment))
        self._told[other].datasets.update(datasets)
        return self._told[other]

    async def _end(self, ids: Sequence[str]) -> None:
        if ids:
            count = await value(self._tx, statements.END_DECLARED, ids=list(ids), now=self._now, forever=FOREVER)
            if count != len(ids):
                raise RuntimeError(f"of {len(ids)} edges {len(ids) - count} are not on record")

    async def _draw(self, edges: Sequence[_Edge]) -> None:
        agency = self._dataset.agency
        named = [(one, name) for one in edges if (name := _name(one.source)) is not None]
        looked_for = [End(name, one.source.get("field", "")) for one, name in named]
        await self._ends.look_for_fields(self._tx, looked_for)
        drawing = Drawing(self._ends)
        for one in edges:
            told = self._told_to(self._lines[one.line]) if one.implied else self._tell(one.source, one.implies)
            told.begun += 1
            name = _name(one.source)
            source = (
                one.source["id"]
                if name is None
                else drawing.place(End(name, one.source.get("field", "")), agency, output=False)
            )
            properties = {
                **one.properties,
                "recordedFrom": self._now,
                "asserter": agency,
                "dataset": self._dataset.id,
                "document": self._taking.document.stated["signing"],
                "event": told.id,
            }
            drawing.draw(one.target, source, properties)
        await drawing.finish(self._tx)

    async def _imply(self, plan: _Plan) -> None:
        """Let the edges between datasets hold as long as one between their fields does."""
        lines = sorted(self._lines)
        if not lines:
            return
        periods: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for line, *period in await value(self._tx, _IMPLYING, keys=lines, forever=FOREVER):
            periods[line].append((period[0], period[1]))
        held: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
        stated: dict[str, Json] = {}
        for line, since, until, identifier, text in await value(self._tx, _LINES, lines=lines, forever=FOREVER):
            held[line][since, until] = identifier
            stated[line] = orjson.loads(text)
        for one in plan.begun:
            if one.implies is not None and one.implies not in stated:
                stated[one.implies] = self._implied(one.source)
        ended, begun = list[str](), list[_Edge]()
        for line in lines:
            wanted = union(periods[line])
            gone = [identifier for period, identifier in held[line].items() if period not in wanted]
            self._told_to(self._lines[line]).ended += len(gone)
            ended += gone
            begun += [
                _Edge(edge_id(), line, None, stated[line], *period, implied=True)
                for period in wanted
                if period not in held[line]
            ]
        await self._end(ended)
        await self._draw(begun)

    def _implied(self, source: Json) -> Json:
        """What follows of the dataset from one of its fields."""
        if "id" in source:
            of = {"id": self._things[source["id"]].dataset, "dataset": source["dataset"]}
        else:
            of = {"namespace": source["namespace"], "name": source["name"]}
        target = {"id": self._dataset.id, "dataset": self._dataset.identifier}
        return {"target": target, "source": of, "transformations": []}

    def _event(self, act: str, other: str, told: _Told) -> Event:
        taking, dataset = self._taking, self._dataset
        agencies, jurisdictions = [dataset.agency], {*dataset.jurisdictions}
        if other:
            agencies.append(other)
            jurisdictions.update(*(one.jurisdictions for one in self._things.values() if one.agency == other))
        about = About(
            tuple(agencies), tuple(sorted(jurisdictions)), (dataset.id, *sorted(told.datasets - {dataset.id}))
        )
        kind = DerivationsEnded if act == LineageAct.END_DERIVATIONS else DerivationsDeclared
        return kind(
            cause=taking.cause,
            about=about,
            moment=self._moment,
            id=told.id,
            begun=told.begun,
            ended=told.ended,
            document=taking.document.digest,
            signature=taking.signature_digest,
        )

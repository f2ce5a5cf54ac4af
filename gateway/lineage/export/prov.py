"""A picture in PROV-O, as Turtle and as JSON-LD: two spellings of one graph.

What a derivation says of itself beyond PROV, and tiers, are in words of the gateway's own, below its address.
"""

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

import orjson
from rdflib import DCAT, DCTERMS, FOAF, PROV, RDF, RDFS, XSD, Graph, Literal, Namespace, URIRef
from rdflib.term import Node

from gateway.lineage.export.picture import NodeKind, Party, Picture, PictureEdge, PictureNode
from gateway.vocabulary import OpenType

CSVW: Final = Namespace("http://www.w3.org/ns/csvw#")
_RIGHTS: Final = "http://publications.europa.eu/resource/authority/access-right/"
_OPEN: Final = {
    OpenType.OPEN: "PUBLIC",
    OpenType.CONDITIONAL: "RESTRICTED",
    OpenType.NOT_OPEN: "NON_PUBLIC",
}
"""Opening tiers as the EU's authority table has access rights (design section 6)."""
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_PREFIXES: Final = {
    "csvw": str(CSVW),
    "dcat": str(DCAT),
    "dct": str(DCTERMS),
    "foaf": str(FOAF),
    "prov": str(PROV),
    "rdfs": str(RDFS),
    "xsd": str(XSD),
}
Triple = tuple[Node, Node, Node]


def turtle(picture: Picture, base: str) -> str:
    """The graph in Turtle."""
    return _graph(picture, base).serialize(format="turtle")


def json_ld(picture: Picture, base: str) -> bytes:
    """The graph in JSON-LD, with a context that has to be fetched from nowhere."""
    context = {**_PREFIXES, "gateway": f"{base}/ns#"}
    by_subject: dict[str, dict[str, Any]] = {}
    for subject, predicate, value in sorted(set(_triples(picture, base))):
        said = by_subject.setdefault(str(subject), {"@id": str(subject)})
        if predicate == RDF.type:
            said.setdefault("@type", []).append(_compact(str(value), context))
        else:
            said.setdefault(_compact(str(predicate), context), []).append(_value(value, context))
    found = {"@context": context, "@graph": list(by_subject.values())}
    return orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def _compact(iri: str, context: dict[str, str]) -> str:
    for prefix, beginning in context.items():
        if iri.startswith(beginning):
            return f"{prefix}:{iri.removeprefix(beginning)}"
    return iri


def _value(value: Node, context: dict[str, str]) -> Any:
    if not isinstance(value, Literal):
        return {"@id": str(value)}
    if value.language is not None:
        return {"@value": str(value), "@language": value.language}
    if value.datatype is not None:
        return {"@value": str(value), "@type": _compact(str(value.datatype), context)}
    return {"@value": str(value)}


def _graph(picture: Picture, base: str) -> Graph:
    graph = Graph(bind_namespaces="none")
    for prefix, iri in _PREFIXES.items():
        graph.bind(prefix, iri)
    graph.bind("gateway", f"{base}/ns#")
    for triple in _triples(picture, base):
        graph.add(triple)
    return graph


def _triples(picture: Picture, base: str) -> Iterator[Triple]:
    writer = _Writer(base)
    yield from writer.walk(picture)
    for node in picture.nodes:
        yield from writer.node(node)
    for edge in picture.edges:
        yield from writer.edge(edge)


class _Writer:
    """Triples with IRIs below an address. None of them has a blank node: so both spellings are easily compared."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._own = Namespace(f"{base}/ns#")

    def _entity(self, identifier: str) -> URIRef:
        """What is answered at that address."""
        return URIRef(f"{self._base}/lineage/{quote(identifier, safe='')}")

    def _thing(self, kind: str, identifier: str) -> URIRef:
        return URIRef(f"{self._base}/id/{kind}/{quote(identifier, safe='')}")

    def _party(self, party: Party) -> URIRef:
        return self._thing("agency", party.id)

    def _agent(self, party: Party) -> Iterator[Triple]:
        agent = self._party(party)
        yield agent, RDF.type, PROV.Agent
        yield agent, RDF.type, FOAF.Agent
        yield agent, FOAF.name, Literal(party.name)

    def _run(self, edge: PictureEdge) -> URIRef | None:
        if edge.run is None:
            return None
        if _UUID.fullmatch(edge.run):
            return URIRef(f"urn:uuid:{edge.run.lower()}")
        return self._thing("run", edge.run)

    def walk(self, picture: Picture) -> Iterator[Triple]:
        """What this is, and what of it is missing."""
        question, own = picture.question, self._own
        walk = URIRef(f"{self._entity(question.of)}#walk")
        yield walk, RDF.type, PROV.Bundle
        yield walk, RDF.type, PROV.Entity
        yield walk, PROV.generatedAtTime, _time(picture.at)
        yield walk, DCTERMS.subject, self._entity(question.of)
        yield walk, own.asOf, _time(question.as_of)
        yield walk, own.knownAt, _time(question.known_at)
        yield walk, own.direction, Literal(question.direction)
        yield walk, own.level, Literal(question.level)
        yield walk, own.depth, Literal(question.depth)
        yield walk, own.policy, Literal(picture.policy)
        for role in picture.asked_by.roles:
            yield walk, own.askedByRole, Literal(role)
        if picture.asked_by.agency is not None:
            yield walk, own.askedByAgency, self._party(picture.asked_by.agency)
            yield from self._agent(picture.asked_by.agency)
        yield walk, own.isComplete, Literal(not picture.truncated)
        for one in picture.truncated:
            yield walk, own.truncatedBecause, Literal(one)
        if picture.hidden is not None:
            yield walk, own.hiddenBecause, Literal(picture.hidden.reason_zh, lang="zh")
            yield walk, own.hiddenBecause, Literal(picture.hidden.reason_en, lang="en")
            yield walk, own.hiddenByRule, Literal(picture.hidden.rule)
            yield walk, own.hiddenByRequirement, Literal(picture.hidden.requirement)

    def node(self, node: PictureNode) -> Iterator[Triple]:
        """An entity."""
        entity = self._entity(node.id)
        yield entity, RDF.type, PROV.Entity
        match node.kind:
            case NodeKind.DATASET:
                yield entity, RDF.type, DCAT.Dataset
                yield entity, DCTERMS.title, Literal(node.label)
                yield entity, DCTERMS.identifier, Literal(node.code)
            case NodeKind.FIELD:
                assert node.dataset is not None
                yield entity, RDF.type, CSVW.Column
                yield entity, CSVW.name, Literal(node.label)
                home = self._entity(node.dataset)
                yield entity, DCTERMS.isPartOf, home
                yield home, RDF.type, DCAT.Dataset
                yield home, DCTERMS.title, Literal(node.home)
                yield home, DCTERMS.identifier, Literal(node.code)
            case NodeKind.NAME:
                yield entity, RDFS.label, Literal(node.label)
                yield entity, self._own.namespace, Literal(node.home)
                yield entity, self._own.name, Literal(node.code)
                if node.field is not None:
                    yield entity, self._own.field, Literal(node.field)
        if node.provider is not None:
            provider = self._party(node.provider)
            yield entity, PROV.wasAttributedTo, provider
            if node.kind is NodeKind.DATASET:
                yield entity, DCTERMS.publisher, provider
            yield from self._agent(node.provider)
        if node.share is not None:
            yield entity, self._own.shareType, self._own[node.share]
        if node.open is not None:
            yield entity, DCTERMS.accessRights, URIRef(f"{_RIGHTS}{_OPEN[node.open]}")

    def edge(self, edge: PictureEdge) -> Iterator[Triple]:
        """A derivation, plain and qualified."""
        own, source, target = self._own, self._entity(edge.source), self._entity(edge.target)
        derivation = self._thing("derivation", edge.id)
        yield target, PROV.wasDerivedFrom, source
        yield target, PROV.qualifiedDerivation, derivation
        yield derivation, RDF.type, PROV.Derivation
        yield derivation, PROV.entity, source
        yield derivation, own.observed, Literal(edge.observed)
        yield derivation, own.masking, Literal(edge.masking)
        for one in edge.transformations:
            yield derivation, own.transformation, Literal(str(one))
        yield derivation, own.validFrom, _time(edge.valid_from)
        yield derivation, own.recordedFrom, _time(edge.recorded_from)
        if edge.valid_to is not None:
            yield derivation, own.validTo, _time(edge.valid_to)
        if edge.recorded_to is not None:
            yield derivation, own.recordedTo, _time(edge.recorded_to)
        if edge.asserter is not None:
            yield derivation, own.assertedBy, self._party(edge.asserter)
            yield from self._agent(edge.asserter)
        run = self._run(edge)
        if run is not None:
            yield derivation, PROV.hadActivity, run
            yield run, RDF.type, PROV.Activity
            yield run, PROV.used, source
            yield target, PROV.wasGeneratedBy, run
            if edge.job is not None:
                yield run, RDFS.label, Literal(edge.job)
            if edge.asserter is not None:
                yield run, PROV.wasAssociatedWith, self._party(edge.asserter)


def _time(instant: str) -> Literal:
    return Literal(instant, datatype=XSD.dateTime, normalize=False)

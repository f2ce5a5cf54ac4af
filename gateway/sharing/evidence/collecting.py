"""Putting together what proves a case: for the operator as a whole, for others without persons who signed nothing."""

import asyncio
import re
from base64 import b64decode
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from gateway.audit.event import canonical
from gateway.audit.export import EVENTS, Logged, case_evidence
from gateway.audit.kinds import EvidenceExported
from gateway.audit.log import LogFolder
from gateway.audit.prove import Evidence
from gateway.graph import Graph
from gateway.policy.listing import class_table
from gateway.policy.problems import PolicyRefused
from gateway.sharing.clocks import DEADLINE
from gateway.sharing.document import Document
from gateway.sharing.evidence import layout
from gateway.sharing.evidence.telling import policies_of, scope_of, told
from gateway.sharing.keeping import Kind
from gateway.sharing.reading import Cases
from gateway.sharing.words import Act
from gateway.signing import is_answer

_CASE: Final = f"""
MATCH (c:Case {{id: $id}})
RETURN c {{.*, {DEADLINE},
  grants: COLLECT {{ MATCH (c)-[:LED_TO]->(g:Grant) RETURN g {{.*}} ORDER BY g.id }},
  versions: COLLECT {{ MATCH (c)-[:ABOUT]->(v:DatasetVersion) RETURN {{digest: v.digest, text: v.snapshot}} }}}}
"""
_KNOWN: Final = """
UNWIND $documents AS id
MATCH (:Document {id: id})<-[:SIGNS]-(s:Signature)
OPTIONAL MATCH (k:Certificate {fingerprint: s.fingerprint})
RETURN collect({id: id, known: coalesce(s.known, []), event: k.event})
"""
_KEPT: Final = "MATCH (k:{kind}) WHERE k.digest IN $digests RETURN collect({{digest: k.digest, text: k.text}})"
_PERSON: Final = re.compile(rb"\b(?:pe|ap)_[a-z2-7]{26}\b")
_ATTEMPTS: Final = 20
_PAUSE: Final = 0.25


class NoSuchCase(Exception):
    """There is no case of that id, or not for whom it was asked."""


class NotYetLogged(Exception):
    """The log's proofs of a case are younger than its last checkpoint or index; in a moment they are not."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """For whom evidence is collected, who may see the case."""

    own: frozenset[str]
    """The ids under which they can be party to a case: their agency's, and their own."""
    jurisdictions: tuple[str, ...] = ()

    def knows(self, actor: Mapping[str, Any]) -> bool:
        """Whether an event's actor is one of theirs."""
        own = not self.own.isdisjoint((actor["agency"], actor["person"]))
        return own or not {*actor["jurisdictions"]}.isdisjoint(self.jurisdictions)

    def provides(self, case: Mapping[str, Any]) -> bool:
        """Whether they may know the whole entry that a case is about."""
        return case["provider"] in self.own or case.get("providerJurisdiction") in self.jurisdictions


async def collect_case(graph: Graph, log: LogFolder, identifier: str, viewer: Viewer | None = None) -> dict[str, bytes]:
    """The files of an export, by their paths. Without a viewer nothing is left out.

    Raises:
        NoSuchCase: there is none of that id.
        NotYetLogged: the log has not published all of it yet, not even after some seconds.
        NoSuchEvent: the log has no checkpoint yet.
    """
    if not layout.CASE_ID.fullmatch(identifier):
        raise NoSuchCase(f"there is no case {identifier!a:.60}")
    for attempt in range(_ATTEMPTS):
        if attempt:
            await asyncio.sleep(_PAUSE)
        read = await _read(graph, log, identifier)
        files = await asyncio.to_thread(_files, read, viewer)
        if files is not None:
            return files
    raise NotYetLogged(f"the log has not published all of {identifier} yet; try again in a moment")


@dataclass(frozen=True, slots=True)
class _Read:
    """What graph and log have of a case."""

    case: Mapping[str, Any]
    documents: Sequence[Mapping[str, Any]]
    known: Mapping[str, Mapping[str, Any]]
    """By a document's id: digests of what its signature was checked by, and its certificate's event."""
    evidence: Sequence[Evidence]
    events: Sequence[Logged]
    """What the evidence says, in the same order."""
    around: Mapping[str, bytes]
    """Files of the log's part that belong to no event."""
    kept: Mapping[Kind, Mapping[str, str]]


async def _read(graph: Graph, log: LogFolder, identifier: str) -> _Read:
    case: dict[str, Any] | None = await graph.read(_CASE, {"id": identifier})
    if case is None:
        raise NoSuchCase(f"there is no case {identifier}")
    cases = Cases(graph)
    documents = [*await cases.documents(identifier)]
    for grant in case["grants"]:
        documents += await cases.documents(grant["id"])
    documents.sort(key=lambda one: (one["filedAt"], one["n"] or 0, one["id"]))
    known = {one["id"]: one for one in await graph.read(_KNOWN, {"documents": [one["id"] for one in documents]}) or ()}
    registered = [one["event"] for one in known.values() if one["event"] is not None]
    evidence, around = await asyncio.to_thread(case_evidence, log, identifier, registered)
    evidence = [one for one in evidence if not _is_export(one)]
    events = [
        Logged(one.proof.index, one.leaf.id, None if one.body is None else orjson.loads(one.body.data), b"")
        for one in evidence
    ]
    digests = {
        Kind.REVOCATION: {digest for one in known.values() for digest in one["known"]},
        Kind.RULES: {book} if (book := (case["deadline"] or {}).get("ruleBook")) else set(),
        Kind.POLICY: {orjson.loads(one["bytes"])["policy"] for one in documents} | policies_of(events),
    }
    kept = {kind: await _kept(graph, kind, some) for kind, some in digests.items()}
    return _Read(case, documents, known, evidence, events, around, kept)


async def _kept(graph: Graph, kind: Kind, digests: Collection[str]) -> dict[str, str]:
    found = await graph.read(_KEPT.format(kind=kind), {"digests": sorted(digests)}) if digests else []
    return {one["digest"]: one["text"] for one in found}


def _files(read: _Read, viewer: Viewer | None) -> dict[str, bytes] | None:
    """The files; None when the log does not tell yet what the graph does."""
    contents = {one["digest"]: orjson.loads(one["bytes"]) for one in read.documents}
    case, events = _case(read.case), read.events
    logged = {one.said["data"].get("document") for one in events if one.said is not None}
    whole = all(one.said is not None for one in events)
    if any(case[name] != value for name, value in told(events, contents).items()) or (
        whole and contents.keys() - logged
    ):
        return None
    files = {layout.README: layout.readme(whole=viewer is None), layout.CASE: canonical(case)}
    files |= {f"{layout.LOG}/{name}": data for name, data in read.around.items()}
    by = [one["by"] for one in contents.values()]
    signers = {one["person"]["id"] for one in by} | {one["appointment"] for one in by}
    for one in read.evidence:
        shown = one if viewer is None or _is_shown(one, viewer, signers) else replace(one, body=None)
        files |= {f"{layout.LOG}/{EVENTS}/{one.leaf.id}/{name}": data for name, data in shown.files().items()}
    files |= _documents(read)
    files |= _deadline(read)
    files |= _policies(read.kept[Kind.POLICY])
    if viewer is None or viewer.provides(read.case):
        files |= _datasets(read.case["versions"], contents.values())
    return files


def _case(row: Mapping[str, Any]) -> dict[str, Any]:
    grants = [
        {"id": one["id"], "state": one["status"], "image": one["image"], "scope": orjson.loads(one["scope"])}
        for one in row["grants"]
    ]
    same = ("id", "state", "version", "dataset", "consumer", "provider", "purpose")
    return {"procedure": row["kind"], "grants": grants, **{name: row[name] for name in same}}


def _is_export(one: Evidence) -> bool:
    """Whether an event tells of an export like this one, which is none of the case's business."""
    return one.body is not None and orjson.loads(one.body.data)["kind"] == EvidenceExported.kind


def _is_shown(one: Evidence, viewer: Viewer, signers: Collection[str]) -> bool:
    """Whether an event's body names nobody but signers and, as its actor, one of the viewer's own."""
    if one.body is None:
        return True
    actor = orjson.loads(one.body.data)["actor"]
    own = {actor["person"], actor["appointment"]} if viewer.knows(actor) else set()
    return all(name.decode() in signers or name.decode() in own for name in _PERSON.findall(one.body.data))


def _documents(read: _Read) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for number, one in enumerate(read.documents, 1):
        inside = f"{number:02}-{Act(one['act'])}"
        document, signature = one["bytes"].encode(), b64decode(one["signature"])
        names = []
        for digest in read.known[one["id"]]["known"]:
            data = b64decode(read.kept[Kind.REVOCATION][digest])
            names.append(f"{digest}.{layout.ANSWER_ENDING if is_answer(data) else layout.LIST_ENDING}")
            files[f"{layout.REVOCATION}/{names[-1]}"] = data
        beside = layout.following(Document(document).stated, signature)
        beside |= {layout.DOCUMENT: document, layout.SIGNATURE: signature, layout.KNOWN: canonical(sorted(names))}
        files |= {f"{inside}/{name}": data for name, data in beside.items()}
    return files


def _deadline(read: _Read) -> dict[str, bytes]:
    kept = read.case["deadline"]
    if kept is None:
        return {}
    same = ("duty", "startedOn", "dueAt", "calendar", "ruleBook")
    files = {layout.DEADLINE: canonical({**{n: kept.get(n) for n in same}, "clocks": orjson.loads(kept["clocks"])})}
    return files | {f"{layout.RULES}/{digest}.yaml": text.encode() for digest, text in read.kept[Kind.RULES].items()}


def _policies(kept: Mapping[str, str]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for digest, text in kept.items():
        texts: dict[str, str] = orjson.loads(text)
        inside = f"{layout.POLICIES}/{digest}"
        files |= {f"{inside}/{name}": said.encode() for name, said in texts.items()}
        try:
            files[f"{inside}/{layout.CLASSES}"] = canonical(dict(class_table(texts)))
        except PolicyRefused:
            continue  # it is of a release with other words, and its text says what it said
    return files


def _datasets(versions: Iterable[Mapping[str, str]], contents: Iterable[Mapping[str, Any]]) -> dict[str, bytes]:
    named = {scope["dataset"].get("digest") for one in contents if (scope := scope_of(one)) is not None}
    return {
        f"{layout.DATASET}/{one['digest']}.json": one["text"].encode() for one in versions if one["digest"] in named
    }


__all__ = ["NoSuchCase", "NotYetLogged", "Viewer", "collect_case"]

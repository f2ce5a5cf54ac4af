"""A whole walk, asked of a running gateway page by page, as a picture."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.cli._client import Client
from gateway.lineage.export import MOST_NODES, Picture
from gateway.lineage.export.drawing import Told, picture_of
from gateway.lineage.export.picture import AskedBy, Party, Question
from gateway.lineage.export.texts import plain
from gateway.lineage.walking import Edge, Node, Walk, WalkPlace
from gateway.lineage.words import LineageDirection, LineageLevel, Truncation
from gateway.policy.table import Decision
from gateway.vocabulary import FOREVER, NextStep, Role

_DATASET: Final = "dataset { id title identifier shareType openType provider { id name } }"
_FIELD: Final = (
    "field { id name shareType openType dataset { id title identifier shareType openType provider { id name } } }"
)
_START: Final = """
query Start($id: ID!, $code: String!) {
  me { roles agency { id name } }
  node(id: $id) {
    ... on Dataset { id title identifier shareType openType provider { id name } }
    ... on Field { id name shareType openType dataset { id title identifier shareType openType provider { id name } } }
  }
  dataset(identifier: $code) { id title identifier shareType openType provider { id name } }
}
"""
_PAGE: Final = f"""
query Walk($of: ID!, $direction: LineageDirection!, $level: LineageLevel, $depth: Int!, $after: String,
    $asOf: DateTime, $knownAt: DateTime) {{
  lineage(of: $of, direction: $direction, level: $level, depth: $depth, first: 100, after: $after, asOf: $asOf,
      knownAt: $knownAt) {{
    nodes {{ id direction distance name {{ namespace name field }} {_DATASET} {_FIELD} }}
    edges {{ id source target observed run job transformations {{ type subtype }} masking
      validFrom validTo recordedFrom recordedTo }}
    pageInfo {{ hasNextPage endCursor }}
    totalCount truncatedBecause
    hidden {{ allowed rule requirement reason {{ zh en }} next }}
  }}
}}
"""
_PARTS: Final = """
query Parts($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Field { id name shareType openType dataset { id title identifier shareType openType provider { id name } } }
  }
}
"""
_MOST_IDS: Final = 100


class NoSuchStart(Exception):
    """Nothing of that name is there, or none that the caller may know of."""


def start_of(client: Client, token: str | None, of: str) -> str:
    """The id of a dataset or field that is given by its id, or by a dataset's code.

    Raises:
        NoAnswer: see `Client.ask`.
        NoSuchStart: it may not be known of.
    """
    return str(_begun(client.ask(token, _START, {"id": of, "code": of}), of)["id"])


def _begun(start: Mapping[str, Any], of: str) -> Mapping[str, Any]:
    begun: Mapping[str, Any] | None = start["node"] or start["dataset"]
    if not begun:
        raise NoSuchStart(f"there is no dataset or field {of!a:.80}, or none that you may know of.")
    return begun


def walked(client: Client, token: str | None, of: str, asked: Mapping[str, Any], at: str) -> Picture:
    """The picture of a walk as somebody may know it, of all its pages up to what a picture can have.

    Args:
        client: of the gateway.
        token: of who asks; None for the public.
        of: the id of a dataset or field, or the code of a dataset.
        asked: `direction`, `level`, `depth`, `asOf` and `knownAt`, by their names in GraphQL.
        at: now, where no instant is asked for: it is the same for all pages.

    Raises:
        NoAnswer: see `Client.ask`.
        NoSuchStart: it may not be known of.
    """
    start = client.ask(token, _START, {"id": of, "code": of})
    begun = _begun(start, of)
    asked = {**asked, "asOf": asked["asOf"] or at, "knownAt": asked["knownAt"] or at}
    rows = {row["id"]: row for row in _rows(begun)}
    walk = _walk(client, token, {"of": begun["id"], **asked}, rows)
    # The fields of a dataset at which a walk between fields begins are on none of its pages.
    ends = {end for edge in walk.edges for end in (edge.source, edge.target)}
    missing = sorted(one for one in ends - rows.keys() if one.startswith("fd_"))
    for i in range(0, len(missing), _MOST_IDS):
        for found in client.ask(token, _PARTS, {"ids": missing[i : i + _MOST_IDS]})["nodes"]:
            rows.update((row["id"], row) for row in _rows(found))
    level = asked["level"] or (LineageLevel.FIELD if begun["id"].startswith("fd_") else LineageLevel.DATASET)
    question = Question(
        begun["id"], asked["direction"], level, asked["depth"], asked["asOf"], asked["knownAt"]
    )  # fmt: skip
    me = start["me"]
    agency = None if me["agency"] is None else Party(me["agency"]["id"], plain(me["agency"]["name"]))
    by = AskedBy(tuple(map(Role, me["roles"])), agency)
    return picture_of(walk, question, Told(at, "", by, rows, {}))


def _walk(client: Client, token: str | None, asked: Mapping[str, Any], rows: dict[str, Any]) -> Walk:
    nodes, edges, after = list[Node](), dict[str, Edge](), None
    while True:
        page = client.ask(token, _PAGE, {**asked, "after": after})["lineage"]
        if page is None:
            raise NoSuchStart("it is gone, or not yours to know of any more.")
        nodes += map(_node, page["nodes"])
        edges.update((one["id"], _edge(one)) for one in page["edges"])
        for one in page["nodes"]:
            rows.update((row["id"], row) for row in _rows(one["dataset"] or one["field"]))
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        if not more or len(nodes) >= MOST_NODES:
            truncated = frozenset(map(Truncation, page["truncatedBecause"]))
            return Walk(nodes, [*edges.values()], page["totalCount"], more, truncated, _decision(page["hidden"]))


def _rows(found: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """What the statement of `gateway.lineage.export` says of a dataset; of a field with its dataset."""
    if not found:
        return []
    if "dataset" in found:
        home = found["dataset"]
        return [_row(home, found["id"], found["name"], found), *_rows(home)]
    return [_row(found, found["id"], None, found)]


def _row(home: Mapping[str, Any], id_: str, field: str | None, tiers: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": id_,
        "dataset": home["id"],
        "title": home["title"],
        "code": home["identifier"],
        "agency": home["provider"]["id"],
        "provider": home["provider"]["name"],
        "field": field,
        "share": tiers["shareType"],
        "open": tiers["openType"],
    }


def _node(said: Mapping[str, Any]) -> Node:
    downstream = said["direction"] == LineageDirection.DOWNSTREAM
    return Node(WalkPlace(downstream, said["distance"], said["id"]), said["name"])


def _edge(said: Mapping[str, Any]) -> Edge:
    how = ["/".join(filter(None, (one["type"], one["subtype"]))) for one in said["transformations"]]
    times = {name: said[name] or FOREVER for name in ("validFrom", "validTo", "recordedFrom", "recordedTo")}
    same = {name: said[name] for name in ("id", "observed", "job", "masking")}
    return Edge(said["source"], said["target"], {**same, **times, "runId": said["run"], "transformations": how})


def _decision(said: Mapping[str, Any] | None) -> Decision | None:
    if said is None:
        return None
    reason = said["reason"]
    return Decision(
        said["allowed"], said["rule"], said["requirement"], reason["zh"], reason["en"], NextStep(said["next"])
    )  # fmt: skip

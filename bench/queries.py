"""The five queries in the words of each server, and their answers brought to one shape.

Q1 a page of 50 by id, with provider and fields. Q2 one dataset with both. Q3 a page of 50 by `modified`, descending.
Q4 lineage, three levels nested. Q5 the number of visible datasets.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

OPS: Final = ("Q1", "Q2", "Q3", "Q4", "Q5")
CALLER: Final = {"Q1": "staff", "Q2": "staff", "Q3": "staff", "Q4": "center", "Q5": "staff"}
"""Q4 is asked by who may inspect all: the peer cannot make a list depend on its parent."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A dataset that the caller may inspect."""

    id: str
    modified: str


@dataclass(frozen=True, slots=True)
class Server:
    """One server: where it is, what it is sent, and how its answers are read."""

    name: str
    url: str
    headers: Callable[[str, str], Mapping[str, str]]
    """By query and caller."""
    texts: Mapping[str, str]
    variables: Callable[[str, Sample], dict[str, Any]]
    canonical: Callable[[str, Any], Any]


def plain_variables(op: str, sample: Sample) -> dict[str, Any]:
    """Those of servers whose pages start after an id, or after a time and an id."""
    match op:
        case "Q1":
            return {"after": sample.id}
        case "Q3":
            return {"modified": sample.modified, "id": sample.id}
        case "Q5":
            return {}
        case _:
            return {"id": sample.id}


def cursor_variables(by_id: str, by_modified: str) -> Callable[[str, Sample], dict[str, Any]]:
    """Those of the gateway, whose cursors are opaque: what a cursor of each order begins with was seen beforehand."""

    def variables(op: str, sample: Sample) -> dict[str, Any]:
        match op:
            case "Q1":
                return {"after": f"{by_id}{sample.id}"}
            case "Q3":
                return {"after": f"{by_modified}{sample.id}.{sample.modified}"}
            case "Q5":
                return {}
            case _:
                return {"id": sample.id}

    return variables


_FULL: Final = "id title shareType openType provider { id name }"
_RECENT: Final = "id title modified shareType openType provider { id name }"
_FIELD: Final = "id name shareType dataType"

GATEWAY: Final = {
    "Q1": f"query Q1($after: String!) {{ r: datasets(first: 50, after: $after)"
    f" {{ nodes {{ {_FULL} fields(first: 20) {{ nodes {{ {_FIELD} }} }} }} }} }}",
    "Q2": f"query Q2($id: ID!) {{ r: dataset(id: $id) {{ {_FULL} fields(first: 20) {{ nodes {{ {_FIELD} }} }} }} }}",
    "Q3": "query Q3($after: String!) { r: datasets(first: 50, after: $after,"
    f" orderBy: {{field: MODIFIED, direction: DESC}}) {{ nodes {{ {_RECENT} }} }} }}",
    "Q4": "query Q4($id: ID!) { r: dataset(id: $id) { id derivedFrom(first: 20) { nodes { id derivedFrom(first: 20) {"
    " nodes { id derivedFrom(first: 20) { nodes { id } } } } } } } }",
    "Q5": "query Q5 { r: datasets { totalCount } }",
}
PLAIN: Final = {
    "Q1": f"query Q1($after: String!) {{ r: datasets(after: $after, first: 50)"
    f" {{ {_FULL} fields(first: 20) {{ {_FIELD} }} }} }}",
    "Q2": f"query Q2($id: String!) {{ r: dataset(id: $id) {{ {_FULL} fields(first: 20) {{ {_FIELD} }} }} }}",
    "Q3": "query Q3($modified: String!, $id: String!)"
    f" {{ r: recent(modified: $modified, id: $id, first: 50) {{ {_RECENT} }} }}",
    "Q4": "query Q4($id: String!) { r: dataset(id: $id)"
    " { id derivedFrom { id derivedFrom { id derivedFrom { id } } } } }",
    "Q5": "query Q5 { r: datasetCount }",
}
_PEER_FIELDS: Final = f"fields(limit: 20, sort: [{{position: ASC}}]) {{ {_FIELD} }}"
_UP: Final = "derivedFrom(sort: [{id: ASC}])"
PEER: Final = {
    "Q1": "query Q1($after: String!) { r: datasets(where: {id: {gt: $after}}, limit: 50, sort: [{id: ASC}])"
    f" {{ {_FULL} {_PEER_FIELDS} }} }}",
    "Q2": f"query Q2($id: String!) {{ r: datasets(where: {{id: {{eq: $id}}}}) {{ {_FULL} {_PEER_FIELDS} }} }}",
    # Of the forms that keep ties, the fastest: with a condition on the id, the composite index can give the order.
    "Q3": "query Q3($modified: String!, $id: String!) { r: datasets(where: {modified: {lte: $modified},"
    ' id: {gt: ""}, OR: [{modified: {lt: $modified}}, {id: {lt: $id}}]}, limit: 50,'
    f" sort: [{{modified: DESC}}, {{id: DESC}}]) {{ {_RECENT} }} }}",
    "Q4": f"query Q4($id: String!) {{ r: datasets(where: {{id: {{eq: $id}}}})"
    f" {{ id {_UP} {{ id {_UP} {{ id {_UP} {{ id }} }} }} }} }}",
    "Q5": "query Q5 { r: datasetsConnection { aggregate { count { nodes } } } }",
}


def plain(op: str, answer: Any) -> Any:
    """The answers of the ceiling and of ordinary resolvers are in the common shape already."""
    del op
    return answer


def gateway(op: str, answer: Any) -> Any:
    """Without the gateway's connections."""
    return answer["totalCount"] if op == "Q5" else _unpaged(answer)


def _unpaged(value: Any) -> Any:
    if isinstance(value, dict):
        return _unpaged(value["nodes"]) if "nodes" in value else {k: _unpaged(v) for k, v in value.items()}
    return [_unpaged(v) for v in value] if isinstance(value, list) else value


def peer(op: str, answer: Any) -> Any:
    """Without the peer's lists where one thing is meant, and without the wrapping of its count."""
    if op == "Q5":
        return answer["aggregate"]["count"]["nodes"]
    rows = [{**row, "provider": row["provider"][0]} if "provider" in row else row for row in answer]
    return (rows[0] if rows else None) if op in ("Q2", "Q4") else rows

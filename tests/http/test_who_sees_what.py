"""What each caller knows of, may read and may fetch of the whole city, and why: worked out here from the tiers alone.

The expectation comes from the seed's tables and from the matrix of design section 4; the policy is not asked.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import pytest

from gateway.graph import make_id
from graph_seed import city
from graph_seed.rows import DatasetRow
from tests.http.served import Served

PUBLISHED: Final = ("PUBLISHED", "UPDATE_DUE")
OPENNESS: Final = ("OPEN", "CONDITIONAL", "NOT_OPEN")
SHARING: Final = ("UNCONDITIONAL", "CONDITIONAL", "NON_SHARED")
APPLY: Final = {"UNCONDITIONAL": "R17.1", "CONDITIONAL": "R16.2a", "NON_SHARED": "R16.3b"}
"""Which requirement says to an agency what it has to do before it gets rows of a tier."""


@dataclass(frozen=True)
class Caller:
    """Who asks, as the city has them: the agency, and the jurisdictions that they oversee."""

    name: str | None
    agency: str | None = None
    oversees: tuple[str, ...] = ()
    center: bool = False

    def owns(self, dataset: DatasetRow) -> bool:
        return self.agency is not None and dataset.properties["agency"] == make_id("ag_", self.agency)

    def oversees_(self, dataset: DatasetRow) -> bool:
        return dataset.properties["jurisdiction"] in [make_id("ju_", code) for code in self.oversees]


@cache
def _city() -> tuple[DatasetRow, ...]:
    return tuple(city.entries())


_WHOLE: Final = tuple(row["p"]["code"] for row in city.jurisdiction_rows())

CALLERS: Final = (
    Caller(None),
    Caller("staff@gaj", "gaj"),
    Caller("officer@gaj", "gaj"),
    Caller("head@wjw", "wjw"),
    Caller("staff@water", "water"),
    Caller("head@hx", "hx"),
    Caller("center", "center", center=True),
    Caller("supervisor", "gxj", _WHOLE),
    Caller("auditor", "sjj", _WHOLE),
    Caller("supervisor@621022", "hx", ("621022",)),
)


def discovers(who: Caller, dataset: DatasetRow, opened: str) -> bool:
    """The matrix' first column, for the dataset itself or for a field of another openness."""
    if dataset.properties["status"] not in PUBLISHED:
        return who.owns(dataset)
    return who.agency is not None or opened in ("OPEN", "CONDITIONAL")


def inspects(who: Caller, dataset: DatasetRow, shared: str, opened: str) -> bool:
    """The second column."""
    if dataset.properties["status"] not in PUBLISHED or who.agency is None:
        return discovers(who, dataset, opened)
    wide = shared in ("UNCONDITIONAL", "CONDITIONAL") or opened in ("OPEN", "CONDITIONAL")
    return wide or who.owns(dataset) or who.oversees_(dataset) or who.center


def fetches(who: Caller, dataset: DatasetRow) -> tuple[bool, str]:
    """The third column, and the requirement behind it."""
    shared, opened = dataset.properties["shareType"], dataset.properties["openType"]
    if dataset.properties["status"] not in PUBLISHED:
        return False, "R14.2"
    if opened == "OPEN":
        return True, "R24.1"
    if who.agency is None:
        return False, "R24.2"
    return (True, "R14.1") if who.owns(dataset) else (False, APPLY[shared])


def fields(who: Caller, dataset: DatasetRow) -> dict[str, bool]:
    """The fields that the caller knows of, and whether their descriptions may be read: the stricter of both tiers."""
    known = {}
    for row in dataset.fields:
        shared = max(row["ownShareType"], dataset.properties["shareType"], key=SHARING.index)
        opened = max(row["ownOpenType"], dataset.properties["openType"], key=OPENNESS.index)
        if discovers(who, dataset, opened):
            known[row["name"]] = inspects(who, dataset, shared, opened)
    return known


def expected(who: Caller) -> dict[str, Any]:
    """By identifier, of each dataset that exists for the caller: whether it may be read, its fields, and fetching."""
    found = {}
    for dataset in _city():
        shared, opened = dataset.properties["shareType"], dataset.properties["openType"]
        if discovers(who, dataset, opened):
            read = inspects(who, dataset, shared, opened)
            found[dataset.properties["identifier"]] = (
                read,
                fields(who, dataset) if read else {},
                fetches(who, dataset),
            )
    return found


PAGE: Final = """
query($after: String) {
  datasets(first: 100, after: $after) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes {
      identifier
      description
      fields(first: 100) { nodes { name description } }
      access { discover { allowed } inspect { allowed } fetch { allowed requirement reason { zh en } } }
    }
  }
}
"""


def _pages(served: Served, who: str | None) -> tuple[int, list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    after = None
    while True:
        page = served.ask(PAGE, {"after": after}, who)["datasets"]
        rows += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return page["totalCount"], rows
        after = page["pageInfo"]["endCursor"]


@pytest.mark.parametrize("who", CALLERS, ids=lambda who: who.name or "public")
def test_the_whole_city_as_the_matrix_says(served: Served, who: Caller) -> None:
    total, rows = _pages(served, who.name)
    should = expected(who)
    seen = {
        row["identifier"]: (
            row["description"] is not None,
            {field["name"]: field["description"] is not None for field in row["fields"]["nodes"]},
            (row["access"]["fetch"]["allowed"], row["access"]["fetch"]["requirement"]),
        )
        for row in rows
    }
    assert seen == should
    assert total == len(rows) == len(seen)
    for row in rows:
        access = row["access"]
        assert access["discover"]["allowed"]
        assert access["inspect"]["allowed"] is (row["description"] is not None)
        assert access["fetch"]["reason"]["zh"]
        assert access["fetch"]["reason"]["en"]


RANKS: Final = {"center": "center", "supervisor": "gxj", "auditor": "sjj"}


def test_the_callers_differ_as_they_should() -> None:
    known = {who.name: len(expected(who)) for who in CALLERS}
    read = {who.name: sum(r for r, _, _ in expected(who).values()) for who in CALLERS}
    assert known[None] < known["center"] < known["staff@gaj"] == known["officer@gaj"]
    assert read[None] < read["supervisor@621022"] < read["center"]
    fetched = {who.name: {i for i, (_, _, (f, _)) in expected(who).items() if f} for who in CALLERS}
    for name, agency in RANKS.items():
        assert all(f"/{agency}/" in identifier for identifier in fetched[name] ^ fetched[None]), name
    assert fetched[None] < fetched["staff@gaj"]

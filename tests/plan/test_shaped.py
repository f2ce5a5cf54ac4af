"""Answers pass the executor as they are, keep the promise of non-null, and cannot be made elsewhere."""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from gateway.plan import Shaped
from tests.plan.asking import CALLERS, ROOT, Gateway

STAFF: Final = CALLERS["staff"]


class Answers:
    """A graph that answers every statement with one value."""

    def __init__(self, value: Any) -> None:
        self.value = value

    async def read(self, statement: str, parameters: Mapping[str, Any]) -> Any:
        return self.value


async def shown(value: Any, query: str) -> tuple[Any, list[tuple[Any, str]]]:
    """The data and the errors (path, message) when the graph answers `value`."""
    result = await Gateway(Answers(value)).ask(query, {}, STAFF)
    return result.data, [(e.path, e.message) for e in result.errors or ()]


def _missing(of: str) -> str:
    return f"Cannot return null for non-nullable field {of}."


async def test_values_come_as_they_are_in_the_order_of_the_selection() -> None:
    query = '{ x: dataset(id: "1") { t: title __typename identifier description } }'
    data, errors = await shown(["供水", "621000/1", None], query)
    assert errors == []
    assert list(data["x"].items()) == [
        ("t", "供水"),
        ("__typename", "Dataset"),
        ("identifier", "621000/1"),
        ("description", None),
    ]


async def test_nothing_found_is_null() -> None:
    assert await shown(None, '{ dataset(id: "ds_") { title } }') == ({"dataset": None}, [])


async def test_a_missing_promise_nulls_the_nearest_nullable_parent() -> None:
    query = '{ x: dataset(id: "1") { title } }'
    assert await shown([None], query) == ({"x": None}, [(["x", "title"], _missing("Dataset.title"))])
    query = '{ dataset(id: "1") { title provider { n: name } } }'
    assert await shown(["a", [None]], query) == (
        {"dataset": None},
        [(["dataset", "provider", "n"], _missing("Agency.name"))],
    )
    query = '{ agency(id: "1") { name parent { name } } }'
    assert await shown(["a", [None]], query) == (
        {"agency": {"name": "a", "parent": None}},
        [(["agency", "parent", "name"], _missing("Agency.name"))],
    )
    query = '{ dataset(id: "1") { title provider { name } } }'
    assert await shown(["a", None], query) == (
        {"dataset": None},
        [(["dataset", "provider"], _missing("Dataset.provider"))],
    )


async def test_a_missing_promise_in_a_list_is_named_by_its_place() -> None:
    query = '{ agency(id: "1") { name children { code } } }'
    assert await shown(["a", [["1"], [None]]], query) == (
        {"agency": None},
        [(["agency", "children", 1, "code"], _missing("Agency.code"))],
    )


async def test_a_missing_promise_under_a_root_that_is_never_null_nulls_the_whole_answer() -> None:
    query = "{ datasets { nodes { title } } }"
    assert await shown([[["a"], [None]]], query) == (
        None,
        [(["datasets", "nodes", 1, "title"], _missing("Dataset.title"))],
    )


async def test_a_missing_promise_in_one_root_field_leaves_the_others() -> None:
    query = '{ a: dataset(id: "1") { title } b: dataset(id: "2") { description } }'
    data, errors = await shown([None], query)
    assert data == {"a": None, "b": {"description": None}}
    assert [path for path, _ in errors] == [["a", "title"]]


async def test_a_missing_promise_among_entities_nulls_that_entity() -> None:
    query = (
        '{ _entities(representations: [{__typename: "Dataset", id: "a"}, {__typename: "Dataset", id: "b"}])'
        " { ... on Dataset { title } } }"
    )
    assert await shown([[0, "Dataset", [None]], [1, "Dataset", ["b"]]], query) == (
        {"_entities": [None, {"title": "b"}]},
        [(["_entities", 0, "title"], _missing("Dataset.title"))],
    )


async def test_ordinary_fields_keep_working_beside_planned_ones() -> None:
    data, errors = await shown(["供水"], '{ __typename dataset(id: "1") { title } __schema { queryType { name } } }')
    assert errors == []
    assert data == {"__typename": "Query", "dataset": {"title": "供水"}, "__schema": {"queryType": {"name": "Query"}}}


def test_only_this_room_can_make_one() -> None:
    with pytest.raises(TypeError, match=r"gateway\.plan only"):
        Shaped(object(), {"anything": 1})


def _uses(path: Path) -> set[str]:
    """The names that a module imports from where answers are made."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module in ("gateway.plan.shaped", "gateway.plan.finish"):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.name for a in node.names if a.name in ("gateway.plan.shaped", "gateway.plan.finish")}
    return found


def test_no_other_room_reaches_for_the_means_to_make_one() -> None:
    modules = [p for p in (ROOT / "gateway").rglob("*.py") if "plan" not in p.relative_to(ROOT / "gateway").parts]
    assert len(modules) > 20
    assert {str(p): found for p in modules if (found := _uses(p))} == {}
    assert "shaped" in _uses(ROOT / "gateway" / "plan" / "planner.py")

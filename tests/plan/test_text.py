"""What is typed into a search box is words, never operators; and every word that is in the index is found."""

import random
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.graph import Graph
from gateway.plan.errors import BadInput
from gateway.plan.text import LONGEST, MOST_TERMS, terms
from tests.plan.asking import CALLERS, Gateway
from tests.reference.text import asked, has
from tests.support.loading import load
from tests.support.world import WORDS, World, build_world


def clauses(query: str) -> list[str]:
    return [term.clause for term in terms("query", query)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("水", ["*水*"]),
        ("供水", ['"供水"']),
        ("供水数据2024年", ['"供水数据"', '"2024"', "*年*"]),
        ("Ｗａｔｅｒ　ＳＵＰＰＬＹ", ['"Water"', '"SUPPLY"']),
        ("water  Water WATER", ['"WATER"']),
        ("the water of a city", ['"water"', '"city"']),
        ("the", []),
        ("", []),
        ("!?*~^()[]{}\\/:\"'+-&|", []),
        ('title:供水 OR "x" AND NOT y*', ['"title"', '"供水"', '"x"', '"y"']),
        ("user_id 3.14 node.js", ['"user_id"', '"3.14"', '"node.js"']),
        ("_ __", []),
        ("ﾃｽﾄ", ['"テスト"']),
        ("水\x00电", ["*水*", "*电*"]),
    ],
)
def test_a_query_becomes_terms(query: str, found: list[str]) -> None:
    assert clauses(query) == found


@given(st.text(max_size=LONGEST))
def test_no_clause_has_an_operator_of_its_own(query: str) -> None:
    try:
        found = clauses(query)
    except BadInput:
        return
    for clause in found:
        inner = clause[1:-1]
        assert clause in (f'"{inner}"', f"*{inner}*")
        assert not set(inner) & set('"\\*?~^()[]{}!+/&|')
        assert inner.strip()


def test_too_much_is_refused() -> None:
    with pytest.raises(BadInput, match="at most 256 characters") as refused:
        clauses("水" * (LONGEST + 1))
    assert refused.value.extensions == {"code": "QUERY_TOO_LONG"}
    with pytest.raises(BadInput, match="at most 16 different words"):
        clauses(" ".join(f"w{i}" for i in range(MOST_TERMS + 1)))
    assert len(clauses(" ".join(f"w{i}" for i in range(MOST_TERMS)) + " w1" * 10)) == MOST_TERMS


@pytest.fixture(scope="module")
async def filled(module_graph: Graph) -> tuple[Gateway, World]:
    world = build_world(random.Random(7), datasets=16)
    known = [d for d in world.datasets if d["accessClass"] != "DRAFT"]
    known[0] |= {"title": "ＧＢ３８３８ water_level 3.14 the city", "titleEn": "Node.js of İzmir"}
    known[1] |= {"title": "title:供水 AND OR NOT 供*电 水表?", "description": 'a "quoted" word~2'}
    await load(module_graph, world)
    return Gateway(module_graph), world


HITS: Final = """
query($q: String!) { search(query: $q, first: 100) { totalCount nodes { ...on Dataset { id } ...on Field { id } } } }
"""


async def hits(gateway: Gateway, query: str) -> set[str]:
    data = await gateway.data(HITS, {"q": query}, CALLERS["center"])
    found = {node["id"] for node in data["search"]["nodes"]}
    assert data["search"]["totalCount"] == len(found)
    return found


_FIRST: Final = "GB3838 ｇｂ３８３８ water_level 3.14 node.js İzmir city"


@pytest.mark.parametrize(
    ("word", "place"), [*((w, 0) for w in _FIRST.split()), ("the city", 0), *((w, 1) for w in ("quoted", "水表", "表"))]
)
async def test_a_word_of_the_index_is_found(filled: tuple[Gateway, World], word: str, place: int) -> None:
    gateway, world = filled
    known = [d for d in world.datasets if d["accessClass"] != "DRAFT"]
    assert known[place]["id"] in await hits(gateway, word)


_SIGNS: Final = '* ? ~ ~2 ^9 ( ) [ ] { } " \\ / ! + - && || :'
_OPERATORS: Final = _SIGNS.split()
_WORDS: Final = ["AND", "OR", "NOT", "TO", "title:", "供水", "水", "water", "Bus", "不存在", "*:*", "user_id"]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(parts=st.lists(st.sampled_from(_OPERATORS + _WORDS), min_size=1, max_size=7), glue=st.sampled_from(["", " "]))
async def test_operators_neither_fail_nor_match_more_than_the_plain_words(
    filled: tuple[Gateway, World], parts: list[str], glue: str
) -> None:
    gateway, _ = filled
    plain = " ".join(part for part in parts if part in WORDS or part == "不存在")
    found = await hits(gateway, glue.join(parts))
    if plain:
        assert found <= await hits(gateway, plain)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(query=st.text(max_size=40))
async def test_no_text_fails(filled: tuple[Gateway, World], query: str) -> None:
    gateway, _ = filled
    result: Any = await gateway.ask(HITS, {"q": query}, CALLERS["center"])
    for error in result.errors or ():
        assert (error.extensions or {})["code"] == "QUERY_TOO_LONG"


async def test_every_word_is_found_where_the_reference_finds_it(filled: tuple[Gateway, World]) -> None:
    gateway, world = filled
    rows = [d for d in world.datasets if d["accessClass"] != "DRAFT"]
    for word in WORDS:
        (one,) = asked(word)
        found = await hits(gateway, word)
        expected = {d["id"] for d in rows if has(one, [d["title"], d.get("titleEn")])}
        assert expected
        assert expected <= found

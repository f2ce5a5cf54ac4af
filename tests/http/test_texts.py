"""Hostile texts in every argument of every root field: they find what a plain word finds, and change nothing."""

import json
from typing import Any, Final

import pytest

from tests.http.arguments import Argument, arguments
from tests.http.served import Served, refusal

ARGUMENTS: Final = arguments()

CYPHER: Final = (
    "' OR 1=1 //",
    '" OR true //',
    "}) DETACH DELETE n //",
    "`}) MATCH (n) DETACH DELETE n //",
    "'}) RETURN 1 UNION MATCH (n) RETURN n //",
    "`",
    "$x",
    "$s_agency",
    "\\u0027 OR true",
    "{{}} %s {0}",
)
LUCENE: Final = (
    "*",
    "?",
    "*:*",
    "title:*",
    "AND OR NOT",
    '"',
    "\\",
    "~2",
    "/.*/",
    "[a TO z]",
    "(",
    "&&",
    "||",
    "!",
    "^5",
)
ODD: Final = ("", " ", "\x00", "a\x00b", "\x1f", "\u200b\ufeff", "\ufffe", "𝕏" * 50, "\u202e", "ﷺ" * 100, "a\r\nb")
NOWHERE: Final = "zzqxnowhere"
CODES: Final = ("INVALID_CURSOR", "INVALID_DATETIME", "ACCESS_AS_OF_REFUSED")
"""How a key or a cursor that is none may be refused, and what is for overseers alone; everything else is an answer that
finds nothing."""

# A text that would be a query of another kind if it were not taken by the word, and the plain word in it.
DISGUISED: Final = (
    ("水*", "水"),
    ("*水*", "水"),
    ("title:水", "水"),
    ("title:供水 OR 数据", "供水"),
    ("水 OR 统计", "统计"),
    ("NOT 水", "水"),
    ('"水" || "统计"', "水"),
    ("/.*水.*/", "水"),
    ("\\水", "水"),
    ("+(水 统计)", "统计"),
    ("水~2", "水"),
    ("[a TO 水]", "水"),
    ("' OR 1=1 // 水", "水"),
    ("}) DETACH DELETE n // 水", "水"),
    ("水\x00", "水"),
    ("wate?", "water"),
    ("wat*", "water"),
    ("watre~", "water"),
)


@pytest.fixture(scope="module")
def nodes(served: Served) -> int:
    """How many nodes the graph holds; without events on their way to the log, which leave it by themselves."""
    return _count(served)


def _count(served: Served) -> int:
    (found,) = served.cypher("MATCH (n) WHERE NOT n:Outbox RETURN count(n)")
    return int(found)


def _asked(served: Served, argument: Argument, text: str) -> Any:
    answer = served.send(argument.query, argument.variables(text), "staff@water")
    if "errors" not in answer.json():
        assert answer.status_code == 200
        return answer.json()["data"]
    error = refusal(answer)
    assert error["extensions"]["code"] in CODES, (text, error)
    return error["extensions"]["code"]


def test_the_arguments_are_found_in_the_schema() -> None:
    known = {str(argument) for argument in ARGUMENTS}
    assert known >= {
        "node.id", "nodes.ids", "agency.code", "dataset.identifier", "datasets.after", "datasets.filter.text",
        "datasets.filter.updatedSince", "agencies.filter.jurisdiction", "search.query", "search.filter.agency",
        "search.before", "explainAccess.target", "_entities.representations",
    }  # fmt: skip


@pytest.mark.parametrize("argument", ARGUMENTS, ids=str)
def test_no_text_is_cypher_or_lucene(served: Served, nodes: int, argument: Argument) -> None:
    plain = _asked(served, argument, NOWHERE)
    assert "ds_" not in str(plain)
    # What is never searched for meets no Lucene: a few of its words will do.
    for text in (*CYPHER, *LUCENE, *ODD) if argument.searched else (*CYPHER, *LUCENE[:3], *ODD[:4]):
        assert _asked(served, argument, text) == plain, text
    if argument.scalar in ("String", "ID"):
        for text in (*CYPHER[:4], "\x00", "*"):
            assert _answer(served, argument.literal(text)) == plain, text
    assert _count(served) == nodes


def _answer(served: Served, query: str) -> Any:
    answer = served.send(query, None, "staff@water")
    return refusal(answer)["extensions"]["code"] if "errors" in answer.json() else answer.json()["data"]


@pytest.mark.parametrize("argument", [a for a in ARGUMENTS if a.searched], ids=str)
def test_operators_find_no_more_than_the_word_beside_them(served: Served, argument: Argument) -> None:
    def found(text: str) -> int:
        return int(served.ask(argument.query, {"x": text}, "staff@water")[argument.field]["totalCount"])

    everything = served.ask("{ datasets { totalCount } }", None, "staff@water")["datasets"]["totalCount"]
    for disguised, plain in DISGUISED:
        assert 0 < found(plain) < everything, plain
        assert found(disguised) <= found(plain), disguised
    assert found("水*") == found("水"), "or the comparison says nothing"


@pytest.mark.parametrize("argument", ARGUMENTS, ids=str)
def test_a_very_long_text_is_refused_or_found_nowhere(served: Served, argument: Argument) -> None:
    answer = served.send(argument.query, argument.variables("' OR 1=1 //" * 50_000))
    if "errors" in answer.json():
        assert refusal(answer)["extensions"]["code"] in (*CODES, "QUERY_TOO_LONG")
    else:
        assert answer.json() == served.send(argument.query, argument.variables(NOWHERE)).json()


@pytest.mark.parametrize("argument", ARGUMENTS, ids=str)
def test_half_a_character_is_no_text(served: Served, argument: Argument) -> None:
    variables = json.dumps(argument.variables("MARK")).replace("MARK", "\\ud800")
    body = f'{{"query": {json.dumps(argument.query)}, "variables": {variables}}}'
    error = refusal(served.post(body.encode()), 400)
    assert error["extensions"]["code"] == "NOT_JSON"
    if argument.scalar in ("String", "ID"):
        for half in ("\\ud800", "\\udfff", "\\u{d800}", "\\u{110000}"):
            assert (
                refusal(served.send(argument.literal("MARK").replace("MARK", half)))["extensions"]["code"]
                == "INVALID_SYNTAX"
            )


@pytest.mark.parametrize(
    "query",
    ["{ me { \x00id } }", "{ me { id } } \ufffe", "{ me { id } }\x00", "\ufeff{ me { i\u0301d } }", "{ me { ｉd } }"],
)
def test_odd_characters_between_the_words_of_a_query_are_a_syntax_error(served: Served, query: str) -> None:
    error = refusal(served.send(query))
    assert error["extensions"]["code"] == "INVALID_SYNTAX"
    assert error["locations"]

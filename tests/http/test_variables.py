"""A variable named like a parameter of ours, or sent without being declared, is a variable like any other."""

from typing import Any, Final

import pytest

from gateway.classes import CLASSES
from gateway.identity import Profile, Subject
from gateway.plan.guard import guard_for
from gateway.vocabulary import Role
from tests.http.served import Served
from tests.plan.asking import POLICY

OVERSEER: Final = Subject("pe_x", "x", "ag_x", "ap_x", ("ju_x",), ("ju_x",), Profile(frozenset({Role.SUPERVISOR})))
PARAMETERS: Final = sorted(guard_for(OVERSEER, POLICY.table_for(OVERSEER.profile))[1])
"""What a statement's access tests read: the caller's, and the allowed classes."""
OTHERS: Final = ("now", "forever", "key", "keys_Dataset_id", "s_person", *(f"p{i}_{w}" for i in (0, 1) for w in (
    "n", "c", "f_text", "f_agency", "query", "target", "after_v", "after_i"
)))  # fmt: skip

QUERY: Final = """
query($WORD: String!, $NUMBER: Int) {
  datasets(filter: {text: $WORD}, first: $NUMBER, orderBy: {field: TITLE}) {
    totalCount
    pageInfo { endCursor }
    nodes { identifier description fields(first: $NUMBER) { nodes { name } } access { fetch { allowed rule } } }
  }
  search(query: $WORD, first: $NUMBER) { totalCount nodes { __typename } }
}
"""


def _named(word: str, number: str) -> str:
    return QUERY.replace("WORD", word).replace("NUMBER", number)


@pytest.fixture(scope="module", params=[None, "staff@water", "supervisor"])
def who(request: pytest.FixtureRequest) -> str | None:
    found: str | None = request.param
    return found


@pytest.fixture(scope="module")
def plain(served: Served, who: str | None) -> Any:
    """The answer with names that mean nothing to anybody."""
    found = served.ask(_named("x", "y"), {"x": "水", "y": 3}, who)
    assert len(found["datasets"]["nodes"]) == 3
    return found


def test_the_parameters_are_those_of_the_plan() -> None:
    assert {"s_agency", "s_jurisdictions", "a_DISCOVER", "f_INSPECT_2"} <= set(PARAMETERS)


def test_no_name_of_a_variable_means_anything(served: Served, who: str | None, plain: Any) -> None:
    names = [*PARAMETERS, *OTHERS]
    for word, number in zip(names, names[1:] + names[:1], strict=True):
        assert served.ask(_named(word, number), {word: "水", number: 3}, who) == plain, (word, number)


def test_what_no_operation_declares_is_not_taken(served: Served, who: str | None, plain: Any) -> None:
    classes, agency = list(CLASSES), served.cypher("MATCH (a:Agency {code: 'gaj'}) RETURN a.id")[0]
    smuggled: dict[str, Any] = {name: classes for name in PARAMETERS if name[:2] in ("a_", "f_")}
    smuggled |= {"s_agency": agency, "s_grantees": [agency], "now": "9", "p0_n": 100, "p1_n": 100, "p2_n": 100}
    assert served.ask(_named("x", "y"), {**smuggled, "x": "水", "y": 3}, who) == plain

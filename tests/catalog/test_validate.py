"""What an entry must state before it is written."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pytest

from gateway.catalog import Code, FieldSpec, LegalBasis, Rejected, missing_elements, validate, write_entries
from gateway.graph import Graph
from gateway.vocabulary import Element, OpenType, Origin, Period, Sensitivity, ShareType, Status
from tests.catalog.entries import ENTRY, ground

_WITHOUT: Final[Mapping[Element, Mapping[str, Any]]] = {
    Element.CATEGORY: {"category": None},
    Element.RESPONSIBLE_PARTY: {"agency": ""},
    Element.FORMAT: {"formats": ()},
    Element.ATTRIBUTES: {"fields": (), "attributes": None},
    Element.UPDATE_LIMIT: {"period": None},
    Element.SHARE_TYPE: {"share_type": None},
    Element.SHARE_MODE: {"share_mode": ()},
    Element.OPEN_TYPE: {"open_type": None},
    Element.OPEN_MODE: {"open_mode": ()},
    Element.USE_REQUIREMENTS: {"usage_policy": None},
}


def test_the_complete_entry_has_no_fault() -> None:
    assert validate(ENTRY) == ()
    assert missing_elements(ENTRY) == ()


def test_every_element_is_left_out_below() -> None:
    assert set(_WITHOUT) == set(Element)


@pytest.mark.parametrize("element", Element)
async def test_a_submission_without_one_element_is_rejected_and_names_it(graph: Graph, element: Element) -> None:
    await ground(graph)
    with pytest.raises(Rejected) as refused:
        await write_entries(graph, [replace(ENTRY, status=Status.SUBMITTED, **_WITHOUT[element])])
    assert [(p.code, p.element) for p in refused.value.problems] == [(Code.ELEMENT_MISSING, element)]
    assert "R8.1" in str(refused.value)
    assert await graph.read("MATCH (d:Dataset) RETURN count(d)") == 0


def test_all_ten_are_named_at_once() -> None:
    bare = replace(ENTRY, **{name: value for left_out in _WITHOUT.values() for name, value in left_out.items()})
    assert [p.element for p in validate(bare)] == list(Element)


def test_an_unknown_period_is_no_update_limit() -> None:
    assert missing_elements(replace(ENTRY, period=Period.UNKNOWN)) == (Element.UPDATE_LIMIT,)


@pytest.mark.parametrize("status", [Status.DRAFT, Status.RETURNED])
def test_a_draft_may_be_incomplete_but_not_without_tiers(status: Status) -> None:
    assert validate(replace(ENTRY, status=status, category=None, duty_basis=None)) == ()
    assert [p.code for p in validate(replace(ENTRY, status=status, share_type=None))] == [Code.TIER_MISSING]


def test_an_imported_entry_lists_what_it_lacks() -> None:
    imported = replace(
        ENTRY, origin=Origin.IMPORTED, category=None, duty_basis=None, missing=frozenset({Element.SHARE_TYPE})
    )
    assert validate(imported) == ()
    assert missing_elements(imported) == (Element.CATEGORY, Element.SHARE_TYPE)


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"duty_basis": None}, Code.DUTY_BASIS_MISSING, "dutyBasis"),
        ({"share_type": ShareType.NON_SHARED, "legal_basis": ()}, Code.CITATION_MISSING, "legalBasis"),
        (
            {"share_type": ShareType.NON_SHARED, "legal_basis": (LegalBasis("条例"),)},
            Code.CITATION_MISSING,
            "legalBasis",
        ),
        ({"share_type": ShareType.CONDITIONAL}, Code.CONDITIONS_MISSING, "shareConditions"),
        ({"open_type": OpenType.NOT_OPEN}, Code.TIER_IMPOSSIBLE, "openType"),
        ({"sensitivity": frozenset({Sensitivity.PERSONAL})}, Code.TIER_IMPOSSIBLE, "openType"),
        ({"title": "x" * 501}, Code.TEXT_TOO_LONG, "title"),
        ({"title": " "}, Code.TEXT_EMPTY, "title"),
        ({"description": "a\x00b"}, Code.TEXT_UNSTORABLE, "description"),
        ({"description": "a\ud800b"}, Code.TEXT_UNSTORABLE, "description"),
        ({"identifier": "a\x1fb"}, Code.TEXT_UNSTORABLE, "identifier"),
        ({"keywords": ("a", "\ud800")}, Code.TEXT_UNSTORABLE, "keywords[1]"),
        ({"fields": (FieldSpec("a", title="\x00"),)}, Code.TEXT_UNSTORABLE, "fields[0].title"),
        ({"fields": (FieldSpec("a"), FieldSpec("a"))}, Code.DUPLICATE, "fields[1].name"),
        ({"keywords": ("a",) * 1001}, Code.TOO_MANY, "keywords"),
        ({"issued": "2026-01-01"}, Code.INSTANT_MALFORMED, "issued"),
    ],
)
def test_each_fault_has_its_code_and_its_path(changes: dict[str, Any], code: Code, path: str) -> None:
    assert [(p.code, p.path) for p in validate(replace(ENTRY, **changes))] == [(code, path)]


async def test_one_identifier_twice_in_a_batch_is_refused(graph: Graph) -> None:
    with pytest.raises(Rejected, match="DUPLICATE"):
        await write_entries(graph, [ENTRY, ENTRY])

"""The sharing tier comes from a rule that is data; the opening tier from the access level (R16, R22)."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.federation.harvested import AccessLevel
from gateway.federation.rule import DEFAULT_RULE, InvalidRule, load_rule, uniform_rule
from gateway.vocabulary import OpenType, Sensitivity, ShareType

ALL_CONDITIONAL = {"public": "CONDITIONAL", "restricted public": "CONDITIONAL", "non-public": "CONDITIONAL"}


@pytest.mark.parametrize(
    ("level", "opening", "share"),
    [
        (AccessLevel.PUBLIC, OpenType.OPEN, ShareType.UNCONDITIONAL),
        (AccessLevel.RESTRICTED, OpenType.CONDITIONAL, ShareType.CONDITIONAL),
        (AccessLevel.NON_PUBLIC, OpenType.NOT_OPEN, ShareType.CONDITIONAL),
        (None, OpenType.NOT_OPEN, ShareType.CONDITIONAL),
    ],
)
def test_access_level_gives_the_opening_tier(level: AccessLevel | None, opening: OpenType, share: ShareType) -> None:
    tier = DEFAULT_RULE.tier(level, None)
    assert (tier.open, tier.share) == (opening, share)


def test_not_open_always_has_a_ground() -> None:  # R22
    assert DEFAULT_RULE.tier(AccessLevel.NON_PUBLIC, None).sensitivity == {Sensitivity.BY_LAW}
    assert DEFAULT_RULE.tier(AccessLevel.NON_PUBLIC, "contains PII").sensitivity == {Sensitivity.PERSONAL}


def test_open_data_carries_no_ground_whatever_its_rights_say() -> None:
    assert DEFAULT_RULE.tier(AccessLevel.PUBLIC, "contains PII").sensitivity == frozenset()


def test_the_rule_is_told_on_each_entry() -> None:
    assert DEFAULT_RULE.applied(AccessLevel.PUBLIC) == (
        "dcat-us-1: accessLevel public → shareType UNCONDITIONAL, openType OPEN"
    )
    assert "non-public (assumed)" in DEFAULT_RULE.applied(None)


def test_non_shared_needs_a_citation() -> None:  # R16.3a
    with pytest.raises(InvalidRule, match=r"R16\.3a"):
        uniform_rule(ShareType.NON_SHARED)
    assert uniform_rule(ShareType.NON_SHARED, (("A law", "Art. 1"),)).tier(None, None).share is ShareType.NON_SHARED


def test_a_rule_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "rule.json"
    basis = [{"title": "A law", "citation": "Art. 1"}]
    path.write_text(
        json.dumps({"id": "ours", "share": ALL_CONDITIONAL, "assumeAccessLevel": "public", "legalBasis": basis})
    )
    rule = load_rule(path)
    assert (rule.id, rule.assumed, rule.basis) == ("ours", AccessLevel.PUBLIC, (("A law", "Art. 1"),))
    assert set(rule.share.values()) == {ShareType.CONDITIONAL}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "rule.json"),
        ("[]", "expected an object"),
        ({"id": "x"}, "`share`"),
        ({"id": "", "share": ALL_CONDITIONAL}, "`id`"),
        ({"id": "x", "share": {"public": "OPEN"}}, "OPEN"),
        ({"id": "x", "share": {"secret": "CONDITIONAL"}}, "secret"),
        ({"id": "x", "share": {"public": ["CONDITIONAL"]}}, "CONDITIONAL"),
        ({"id": "x", "share": {"public": "CONDITIONAL"}}, "no sharing tier for access level restricted public"),
        ({"id": "x", "share": ALL_CONDITIONAL, "shares": {}}, "unknown key 'shares'"),
        ({"id": "x", "share": ALL_CONDITIONAL, "legalBasis": [1]}, "legalBasis"),
        ({"id": "x", "share": ALL_CONDITIONAL, "legalBasis": [{"title": " ", "citation": "c"}]}, "legalBasis"),
        ({"id": "x", "share": ALL_CONDITIONAL | {"public": "NON_SHARED"}}, "legal basis"),
        ({"id": "x", "share": ALL_CONDITIONAL, "assumeAccessLevel": "?"}, "?"),
    ],
)
def test_a_wrong_rule_is_refused_saying_where(tmp_path: Path, document: Any, message: str) -> None:
    path = tmp_path / "rule.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    with pytest.raises(InvalidRule) as caught:
        load_rule(path)
    assert message in str(caught.value)


def test_a_rule_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidRule, match=r"absent\.json"):
        load_rule(tmp_path / "absent.json")

"""One record at a time: what is taken, what is rejected and why, what only gets a warning."""

import json
from typing import Any

import pytest

from gateway.federation.dcat_us import read_record
from gateway.federation.harvested import AccessLevel, Harvested
from gateway.federation.inventory import parse_inventory
from gateway.federation.problems import Code, Problem
from gateway.vocabulary import DataType, Format, Period, Theme
from tests.federation.inventories import inventory, record


def loaded(value: Any) -> Harvested:
    harvested, problems, _ = read_record(value, 0)
    assert harvested is not None, problems
    return harvested


def problems_of(value: Any) -> dict[Code, Problem]:
    return {problem.code: problem for problem in read_record(value, 7)[1]}


def rejection(value: Any) -> Problem:
    harvested, problems, _ = read_record(value, 7)
    assert harvested is None
    assert problems[0].fatal
    assert problems[0].index == 7
    return problems[0]


def test_a_complete_record_keeps_what_it_says() -> None:
    harvested = loaded(record(isPartOf="waters", rights="true", spatial="The valley", issued="2020-01-02"))
    assert harvested.identifier == "water-quality"
    assert harvested.publishers == ("Water Office", "Department of Works")
    assert harvested.access_level is AccessLevel.PUBLIC
    assert harvested.theme is Theme.ENVI
    assert harvested.period is Period.MONTHLY
    assert harvested.modified == "2024-03-01T00:00:00.000Z"
    assert harvested.issued == "2020-01-02T00:00:00.000Z"
    assert harvested.rights == "true"
    assert harvested.part_of == "waters"
    assert harvested.remarks == ("spatial: The valley",)
    assert harvested.distributions[0].format is Format.CSV
    assert not problems_of(record())


def test_contact_persons_are_left_behind() -> None:
    harvested = loaded(record(contactPoint={"fn": "Somebody Real", "hasEmail": "mailto:somebody"}))
    assert "Somebody" not in repr(harvested)


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "text", [], [record()]])
def test_a_record_that_is_no_object_is_rejected(value: Any) -> None:
    assert rejection(value).code is Code.NOT_AN_OBJECT


@pytest.mark.parametrize("key", ["identifier", "title", "publisher"])
@pytest.mark.parametrize("value", [None, "", "  ", [], {}, True, 1.5])
def test_a_record_without_identity_or_responsible_party_is_rejected(key: str, value: Any) -> None:
    problem = rejection(record(**{key: value}))
    assert problem.code in {Code.MISSING, Code.WRONG_TYPE}
    assert (problem.field or "").startswith(key)


def test_a_number_may_serve_as_identifier() -> None:
    assert loaded(record() | {"identifier": 4711}).identifier == "4711"


@pytest.mark.parametrize("level", ["secret", "publicc", 1, True, ["public"], {"public": 1}, "x" * 100_000])
def test_an_access_level_that_is_not_known_is_never_guessed(level: Any) -> None:
    assert rejection(record(accessLevel=level)).code is Code.UNKNOWN_ACCESS_LEVEL


@pytest.mark.parametrize("level", ["public", "Restricted Public", "restricted  public", "NON-PUBLIC"])
def test_case_and_spaces_of_an_access_level_do_not_count(level: str) -> None:
    assert loaded(record(accessLevel=level)).access_level == " ".join(level.lower().split())


def test_a_missing_access_level_is_left_to_the_rule_and_said() -> None:
    assert loaded(record(accessLevel=None)).access_level is None
    assert Code.ACCESS_LEVEL_ASSUMED in problems_of(record(accessLevel=None))


def test_the_catalogue_publisher_steps_in_and_that_is_said() -> None:
    harvested, problems, _ = read_record(record(publisher=None), 0, catalog_publisher="The Ministry")
    assert harvested is not None
    assert harvested.publishers == ("The Ministry",)
    assert [problem.code for problem in problems] == [Code.PUBLISHER_ASSUMED]


def test_an_office_that_is_part_of_itself_is_one_office() -> None:
    publisher = {"name": "Archive", "subOrganizationOf": {"name": "Archive"}}
    assert loaded(record(publisher=publisher)).publishers == ("Archive",)
    deeper = {"name": "A", "subOrganizationOf": {"name": "B", "subOrganizationOf": {"name": "A"}}}
    assert loaded(record(publisher=deeper)).publishers == ("A", "B")
    assert Code.HIERARCHY_CYCLE in problems_of(record(publisher=deeper))


def test_an_endless_hierarchy_ends() -> None:
    publisher: dict[str, Any] = {"name": "0"}
    for n in range(1, 400):
        publisher = {"name": str(n), "subOrganizationOf": publisher}
    assert len(loaded(record(publisher=publisher)).publishers) <= 20


@pytest.mark.parametrize("text", ["last spring", "03/04/2015", "0000-00-00"])
def test_an_unreadable_date_is_reported_and_its_words_are_kept(text: str) -> None:
    harvested = loaded(record(modified=text))
    assert harvested.modified is None
    assert harvested.remarks == (f"modified: {text}",)
    assert problems_of(record(modified=text))[Code.DATE_UNREADABLE].field == "modified"


def test_a_repeating_modified_is_a_period_not_a_date() -> None:
    harvested = loaded(record(modified="R/P1D", accrualPeriodicity=None))
    assert (harvested.modified, harvested.period) == (None, Period.DAILY)
    assert "modified: R/P1D" in harvested.remarks
    assert loaded(record(modified="R/P1D")).period is Period.MONTHLY


def test_an_unreadable_period_is_unknown_reported_and_kept() -> None:
    harvested = loaded(record(accrualPeriodicity="when the moon is full"))
    assert harvested.period is Period.UNKNOWN
    assert "accrualPeriodicity: when the moon is full" in harvested.remarks
    assert Code.PERIOD_UNREADABLE in problems_of(record(accrualPeriodicity="when the moon is full"))


def test_theme_words_stay_findable_as_keywords() -> None:
    harvested = loaded(record(theme=["corporate magic"], keyword=["a"]))
    assert harvested.theme is None
    assert harvested.keywords == ("a", "corporate magic")


@pytest.mark.parametrize("key", ["description", "keyword", "theme", "distribution", "modified", "license", "isPartOf"])
@pytest.mark.parametrize("value", [True, 3.5, {"x": 1}, [{"x": [1]}], [[["x"]]]])
def test_a_descriptive_value_of_the_wrong_type_costs_only_itself(key: str, value: Any) -> None:
    assert loaded(record(**{key: value})).title == "Title of water-quality"


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("description", "x" * 5_000_000, Code.TOO_LONG),
        ("title", "x" * 1_001, Code.TOO_LONG),
        ("identifier", "x" * 401, Code.TOO_LONG),
        ("keyword", ["x" * 501], Code.TOO_LONG),
        ("keyword", [str(n) for n in range(501)], Code.TOO_MANY),
        ("distribution", [{}] * 2_001, Code.TOO_MANY),
    ],
)
def test_what_is_over_a_limit_is_rejected_naming_the_limit(key: str, value: Any, code: Code) -> None:
    problem = rejection(record(**{key: value}))
    assert problem.code is code
    assert (problem.field or "").startswith(key)
    assert len(problem.message) < 200


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        (rb'{"description": "half \ud800 a pair"}', Code.LONE_SURROGATE, "description"),
        (rb'{"keyword": ["a", "\udfff"]}', Code.LONE_SURROGATE, "keyword[1]"),
        (b'{"description": "caf\xe9"}', Code.INVALID_UTF8, "description"),
        (rb'{"title": "a\u0000b"}', Code.CONTROL_CHARACTER, "title"),
        (rb'{"contactPoint": {"a\u0000b": 1}}', Code.CONTROL_CHARACTER, None),
        (rb'{"contactPoint": {"\ud800": 1}}', Code.LONE_SURROGATE, None),
        (b'{"size": NaN}', Code.NUMBER_OUT_OF_RANGE, "size"),
        (b'{"size": [1, {"x": 1e400}]}', Code.NUMBER_OUT_OF_RANGE, "size[1].x"),
        (b'{"size": 1' + b"0" * 5_000 + b"}", Code.NUMBER_OUT_OF_RANGE, "size"),
        (b'{"accessLevel": "public", "accessLevel": "non-public"}', Code.DUPLICATE_KEY, None),
        (b'{"publisher": {"name": "A", "name": "B"}}', Code.DUPLICATE_KEY, "publisher"),
    ],
)
def test_what_no_catalogue_can_hold_is_pinned_to_its_record(text: bytes, code: Code, field: str | None) -> None:
    body = json.dumps(record()).encode()
    parsed = parse_inventory(
        b'{"dataset": [' + body + b", " + body[:-1] + b', "extra": ' + text + b"}, " + body + b"]}"
    )
    assert read_record(parsed.records[0], 0)[0] is not None
    harvested, problems, _ = read_record(parsed.records[1], 1, escaped_bytes=parsed.escaped_bytes)
    assert harvested is None
    problem = next(problem for problem in problems if problem.code is code)
    assert (problem.index, problem.identifier) == (1, "water-quality")
    if field is not None:
        assert problem.field == f"extra.{field}"
    assert (str(problem.as_json())).isprintable()


def test_a_thousand_problems_are_not_all_told() -> None:
    harvested, problems, _ = read_record(record(distribution=[1] * 1_000, accessLevel="?"), 0)
    assert harvested is None
    assert problems[0].code is Code.UNKNOWN_ACCESS_LEVEL
    assert len(problems) <= 21


def test_fields_of_all_distributions_are_one_list() -> None:
    columns = [
        {"title": "id", "type": "integer", "description": "Key."},
        {"name": "day", "title": "Day", "type": "date"},
    ]
    distributions = [
        {"format": "CSV", "field": columns},
        {"format": "JSON", "field": [columns[0], {"name": "day"}, {}, 1]},
    ]
    harvested = loaded(record(distribution=distributions))
    assert [(field.name, field.title, field.data_type) for field in harvested.fields] == [
        ("id", None, DataType.INTEGER),
        ("day", "Day", DataType.DATE),
    ]
    found = problems_of(record(distribution=distributions))
    assert found[Code.DUPLICATE_FIELD].field == "distribution[1].field[1]"
    assert Code.VALUE_IGNORED in found


def test_a_broken_record_still_tells_whose_it_is() -> None:
    assert read_record(record(accessLevel="?"), 0)[2] == "water-quality"
    assert read_record(record(identifier="a\0b"), 0)[2] is None
    assert read_record(record(identifier="\ud800"), 0)[2] is None
    assert read_record(parse_inventory(inventory(record())).records[0], 0)[2] == "water-quality"

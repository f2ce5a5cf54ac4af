"""Rules and calendars as files: what they say counts, and what they cannot say is refused with its place."""

from datetime import date
from pathlib import Path

import pytest

from gateway.rules import Calendar, CalendarFault, RuleFault, load_calendar, load_rules

SET = "- {regime: r, version: v, basis: b, since: 2021-03-30, duties: {UPDATE_ENTRY: 15}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected a list of rule sets"),
        ("- 7", "rule set 1: expected basis"),
        ("[", "cannot be read"),
        (SET + ", days: 7}", "'days' is not known"),
        (SET.replace("basis: b, ", "") + "}", "basis is missing"),
        (SET.replace("basis: b", "basis: ' '") + "}", "basis: expected a text"),
        (SET.replace("15", "0") + "}", "UPDATE_ENTRY: 0 is no number of working days"),
        (SET.replace("15", "true") + "}", "True is no number"),
        (SET.replace("UPDATE_ENTRY", "UPDATE") + "}", "'UPDATE' is no duty; expected one of ANSWER_ACCESS_REQUEST"),
        (SET.replace("2021-03-30", "soon") + "}", "since: 'soon' is no day"),
        (SET + ", until: 2021-03-30}", "it ends on 2021-03-30, before it begins"),
        (SET + "}\n" + SET.replace("2021", "2022") + "}", "are in force at the same time"),
        (SET + ", overrides: [{agency: A, duty: UPDATE_ENTRY, working_days: 3}]}", "override 1: basis is missing"),
        (
            SET + ", overrides: [{agency: A, duty: UPDATE_ENTRY, working_days: 3, basis: b, since: 2020-01-01}]}",
            "cannot be in force when its rule set is not",
        ),
    ],
)
def test_rules_that_cannot_be_are_refused_with_their_place(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "rules.yaml").write_text(text, "utf-8")
    with pytest.raises(RuleFault) as refused:
        load_rules(tmp_path / "rules.yaml")
    assert said in str(refused.value)
    assert str(tmp_path) in str(refused.value)


def test_a_rule_set_can_follow_another(tmp_path: Path) -> None:
    first = SET + ", until: 2025-08-01}"
    second = SET.replace("2021-03-30", "2025-08-01").replace("version: v", "version: w").replace("15", "10") + "}"
    (tmp_path / "rules.yaml").write_text(f"{first}\n{second}\n", "utf-8")
    book = load_rules(tmp_path / "rules.yaml")
    assert book.in_force(date(2025, 7, 31)) == ("v",)
    assert book.in_force(date(2025, 8, 1)) == ("w",)
    assert book.in_force(date(2021, 3, 29)) == ()


def calendar(folder: Path, text: str) -> Calendar:
    (folder / "calendar.yaml").write_text(text, "utf-8")
    return load_calendar(folder / "calendar.yaml")


def test_an_operators_year_counts_also_where_the_package_has_one(tmp_path: Path) -> None:
    known = calendar(
        tmp_path,
        "2027: {source: 国办发明电〔2026〕1号, holidays: [2027-01-01], working: [2027-01-03]}\n"
        "2025: {source: 更正, holidays: [2025-03-03]}",
    )
    assert known.is_worked(date(2027, 1, 3))
    assert not known.is_worked(date(2027, 1, 1))
    assert known.is_worked(date(2027, 1, 4))
    assert not known.is_worked(date(2025, 3, 3))
    assert not known.is_worked(date(2025, 1, 26))  # a worked Sunday that the correction does not repeat
    assert Calendar().is_worked(date(2025, 3, 3))
    assert known.digest != Calendar().digest


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("7", "expected years"),
        ("{", "cannot be read"),
        ("x: {}", "'x' is no year"),
        ("2027: {holidays: []}", "name the notice"),
        ("2027: {source: s, days: []}", "expected source, holidays and working"),
        ("2027: {source: s, holidays: [2026-01-01]}", "2026-01-01 is no day of 2027"),
        ("2027: {source: s, holidays: [tomorrow]}", "tomorrow is no day of 2027"),
        ("2027: {source: s, holidays: 2027-01-01}", "expected a list of days"),
        ("2027: {source: s, working: [2027-01-04]}", "2027-01-04 is no weekend day"),
        ("2027: {source: s, holidays: [2027-01-03], working: [2027-01-03]}", "cannot be off and worked"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(CalendarFault) as refused:
        calendar(tmp_path, text)
    assert said in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CalendarFault, match="nowhere"):
        load_calendar(tmp_path / "nowhere.yaml")
    with pytest.raises(RuleFault, match="nowhere"):
        load_rules(tmp_path / "nowhere.yaml")

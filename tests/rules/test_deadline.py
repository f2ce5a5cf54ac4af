"""Deadlines against dates that were counted by hand, and against a script that shares nothing with the gateway."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.rules import (
    SHANGHAI,
    Calendar,
    Duty,
    Escalation,
    NoRule,
    RuleBook,
    UnknownYear,
    day_of,
    deadline_of,
    escalates_at,
    load_rules,
)
from tests.rules import recount

RULES = load_rules(Path(__file__).resolve().parents[2] / "policies" / "rules.yaml")
CALENDAR = Calendar()


def noon(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00:00+08:00")


@pytest.mark.parametrize(
    ("filed", "duty", "due"),
    [
        # Spring Festival 2025: off 01-28 to 02-04; worked Sunday 01-26 and Saturday 02-08
        ("2025-01-20", Duty.ANSWER_ACCESS_REQUEST, "2025-02-05"),
        ("2025-01-20", Duty.ANSWER_OPEN_REQUEST, "2025-02-14"),
        ("2025-01-27", Duty.CHECK_CORRECTION, "2025-02-10"),
        ("2025-02-01", Duty.ANSWER_ACCESS_REQUEST, "2025-02-12"),
        # National Day 2025: off 10-01 to 10-08; worked Sunday 09-28 and Saturday 10-11
        ("2025-09-26", Duty.ANSWER_ACCESS_REQUEST, "2025-10-13"),
        ("2025-09-30", Duty.CHECK_CORRECTION, "2025-10-14"),
        # Spring Festival 2026: off 02-15 to 02-23; worked Saturdays 02-14 and 02-28
        ("2026-02-10", Duty.ANSWER_ACCESS_REQUEST, "2026-02-26"),
        ("2026-02-13", Duty.UPDATE_ENTRY, "2026-03-12"),
        # Mid-Autumn and National Day 2026: off 09-25 to 27 and 10-01 to 07; worked Sunday 09-20 and Saturday 10-10
        ("2026-09-18", Duty.ANSWER_ACCESS_REQUEST, "2026-09-29"),
        ("2026-09-29", Duty.CHECK_CORRECTION, "2026-10-12"),
    ],
)
def test_working_days_around_the_long_holidays_as_counted_by_hand(filed: str, duty: Duty, due: str) -> None:
    deadline = deadline_of(RULES, CALENDAR, duty, "any", noon(filed))
    assert deadline.strictest.due_on == date.fromisoformat(due)
    assert deadline.due_at.astimezone(SHANGHAI).isoformat() == f"{due}T23:59:59.999000+08:00"
    told = subprocess.run(
        [sys.executable, recount.__file__, filed, str(deadline.strictest.rule.working_days)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert told[1::2] == [str(day) for day in deadline.strictest.counted]


@settings(max_examples=300, deadline=None)
@given(st.dates(date(2025, 1, 1), date(2026, 11, 20)), st.sampled_from(Duty))
def test_every_deadline_of_two_years_is_what_the_script_counts(start: date, duty: Duty) -> None:
    (clock,) = deadline_of(RULES, CALENDAR, duty, "any", noon(str(start))).clocks
    assert list(clock.counted) == recount.recount(start, clock.rule.working_days)


def test_the_day_of_filing_is_the_citys_and_not_greenwichs() -> None:
    assert day_of(datetime(2025, 1, 20, 15, 59, tzinfo=UTC)) == date(2025, 1, 20)
    late = deadline_of(RULES, CALENDAR, Duty.CHECK_CORRECTION, "any", datetime(2025, 3, 3, 16, 0, tzinfo=UTC))
    assert late.started_on == date(2025, 3, 4)


def test_overdue_is_derived_to_the_millisecond() -> None:
    deadline = deadline_of(RULES, CALENDAR, Duty.ANSWER_ACCESS_REQUEST, "any", noon("2025-01-20"))
    assert not deadline.overdue(deadline.due_at)
    assert deadline.overdue(deadline.due_at + timedelta(milliseconds=1))


@pytest.mark.parametrize(
    ("now", "left"),
    [("2025-01-20", 7), ("2025-01-24", 3), ("2025-01-25", 3), ("2025-01-27", 1), ("2025-02-05", 0), ("2025-02-06", 0)],
)
def test_the_days_that_are_left_are_working_days_after_today(now: str, left: int) -> None:
    deadline = deadline_of(RULES, CALENDAR, Duty.ANSWER_ACCESS_REQUEST, "any", noon("2025-01-20"))
    assert deadline.working_days_left(noon(now)) == left


def test_escalations_are_on_working_days_5_7_and_8_of_seven() -> None:  # R16.2b
    deadline = deadline_of(RULES, CALENDAR, Duty.ANSWER_ACCESS_REQUEST, "any", noon("2025-01-20"))
    counted = deadline.strictest.counted
    found = {one: escalates_at(one, deadline.started_on, counted, CALENDAR).astimezone(SHANGHAI) for one in Escalation}
    assert {one: str(moment.date()) for one, moment in found.items()} == {
        Escalation.SOON: "2025-01-26",
        Escalation.TODAY: "2025-02-05",
        Escalation.OVERDUE: "2025-02-06",
    }
    assert {moment.time().isoformat() for moment in found.values()} == {"00:00:00"}


def test_an_unknown_year_is_an_error_and_not_a_guess() -> None:
    with pytest.raises(UnknownYear, match=r"2027 are not known.*GATEWAY_CALENDAR"):
        deadline_of(RULES, CALENDAR, Duty.ANSWER_ACCESS_REQUEST, "any", noon("2026-12-25"))


def test_what_was_before_the_rules_is_not_judged_by_them() -> None:  # R37
    deadline_of(RULES, CALENDAR, Duty.CHECK_CORRECTION, "any", noon("2021-03-30"))
    with pytest.raises(NoRule, match="2021-03-29"):
        deadline_of(RULES, CALENDAR, Duty.CHECK_CORRECTION, "any", noon("2021-03-29"))


def written(folder: Path, text: str) -> RuleBook:
    (folder / "rules.yaml").write_text(text, "utf-8")
    return load_rules(folder / "rules.yaml")


TWO_REGIMES = """
- {regime: city, version: c1, basis: 城市, since: 2021-03-30, duties: {ANSWER_ACCESS_REQUEST: 7}, overrides: [
    {agency: GQ1, duty: ANSWER_ACCESS_REQUEST, working_days: 3, basis: 专项规定, since: 2024-01-01}]}
- {regime: nation, version: n1, basis: 国家, since: 2025-08-01, duties: {ANSWER_ACCESS_REQUEST: 5}}
"""


def test_of_two_regimes_both_clocks_are_kept_and_the_stricter_counts(tmp_path: Path) -> None:
    book = written(tmp_path, TWO_REGIMES)
    before = deadline_of(book, CALENDAR, Duty.ANSWER_ACCESS_REQUEST, "X", noon("2025-07-31"))
    assert [clock.rule.name for clock in before.clocks] == ["c1/ANSWER_ACCESS_REQUEST"]
    after = deadline_of(book, CALENDAR, Duty.ANSWER_ACCESS_REQUEST, "X", noon("2025-08-01"))
    assert [(clock.rule.regime, len(clock.counted)) for clock in after.clocks] == [("nation", 5), ("city", 7)]
    assert after.due_at == after.clocks[0].due_at < after.clocks[1].due_at


def test_an_agency_can_have_a_rule_of_its_own_within_a_regime(tmp_path: Path) -> None:  # R36
    book = written(tmp_path, TWO_REGIMES)
    own = deadline_of(book, CALENDAR, Duty.ANSWER_ACCESS_REQUEST, "GQ1", noon("2025-08-01"))
    assert [(clock.rule.basis, len(clock.counted)) for clock in own.clocks] == [("专项规定", 3), ("国家", 5)]
    assert own.strictest.rule.name == "c1/ANSWER_ACCESS_REQUEST/GQ1"
    early = deadline_of(book, CALENDAR, Duty.ANSWER_ACCESS_REQUEST, "GQ1", noon("2023-12-29"))
    assert len(early.strictest.counted) == 7

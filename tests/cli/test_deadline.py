"""`gateway deadline`: the working days that count, one a line, so that a script can compare them."""

from datetime import date

import pytest
from typer.testing import CliRunner

from gateway.cli import build_app
from tests.rules.recount import recount


def run(*arguments: str) -> tuple[int, str, str]:
    found = CliRunner().invoke(build_app(), ["deadline", *arguments])
    return found.exit_code, found.stdout, found.stderr


def test_each_counted_day_is_a_line() -> None:
    code, out, err = run("ANSWER_ACCESS_REQUEST", "--since", "2025-01-20")
    days = recount(date(2025, 1, 20), 7)
    assert (code, out) == (0, "".join(f"{i} {day}\n" for i, day in enumerate(days, 1)))
    assert "Due on 2025-02-05 by 2021-34.1/ANSWER_ACCESS_REQUEST (庆政办发〔2021〕34号)" in err.replace("\n", " ")


@pytest.mark.parametrize(
    ("since", "said"), [("2026-12-25", "working days of 2027 are not known"), ("2021-03-29", "no rule")]
)
def test_what_is_not_known_is_said(since: str, said: str) -> None:
    code, out, err = run("CHECK_CORRECTION", "--since", since)
    assert (code, out) == (1, "")
    assert said in err.replace("\n", " ")


def test_a_duty_that_there_is_not_is_named() -> None:
    code, _, err = run("ANSWER", "--since", "2025-01-20")
    assert code == 2
    assert "'ANSWER_ACCESS_REQUEST'" in err

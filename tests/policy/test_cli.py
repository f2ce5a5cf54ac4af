"""`gateway policy` tells a lawyer what the policy says, and an operator what is wrong with it."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli.policy import app
from gateway.policy.reading import FILES, LINES, read_policy
from gateway.vocabulary import Role
from tests.policy.cases import POLICIES

RULES = read_policy(POLICIES).rules


def gateway_policy(*arguments: str, policies: Path = POLICIES) -> Result:
    return CliRunner().invoke(app, [*arguments, "--policies", str(policies)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        shutil.copy(POLICIES / name, tmp_path)
    return tmp_path


def test_check_counts_what_it_found() -> None:
    result = gateway_policy("check")
    assert result.exit_code == 0
    assert f"{len(RULES)} rules, 58 access classes" in result.stdout


def test_check_names_every_fault_with_its_line_and_exits_with_1(folder: Path) -> None:
    text = (folder / LINES).read_text(encoding="utf-8")
    damaged = text.replace("NON_SHARED", "SECRET").replace(", R7,", ", R99,")
    (folder / LINES).write_text(damaged, encoding="utf-8")
    result = gateway_policy("check", policies=folder)
    assert result.exit_code == 1
    for number, line in enumerate(damaged.split("\n"), 1):
        if not line.startswith("#") and ("SECRET" in line or "R99" in line):
            assert f"{LINES}:{number}: column" in result.stderr


def test_check_asks_for_a_reason_where_the_policy_is_silent(folder: Path) -> None:
    text = (folder / LINES).read_text(encoding="utf-8")
    silent = text.replace(
        "CONDITIONAL, ANY, ANY, FETCH, refuse, R16.2a", "CONDITIONAL, OPEN, ANY, FETCH, refuse, R16.2a"
    )
    assert silent != text
    (folder / LINES).write_text(silent, encoding="utf-8")
    result = gateway_policy("check", policies=folder)
    assert result.exit_code == 1
    assert "no line says why STAFF is refused FETCH on class CN_P" in result.stderr


def test_table_prints_every_role_and_every_rule_with_both_reasons() -> None:
    result = gateway_policy("table")
    assert result.exit_code == 0
    assert all(role in result.stdout for role in Role)
    assert all(rule in result.stdout for rule in RULES)
    shown = "".join(result.stdout.replace("│", " ").split())
    assert "工作人员STAFF,经办人OFFICER,主要负责人HEAD" in shown, "staff, officer and head alike"
    assert "无条件共享UNCONDITIONAL·无条件开放OPEN发现D查看I获取F" in shown
    assert "不予共享NON_SHARED·不予开放NOT_OPEN发现D发现D查看I获取F" in shown
    assert "有条件共享CONDITIONAL·有条件开放CONDITIONAL发现D查看I" in shown


def test_table_tells_tiers_apart_by_sensitivity_where_the_policy_does(folder: Path) -> None:
    text = (folder / LINES).read_text(encoding="utf-8")
    stricter = text.replace("ANY, CONDITIONAL, ANY, DISCOVER|INSPECT", "ANY, CONDITIONAL, PERSONAL, DISCOVER|INSPECT")
    assert stricter != text
    (folder / LINES).write_text(stricter, encoding="utf-8")
    assert "个人隐私 PERSONAL" not in gateway_policy("table").stdout
    assert "个人隐私 PERSONAL" in gateway_policy("table", policies=folder).stdout


STAFF_FETCHES = ["explain", "--role", "STAFF", "--action", "FETCH"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["--share", "CONDITIONAL", "--open", "NOT_OPEN", "--sensitivity", "PERSONAL"],
            ["refused", "conditional-apply", "APPLY"],
        ),
        (
            ["--share", "CONDITIONAL", "--open", "NOT_OPEN", "--sensitivity", "PERSONAL", "--relation", "OWNER"],
            ["allowed", "owner-fetches", "R14.1", "USE"],
        ),
        (["--share", "non_shared", "--open", "open"], ["allowed", "open-to-all", "R24.1", "无条件开放"]),
        (["--unpublished", "--relation", "OWNER"], ["refused", "draft-not-delivered", "R14.2", "NOTHING"]),
    ],
)
def test_explain_says_whether_which_rule_and_what_next(arguments: list[str], says: list[str]) -> None:
    result = gateway_policy(*STAFF_FETCHES, *arguments)
    assert result.exit_code == 0
    assert all(word in result.stdout for word in says), result.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--share", "CONDITIONAL", "--open", "NOT_OPEN"], "needs a ground"),
        (["--share", "CONDITIONAL"], "or --unpublished"),
        (["--share", "SOMETIMES", "--open", "OPEN"], "SOMETIMES"),
    ],
)
def test_explain_refuses_an_entry_that_cannot_be(arguments: list[str], says: str) -> None:
    result = gateway_policy(*STAFF_FETCHES, *arguments)
    assert result.exit_code == 2
    assert says in result.stderr

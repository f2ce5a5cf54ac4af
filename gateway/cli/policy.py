"""`gateway policy`: check the policy's files, print the matrix that they make, explain one decision."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from gateway.classes import CLASSES, UNPUBLISHED, ImpossibleTier, Tier
from gateway.cli._console import report
from gateway.identity.subject import Profile
from gateway.policy.engine import Policy
from gateway.policy.matrix import Allowed, Block, Row, matrix, silences
from gateway.policy.problems import PolicyRefused
from gateway.policy.reading import LINES, read_policy
from gateway.settings import load_settings
from gateway.vocabulary import Action, AgencyKind, NextStep, OpenType, Relation, Role, Sensitivity, ShareType

app = typer.Typer(help="The access policy: check it, read it, ask it why.", no_args_is_help=True, rich_markup_mode=None)

Folder = Annotated[
    Path | None, typer.Option("--policies", help="Folder of the policy; without it that of the settings.")
]

_WORDS: Final[dict[str, str]] = {
    Action.DISCOVER: "发现",
    Action.INSPECT: "查看",
    Action.FETCH: "获取",
    Role.PUBLIC: "公众",
    Role.STAFF: "工作人员",
    Role.OFFICER: "经办人",
    Role.HEAD: "主要负责人",
    Role.CENTER: "市大数据中心",
    Role.SUPERVISOR: "主管部门",
    Role.AUDITOR: "审计人员",
    Relation.ANYONE: "无特定关系",
    Relation.OWNER: "提供单位",
    Relation.JURISDICTION: "管辖区域内",
    Relation.GRANTED: "已获授权",
    ShareType.UNCONDITIONAL: "无条件共享",
    ShareType.CONDITIONAL: "有条件共享",
    ShareType.NON_SHARED: "不予共享",
    Sensitivity.PERSONAL: "个人隐私",
    Sensitivity.COMMERCIAL: "商业秘密",
    Sensitivity.BY_LAW: "法律规定",
    NextStep.USE: "可直接使用",
    NextStep.APPLY: "提出申请",
    NextStep.NEGOTIATE: "与提供单位协商",
    NextStep.SIGN_IN: "登录",
    NextStep.NOTHING: "无",
}

_OPENING: Final = {
    OpenType.OPEN: "无条件开放",
    OpenType.CONDITIONAL: "有条件开放",
    OpenType.NOT_OPEN: "不予开放",
}
"""Apart from the others: a StrEnum's member is its word, and CONDITIONAL is a sharing tier too."""

_WIDTH: Final = 150
"""Of the tables where they are not printed to a terminal."""


def register(parent: typer.Typer) -> None:
    """Put this group of commands under `gateway policy`."""
    parent.add_typer(app, name="policy")


@app.command()
def check(policies: Folder = None) -> None:
    """Validate the policy's files. Exits with 1 and names file, line and column of every fault."""
    policy = _load(policies)
    silent = list(silences(policy))
    for role, key, action in silent:
        report(f"{LINES}: no line says why {role} is refused {action} on class {key}; add one with effect refuse")
    if silent:
        raise typer.Exit(1)
    source = policy.source
    questions = len(Role) * len(Relation) * len(CLASSES) * len(Action)
    typer.echo(
        f"The policy is valid: {len(source.lines)} lines, {len(source.rules)} rules, {len(CLASSES)} access classes, "
        f"{questions} decisions, each with its reason.\nDigest: {policy.digest}"
    )


@app.command()
def table(
    policies: Folder = None,
    kind: Annotated[AgencyKind | None, typer.Option(help="Kind of agency, where a line names one.")] = None,
) -> None:
    """Print who may do what, and the rules with their reasons, in Chinese and English."""
    policy = _load(policies)
    out = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
    out.print("发现 D = discover: it exists · 查看 I = inspect: description, fields, lineage · 获取 F = fetch: rows")
    out.print("A caller in several relations may do what any of them allows, unless a rule forbids it.\n")
    for block in matrix(policy, kind):
        out.print(_matrix_table(block))
    rules = Table(title="规则 Rules", box=box.ROUNDED, show_lines=True, title_justify="left")
    for heading in ("规则 rule", "条款 article", "效力 effect", "理由 reason", "下一步 next"):
        rules.add_column(heading, overflow="fold")
    for rule in policy.source.rules.values():
        step = f"{_WORDS[rule.next]} {rule.next}"
        rules.add_row(rule.id, rule.requirement, rule.effect, f"{rule.zh}\n{rule.en}", step)
    out.print(rules)


@app.command()
def explain(
    *,
    role: Annotated[Role, typer.Option(case_sensitive=False)],
    action: Annotated[Action, typer.Option(case_sensitive=False)],
    share: Annotated[ShareType | None, typer.Option(case_sensitive=False)] = None,
    opening: Annotated[OpenType | None, typer.Option("--open", case_sensitive=False)] = None,
    sensitivity: Annotated[
        list[Sensitivity] | None, typer.Option(case_sensitive=False, help="May be repeated.")
    ] = None,
    relation: Annotated[list[Relation] | None, typer.Option(case_sensitive=False, help="May be repeated.")] = None,
    kind: Annotated[AgencyKind | None, typer.Option(case_sensitive=False)] = None,
    unpublished: Annotated[bool, typer.Option(help="The entry is not in the published catalogue.")] = False,
    policies: Folder = None,
) -> None:
    """Say whether a caller may do something with an entry, and why. Give its tiers, or --unpublished."""
    if unpublished:
        key = UNPUBLISHED
    elif share is None or opening is None:
        raise typer.BadParameter("give --share and --open, or --unpublished")
    else:
        try:
            key = Tier(share, opening, frozenset(sensitivity or ())).key
        except ImpossibleTier as impossible:
            raise typer.BadParameter(str(impossible)) from impossible
    policy = _load(policies)
    held = frozenset({Relation.ANYONE, *(relation or ())})
    decision = policy.table_for(Profile(frozenset({role}), kind)).decide(key, held, action)
    lines = [str(line.number) for line in policy.source.lines if line.rule == decision.rule]
    typer.echo(
        f"{'允许 allowed' if decision.allowed else '不允许 refused'}\n"
        f"规则 rule: {decision.rule} ({LINES} {', '.join(lines) or '-'})\n"
        f"条款 requirement: {decision.requirement}\n"
        f"理由 reason: {decision.reason_zh}\n             {decision.reason_en}\n"
        f"下一步 next: {_WORDS[decision.next]} {decision.next}"
    )


def _load(folder: Path | None) -> Policy:
    folder = folder or load_settings().policy_dir
    try:
        return Policy(read_policy(folder))
    except PolicyRefused as refused:
        for problem in refused.problems:
            report(str(problem))
        count = len(refused.problems)
        report(
            f"the policy in {folder} is not usable: {count} {'fault' if count == 1 else 'faults'}; mend and check again"
        )
        raise typer.Exit(1) from None


def _matrix_table(block: Block) -> Table:
    who = ", ".join(f"{_WORDS[role]} {role}" for role in block.roles)
    found = Table(title=who, box=box.ROUNDED, title_justify="left")
    found.add_column("条目 entry")
    for relation in block.relations:
        found.add_column(f"{_WORDS[relation]}\n{relation}")
    for row in block.rows:
        found.add_row(_entry(row), *map(_marks, row.cells), end_section=row.open is OpenType.NOT_OPEN)
    return found


def _entry(row: Row) -> str:
    if row.share is None or row.open is None:
        return "未发布 UNPUBLISHED"
    tier = f"{_WORDS[row.share]} {row.share} · {_OPENING[row.open]} {row.open}"
    if row.sensitivity is None:
        return tier
    return f"{tier} · {', '.join(f'{_WORDS[g]} {g}' for g in sorted(row.sensitivity)) or '无 NONE'}"


def _marks(allowed: Allowed) -> str:
    return " ".join(f"{_WORDS[a]} {a[0]}" for a, yes in zip(Action, allowed, strict=True) if yes) or "–"

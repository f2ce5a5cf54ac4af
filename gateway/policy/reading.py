"""Reads a policy from its three files, or refuses it whole, naming each fault's line, column and remedy.

policy.csv    the lines (columns and words: `gateway.policy.words`)
reasons.yaml  per rule its reason in Chinese and English
model.conf    how Casbin matches a request with a line
"""

import csv
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from gateway.classes import CLASSES
from gateway.policy.model import model_problems
from gateway.policy.problems import PolicyRefused, Problem, unknown
from gateway.policy.reasons import read_reasons
from gateway.policy.source import MODEL, Line, Rule, Source, class_words
from gateway.policy.table import Effect
from gateway.policy.words import ANY, COLUMNS, MATCHED, RULE_ID, SINGLE
from gateway.vocabulary import NextStep

LINES: Final = "policy.csv"
REASONS: Final = "reasons.yaml"
FILES: Final = (MODEL, LINES, REASONS)

Row = tuple[int, dict[str, str]]


def read_policy(folder: Path) -> Source:
    """Read and validate the policy in `folder`.

    Raises:
        PolicyRefused: with every problem found, when there is any.
    """
    texts, problems = _texts(folder)
    if problems:
        raise PolicyRefused(problems)
    return parse_policy(texts)


def parse_policy(texts: Mapping[str, str]) -> Source:
    """Validate a policy, given as the texts of its files by their names.

    Raises:
        PolicyRefused: with every problem found, when there is any.
    """
    problems: list[Problem] = []
    problems += model_problems(MODEL, texts[MODEL])
    rows, faults = _rows(texts[LINES])
    problems += faults
    reasons, faults = read_reasons(REASONS, texts[REASONS])
    problems += faults
    if not rows and not problems:
        problems.append(Problem(LINES, None, None, "holds no line; an empty policy permits nothing"))
    lines: list[Line] = []
    rules: dict[str, Rule] = {}
    where: dict[str, int] = {}
    for number, row in rows:
        faults = list(_faults(number, row))
        problems += faults
        if faults:
            continue
        line = Line(number, row["rule"], {column: tuple(row[column].split("|")) for column in MATCHED})
        rule = _rule(row, reasons)
        problems += _disagreements(number, rule, rules.get(rule.id), where.get(rule.id), lines, line)
        rules.setdefault(rule.id, rule)
        where.setdefault(rule.id, number)
        lines.append(line)
    named = {row["rule"] for _, row in rows}
    for name in sorted(named - set(reasons)):
        first = next(number for number, row in rows if row["rule"] == name)
        problems.append(Problem(LINES, first, "rule", f"{name!r} has no reason; add it to {REASONS} with zh and en"))
    problems += [
        Problem(REASONS, None, None, f"{name!r} is no rule of {LINES}; remove it or add its line")
        for name in sorted(set(reasons) - named)
    ]
    if problems:
        raise PolicyRefused(problems)
    return Source(digest(texts), dict(texts), tuple(lines), rules)


def digest(texts: Mapping[str, str]) -> str:
    """SHA-256 over the files, each with its name and length, in hex."""
    found = sha256()
    for name in FILES:
        data = texts[name].encode()
        found.update(f"{name}\x1f{len(data)}\x1f".encode() + data)
    return found.hexdigest()


def _texts(folder: Path) -> tuple[dict[str, str], list[Problem]]:
    texts, problems = {}, []
    for name in FILES:
        try:
            texts[name] = (folder / name).read_bytes().decode("utf-8-sig")
        except OSError as error:
            problems.append(Problem(name, None, None, f"cannot be read from {folder} ({error.strerror})"))
        except UnicodeDecodeError as error:
            before = error.object[: error.start].count(b"\n") + 1
            problems.append(Problem(name, before, None, "is not UTF-8; save it as UTF-8"))
    return texts, problems


def _rows(text: str) -> tuple[list[Row], list[Problem]]:
    rows: list[Row] = []
    problems: list[Problem] = []
    header = False
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        try:
            cells = [cell.strip() for cell in next(csv.reader([line], skipinitialspace=True, strict=True))]
        except csv.Error as error:
            problems.append(Problem(LINES, number, None, f"is no line of comma-separated values ({error})"))
            continue
        if not header:
            header = True
            if tuple(cells) != COLUMNS:
                problems.append(
                    Problem(LINES, number, None, f"the first line must be the header: {', '.join(COLUMNS)}")
                )
                return [], problems
        elif len(cells) != len(COLUMNS):
            hint = "; use the ASCII comma" if "，" in line else ""
            wanted = f"{len(COLUMNS)} cells ({', '.join(COLUMNS)})"
            problems.append(Problem(LINES, number, None, f"has {len(cells)} cells instead of {wanted}{hint}"))
        else:
            rows.append((number, dict(zip(COLUMNS, cells, strict=True))))
    return rows, problems


def _faults(number: int, row: Mapping[str, str]) -> Iterator[Problem]:
    """What is wrong with one line by itself."""
    if not RULE_ID.fullmatch(row["rule"]):
        message = f"{row['rule']!r} is no rule id; use lower-case words with hyphens, like open-to-all"
        yield Problem(LINES, number, "rule", message)
    sound = True
    for column, known in (MATCHED | SINGLE).items():
        words = row[column].split("|") if column in MATCHED else [row[column]]
        for word in words:
            if word not in known:
                sound = False
                yield Problem(LINES, number, column, unknown(word, known))
        if len(set(words)) < len(words) or (ANY in words and len(words) > 1):
            sound = False
            yield Problem(LINES, number, column, f"{row[column]!r} says a word twice; ANY stands alone")
    if not sound:
        return
    if (row["effect"] == Effect.ALLOW) is not (row["next"] == NextStep.USE):
        message = f"{row['next']} does not go with effect {row['effect']}; USE goes with allow, and only with it"
        yield Problem(LINES, number, "next", message)
    tiers = ("state", "share", "open", "sensitivity")
    if not any(all(set(row[c].split("|")) & set(class_words(key)[c]) for c in tiers) for key in CLASSES):
        message = "no entry can have this state and tier together, so the line never applies (R22); widen a column"
        yield Problem(LINES, number, "/".join(tiers), message)


def _rule(row: Mapping[str, str], reasons: Mapping[str, tuple[str, str]]) -> Rule:
    zh, en = reasons.get(row["rule"], ("", ""))
    return Rule(row["rule"], Effect(row["effect"]), row["requirement"], NextStep(row["next"]), zh, en)


def _disagreements(
    number: int, rule: Rule, known: Rule | None, at: int | None, lines: list[Line], line: Line
) -> Iterator[Problem]:
    """What is wrong with one line beside those before it."""
    if known is not None:
        for column in SINGLE:
            if getattr(known, column) != getattr(rule, column):
                message = f"rule {rule.id} says {getattr(rule, column)} here and {getattr(known, column)} in line {at}"
                yield Problem(LINES, number, column, f"{message}; give one of them its own rule id")
    twin = next((other for other in lines if (other.rule, other.cells) == (line.rule, line.cells)), None)
    if twin is not None:
        yield Problem(LINES, number, None, f"repeats line {twin.number}; remove one")

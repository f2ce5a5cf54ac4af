"""Rule sets: how many working days a duty has, by which text, from when on, and for whom otherwise (R36, R37)."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import yaml

_MOST: Final = 250
"""Working days; about a year."""


class Duty(StrEnum):
    """What somebody has a number of working days for (the regulation's deadlines)."""

    ANSWER_ACCESS_REQUEST = "ANSWER_ACCESS_REQUEST"
    """答复有条件共享申请 (article 16, paragraph 2)."""
    ANSWER_OPEN_REQUEST = "ANSWER_OPEN_REQUEST"
    """答复有条件开放申请 (article 24, paragraph 2)."""
    UPDATE_ENTRY = "UPDATE_ENTRY"
    """更新目录并报送 (article 8)."""
    CHECK_CORRECTION = "CHECK_CORRECTION"
    """核查校核申请并答复 (article 18)."""


class NoRule(LookupError):
    """No rule was in force for a duty on a day (R37)."""


class RuleFault(ValueError):
    """The rules cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """So many working days for a duty, within one regime."""

    regime: str
    """The rule set's name; of several regimes that apply at once, each keeps its own clock."""
    version: str
    duty: Duty
    working_days: int
    basis: str
    """The text that says so."""
    since: date
    until: date | None
    """The first day on which it is no longer in force."""
    agency: str | None = None
    """The code of the one agency that it is for, where it differs from the others' (R36)."""

    @property
    def name(self) -> str:
        """As deadlines and events cite it."""
        return f"{self.version}/{self.duty}" + (f"/{self.agency}" if self.agency else "")

    def holds(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return self.since <= day and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules that are known."""

    rules: tuple[Rule, ...]
    digest: str
    """SHA-256 of the text."""
    text: str

    def applying(self, duty: Duty, agency: str, day: date) -> tuple[Rule, ...]:
        """The rules for an agency (by its code) and a duty that begins on a day: one of each regime.

        Raises:
            NoRule: there is none.
        """
        found: dict[str, Rule] = {}
        for rule in self.rules:
            if rule.duty is duty and rule.holds(day) and rule.agency in (None, agency):
                other = found.get(rule.regime)
                if other is None or (other.agency is None and rule.agency is not None):
                    found[rule.regime] = rule
        if not found:
            raise NoRule(f"no rule for {duty} was in force on {day}")
        return tuple(found.values())

    def in_force(self, day: date) -> tuple[str, ...]:
        """The versions of the rule sets in force on a day."""
        return tuple(sorted({rule.version for rule in self.rules if rule.holds(day)}))


def load_rules(path: Path) -> RuleBook:
    """The rules of a file.

    The file is a list of rule sets: `regime`, `version`, `basis`, `since`, perhaps `until`, `duties` (working days by
    duty) and perhaps `overrides`, a list of `agency`, `duty`, `working_days`, `basis` and perhaps `since` and `until`.

    Raises:
        RuleFault: it cannot be read, or says something impossible.
    """
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise RuleFault(f"{path} cannot be read: {problem}") from None
    return parse_rules(data, str(path))


def parse_rules(data: bytes, where: str) -> RuleBook:
    """The rules in the bytes of such a file.

    Raises:
        RuleFault: they cannot be read, or say something impossible. The message names `where`.
    """
    try:
        text = data.decode()
        given: Any = yaml.safe_load(text)
    except (UnicodeDecodeError, yaml.YAMLError) as problem:
        raise RuleFault(f"{where} cannot be read: {problem}") from None
    if not isinstance(given, list) or not given:
        raise RuleFault(f"{where}: expected a list of rule sets")
    rules = [rule for number, one in enumerate(given, 1) for rule in _rules(f"{where}: rule set {number}", one)]
    _check_apart(where, rules)
    return RuleBook(tuple(rules), hashlib.sha256(data).hexdigest(), text)


_SET: Final = {"regime", "version", "basis", "since", "until", "duties", "overrides"}
_OVERRIDE: Final = {"agency", "duty", "working_days", "basis", "since", "until"}


def _rules(where: str, given: Any) -> Iterable[Rule]:
    _check_keys(where, given, _SET, _SET - {"until", "overrides"})
    regime, version, basis = (_text(where, given, name) for name in ("regime", "version", "basis"))
    since, until = _span(where, given)
    duties = given["duties"]
    if not isinstance(duties, dict) or not duties:
        raise RuleFault(f"{where}: duties: expected working days by duty, like {Duty.ANSWER_ACCESS_REQUEST}: 7")
    for name, days in duties.items():
        duty = _duty(f"{where}: duties", name)
        yield Rule(regime, version, duty, _days(f"{where}: {name}", days), basis, since, until)
    overrides = given.get("overrides", [])
    if not isinstance(overrides, list):
        raise RuleFault(f"{where}: overrides: expected a list")
    for number, one in enumerate(overrides, 1):
        at = f"{where}: override {number}"
        _check_keys(at, one, _OVERRIDE, _OVERRIDE - {"since", "until"})
        begin, end = _span(at, {"since": since, "until": until, **one})
        if begin < since or (until is not None and (end is None or end > until)):
            raise RuleFault(f"{at}: it cannot be in force when its rule set is not")
        yield Rule(
            regime,
            version,
            _duty(at, one["duty"]),
            _days(at, one["working_days"]),
            _text(at, one, "basis"),
            begin,
            end,
            _text(at, one, "agency"),
        )


def _check_apart(where: str, rules: list[Rule]) -> None:
    """No two rules of a regime may apply to the same agency, duty and day."""
    for i, one in enumerate(rules):
        for other in rules[:i]:
            same = (one.regime, one.duty, one.agency) == (other.regime, other.duty, other.agency)
            apart = (other.until is not None and other.until <= one.since) or (
                one.until is not None and one.until <= other.since
            )
            if same and not apart:
                raise RuleFault(f"{where}: {other.name} and {one.name} are in force at the same time; end one of them")


def _check_keys(where: str, given: Any, known: set[str], needed: set[str]) -> None:
    if not isinstance(given, dict):
        raise RuleFault(f"{where}: expected {', '.join(sorted(known))}")
    if unknown := sorted(str(key) for key in given.keys() - known):
        raise RuleFault(f"{where}: {unknown[0]!r} is not known; expected {', '.join(sorted(known))}")
    if missing := sorted(needed - given.keys()):
        raise RuleFault(f"{where}: {missing[0]} is missing")


def _text(where: str, given: Any, name: str) -> str:
    found = given[name]
    if not isinstance(found, str) or not found.strip():
        raise RuleFault(f"{where}: {name}: expected a text")
    return found


def _duty(where: str, given: Any) -> Duty:
    try:
        return Duty(given)
    except ValueError:
        raise RuleFault(f"{where}: {given!r} is no duty; expected one of {', '.join(Duty)}") from None


def _days(where: str, given: Any) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or not 1 <= given <= _MOST:
        raise RuleFault(f"{where}: {given!r} is no number of working days from 1 to {_MOST}")
    return given


def _span(where: str, given: Any) -> tuple[date, date | None]:
    since, until = given["since"], given.get("until")
    for name, day in (("since", since), ("until", until)):
        if type(day) is not date and not (name == "until" and day is None):
            raise RuleFault(f"{where}: {name}: {day!r} is no day, written like 2021-03-30")
    if until is not None and until <= since:
        raise RuleFault(f"{where}: it ends on {until}, before it begins")
    return since, until

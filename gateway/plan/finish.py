"""What is left to do when a record has come back: decisions, unions, and the promise of non-null.

The check is the hot path: it looks at every object once, and only a broken promise is looked at closely.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from gateway.classes import ClassKey
from gateway.plan.guard import relations_of
from gateway.plan.mapping import Decisions
from gateway.plan.selection import TYPENAME, Selected
from gateway.plan.shaped import Fault, Shaped, shaped
from gateway.policy.table import AccessTable, Decision
from gateway.vocabulary import Action

Check = Callable[[Any], bool]
Turn = Callable[[Any, AccessTable], Any]

_ATTRIBUTES: Final = {"zh": "reason_zh", "en": "reason_en"}

_NOTHING_NULL: Final[Check] = lambda value: None not in value.values()  # noqa: E731


def decision(table: AccessTable, classed: str, mask: int, action: Action, selected: Selected) -> dict[str, Any]:
    """One access decision in the shape that the client selected."""
    return decided(table.decide(ClassKey(classed), relations_of(mask), action), selected)


def decided(value: Decision, selected: Selected) -> dict[str, Any]:
    """A decision in the shape that the client selected; below `reason` are its two languages."""
    out: dict[str, Any] = {}
    for child in selected.only:
        if child.name == TYPENAME:
            out[child.key] = selected.type_name
        elif child.children:
            out[child.key] = decided(value, child)
        else:
            out[child.key] = getattr(value, _ATTRIBUTES.get(child.name, child.name))
    return out


def _decisions(selected: Selected) -> Turn:
    def turn(value: Any, table: AccessTable) -> Any:
        classed, mask = value
        return {
            child.key: selected.type_name
            if child.name == TYPENAME
            else decision(table, classed, mask, Action(child.name.upper()), child)
            for child in selected.only
        }

    return turn


def _turn_of(selected: Selected) -> Turn | None:
    """How a value has to be changed, or None when it is right as it came."""
    if isinstance(selected.mapping, Decisions):
        return _decisions(selected)
    if len(selected.children) > 1:
        inner = {t: _turn_object(cs) for t, cs in selected.children.items()}

        def unwrap(value: Any, table: AccessTable) -> Any:
            name, found = value
            turn = inner[name]
            return turn(found, table) if turn else found

        return unwrap
    if not selected.children:
        return None
    return _turn_object(selected.only)


def _turn_object(children: Sequence[Selected]) -> Turn | None:
    turns = [(c.key, t) for c in children if (t := _turn_of(c)) is not None]
    if not turns:
        return None

    def turn(value: Any, table: AccessTable) -> Any:
        for key, one in turns:
            found = value[key]
            if found is None:
                continue
            value[key] = [one(v, table) for v in found] if _is_rows(found) else one(found, table)
        return value

    return turn


def _is_rows(value: Any) -> bool:
    """Whether a list holds rows, rather than being the pair that stands for one value still to be turned."""
    return isinstance(value, list) and not (len(value) == 2 and isinstance(value[0], str))


def _check_of(children: Sequence[Selected]) -> Check:
    required = [c.key for c in children if c.required]
    nested = [
        (c.key, _check_of(c.only)) for c in children if len(c.children) == 1 and not isinstance(c.mapping, Decisions)
    ]
    if not nested and len(required) == len(children):
        return _NOTHING_NULL

    def check(value: Any) -> bool:
        for key in required:
            if value[key] is None:
                return False
        for key, one in nested:
            found = value[key]
            if found is None:
                continue
            if type(found) is list:
                for v in found:
                    if not one(v):
                        return False
            elif not one(found):
                return False
        return True

    return check


class _Absent(Exception):
    """A promised value is missing; the nearest nullable parent becomes null."""


def _complete(value: Any, selected: Selected, path: tuple[str | int, ...], faults: list[Fault], parent: str) -> Any:
    """The slow way, taken only when a promise was broken: names each fault and nulls what GraphQL says is nulled."""
    try:
        if value is None and selected.required:
            faults.append(Fault(path, f"Cannot return null for non-nullable field {parent}.{selected.name}."))
            raise _Absent
        if isinstance(value, list) and len(selected.children) == 1:
            return [_object(v, selected, (*path, i), faults) for i, v in enumerate(value)]
        if isinstance(value, dict) and len(selected.children) == 1:
            return _object(value, selected, path, faults)
        return value
    except _Absent:
        if selected.required:
            raise
        return None


def _object(value: Any, selected: Selected, path: tuple[str | int, ...], faults: list[Fault]) -> Any:
    if value is None:
        return None
    return {c.key: _complete(value[c.key], c, (*path, c.key), faults, selected.type_name) for c in selected.only}


class Finish:
    """Turns the value of a record into a `Shaped`. Made once per plan."""

    __slots__ = ("_check", "_turn", "root")

    def __init__(self, root: Selected) -> None:
        self.root = root
        self._turn: Mapping[str, Turn | None] = {t: _turn_object(cs) for t, cs in root.children.items()}
        self._check: Mapping[str, Check] = {t: _check_of(cs) for t, cs in root.children.items()}

    def one(self, value: Any, type_name: str, table: AccessTable) -> Shaped | None:
        """A single object of a known type; None stays None."""
        if value is None:
            return None
        turn = self._turn[type_name]
        if turn is not None:
            value = turn(value, table)
        if self._check[type_name](value):
            return shaped(value)
        faults: list[Fault] = []
        narrowed = Selected(
            self.root.key, self.root.name, self.root.node, None, None, {type_name: self.root.children[type_name]}
        )
        try:
            return shaped(_object(value, narrowed, (), faults), tuple(faults))
        except _Absent:
            return shaped(None, tuple(faults))

    def many(self, values: Sequence[Any], table: AccessTable) -> Shaped:
        """Objects with their type names, None where there is none."""
        faults: list[Fault] = []
        out: list[Any] = []
        for i, value in enumerate(values):
            if value is None:
                out.append(None)
                continue
            found = self.one(value[1], value[0], table)
            assert found is not None
            faults += [Fault((i, *fault.path), fault.message) for fault in found.faults]
            out.append(found.data)
        return shaped(out, tuple(faults))

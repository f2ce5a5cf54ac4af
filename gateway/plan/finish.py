"""From a record's value to the response's shape.

A statement gives every object as a list of its selected values, in the order of the selection: less for Neo4j to
build and to send than maps, and the response keeps the client's order. Here the keys are put to it, decisions are
looked up, and the promise of non-null is checked on the way; only a broken promise is looked at closely.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.classes import ClassKey
from gateway.plan.guard import relations_of
from gateway.plan.mapping import Decisions, Elsewhere
from gateway.plan.selection import TYPENAME, Selected
from gateway.plan.shaped import Fault, Shaped, shaped
from gateway.policy.table import AccessTable, Decision
from gateway.vocabulary import Action

Shape = Callable[[Any, AccessTable], Any]
"""Turns one value of a record, never null, into what the response has in its place."""

_ATTRIBUTES: Final = {"zh": "reason_zh", "en": "reason_en"}


@dataclass(frozen=True, slots=True)
class Pending:
    """Stands in an answer where something from elsewhere belongs, with what identifies it there."""

    asked: Sequence[Any]
    selected: Selected


class _Broken(Exception):
    """A value that the schema promises is missing somewhere."""


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


def _decisions(selected: Selected) -> Shape:
    actions = [(c.key, None if c.name == TYPENAME else Action(c.name.upper()), c) for c in selected.only]

    def shape(value: Any, table: AccessTable) -> Any:
        classed, mask = value
        return {
            key: selected.type_name if action is None else decision(table, classed, mask, action, child)
            for key, action, child in actions
        }

    return shape


def _abstract(selected: Selected) -> Shape:
    shapes = {name: _object(name, children) for name, children in selected.children.items()}

    def shape(value: Any, table: AccessTable) -> Any:
        return shapes[value[0]](value[1], table)

    return shape


def _object(type_name: str, children: Sequence[Selected]) -> Shape:
    """Compiled once per plan: a display with its keys written out takes a third of the time of `dict(zip(…))`.

    What is compiled are response keys, which are GraphQL names, and type names, as Python literals.
    """
    stored = [c for c in children if c.name != TYPENAME]
    names: dict[str, Any] = {"required": [i for i, c in enumerate(stored) if c.required], "Broken": _Broken}
    members, place = [], 0
    for child in children:
        if child.name == TYPENAME:
            members.append(f"{child.key!r}: {type_name!r}")
            continue
        text = f"value[{place}]"
        if (inner := _value(child)) is not None:
            names[f"shape{place}"] = inner
            text = f"None if {text} is None else shape{place}({text}, table)"
        members.append(f"{child.key!r}: {text}")
        place += 1
    lines = (
        "def shape(value, table):",
        "    if None in value and any(value[i] is None for i in required): raise Broken",
        f"    return {{{', '.join(members)}}}",
    )
    exec("\n".join(lines), names)  # noqa: S102 - see above
    made: Shape = names["shape"]
    return made


def _value(selected: Selected) -> Shape | None:
    """How a value is shaped, or None when it is right as it comes."""
    if not selected.children:
        return None
    if isinstance(selected.mapping, Decisions):
        return _decisions(selected)
    if isinstance(selected.mapping, Elsewhere):
        return lambda value, _: Pending(value, selected)
    one = _abstract(selected) if len(selected.children) > 1 else _object(selected.type_name, selected.only)
    if not selected.listed:
        return one

    def many(value: Any, table: AccessTable) -> Any:
        return [one(v, table) for v in value]

    return many


class _Absent(Exception):
    """A promised value is missing; the nearest nullable parent becomes null."""


class _Careful:
    """The slow way, taken only when a promise was broken: names each fault and nulls what GraphQL says is nulled."""

    def __init__(self, table: AccessTable) -> None:
        self.table = table
        self.faults: list[Fault] = []

    def object(self, value: Any, type_name: str, children: Sequence[Selected], path: tuple[str | int, ...]) -> Any:
        given = iter(value)
        return {
            c.key: type_name if c.name == TYPENAME else self.value(next(given), c, (*path, c.key), type_name)
            for c in children
        }

    def value(self, value: Any, selected: Selected, path: tuple[str | int, ...], parent: str) -> Any:
        try:
            if value is None:
                if selected.required:
                    message = f"Cannot return null for non-nullable field {parent}.{selected.name}."
                    self.faults.append(Fault(path, message))
                    raise _Absent
                return None
            if not selected.children:
                return value
            if isinstance(selected.mapping, Decisions):
                return _decisions(selected)(value, self.table)
            if isinstance(selected.mapping, Elsewhere):
                return Pending(value, selected)
            if selected.listed:
                return [self.one(v, selected, (*path, i)) for i, v in enumerate(value)]
            return self.one(value, selected, path)
        except _Absent:
            if selected.required:
                raise
            return None

    def one(self, value: Any, selected: Selected, path: tuple[str | int, ...]) -> Any:
        if len(selected.children) > 1:
            name, value = value
        else:
            name = selected.type_name
        return self.object(value, name, selected.children[name], path)


def _has_elsewhere(selected: Selected) -> bool:
    return isinstance(selected.mapping, Elsewhere) or any(
        _has_elsewhere(child) for children in selected.children.values() for child in children
    )


def pending(data: Any) -> Iterator[tuple[Any, Any, Pending]]:
    """Every `Pending` in an answer, with the container that holds it and the place there."""
    places = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for place, value in places:
        if type(value) is Pending:
            yield data, place, value
        else:
            yield from pending(value)


def filled(value: Any, selected: Selected) -> Any:
    """What was found elsewhere, in the shape that the client selected: objects, lists and values inside each other."""
    if value is None or not selected.children:
        return value
    if selected.listed:
        return [_filled(row, selected) for row in value]
    return _filled(value, selected)


def _filled(row: Mapping[str, Any], selected: Selected) -> dict[str, Any]:
    return {c.key: selected.type_name if c.name == TYPENAME else _part(row[c.name], c) for c in selected.only}


def _part(value: Any, selected: Selected) -> Any:
    further = value is not None and isinstance(selected.mapping, Elsewhere)
    return Pending(value, selected) if further else filled(value, selected)


class Finish:
    """Turns the value of a record into a `Shaped`. Made once per plan."""

    __slots__ = ("_shapes", "elsewhere", "root")

    def __init__(self, root: Selected) -> None:
        self.root = root
        self.elsewhere = _has_elsewhere(root)
        """Whether answers have `Pending` in them."""
        self._shapes = {name: _object(name, children) for name, children in root.children.items()}

    def one(self, value: Any, type_name: str, table: AccessTable) -> Shaped | None:
        """A single object of a known type; None stays None."""
        if value is None:
            return None
        try:
            return shaped(self._shapes[type_name](value, table))
        except _Broken:
            careful = _Careful(table)
            try:
                found = careful.object(value, type_name, self.root.children[type_name], ())
            except _Absent:
                found = None
            return shaped(found, tuple(careful.faults))

    def many(self, values: Sequence[Any], table: AccessTable) -> Shaped:
        """Objects with their type names, None where there is none."""
        faults: list[Fault] = []
        out: list[Any] = []
        for i, value in enumerate(values):
            found = None if value is None else self.one(value[1], value[0], table)
            faults += [] if found is None else [Fault((i, *fault.path), fault.message) for fault in found.faults]
            out.append(None if found is None else found.data)
        return shaped(out, tuple(faults))

"""What an event, and so a run, states of its outputs: sets, so that a run is the union of its events in any order."""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Any, Final, NamedTuple, TypeVar

import orjson

from gateway.lineage.names import Name

T = TypeVar("T")
_LONG: Final = 4_096
"""Bytes from which what a run states is kept compressed."""
_REMEMBERED: Final = 64_000
"""Bytes up to which what runs state is remembered: most runs of a job state the same."""
MASKED: Final = "1"
DATASETS: Final = "D"
FIELDS: Final = "F"
"""The levels."""


def _json(value: Any) -> bytes:
    """What JSON has for named tuples, which orjson does not take."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


class Source(NamedTuple):
    """A source as it is stated, with one transformation; texts alone, so that they can be sorted. Empty is none."""

    target: str
    """The field of the output; empty for the whole of it."""
    namespace: str
    name: str
    field: str
    kind: str
    """DIRECT or INDIRECT; empty where nothing is said of a transformation."""
    subtype: str
    masking: str


@dataclass(frozen=True, slots=True)
class Output:
    """What is stated of one output."""

    named: frozenset[str] | None = None
    """Its fields of which it is said where they come from, if only from nowhere; None where nothing is said of fields.
    """
    columns: frozenset[Source] = frozenset()
    """Their sources, and those (without a target) which all of them have."""
    stated: frozenset[Source] | None = None
    """The datasets that it was made of, where that is said of it in particular; else those are the run's inputs."""

    def __or__(self, other: "Output") -> "Output":
        return Output(
            _either(self.named, other.named), self.columns | other.columns, _either(self.stated, other.stated)
        )


def _either(one: frozenset[T] | None, other: frozenset[T] | None) -> frozenset[T] | None:
    return other if one is None else one if other is None else one | other


class Item(NamedTuple):
    """One derivation of an output, or of a field of it."""

    target: str
    """The field; empty for the dataset."""
    namespace: str
    name: str
    field: str
    transformations: tuple[str, ...]
    """TYPE/SUBTYPE, sorted."""
    masking: bool
    """Whether all its direct transformations mask, and there is one."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What a run states at one level (datasets or fields) of one output."""

    items: frozenset[Item]
    digest: str


@dataclass(frozen=True)
class Content:
    """What is stated of a run. `|` of all its events is the run's, whatever their order and number."""

    inputs: frozenset[Name] = frozenset()
    outputs: Mapping[Name, Output] = field(default_factory=dict)

    def __or__(self, other: "Content") -> "Content":
        if self == other:
            return self
        both = dict(self.outputs)
        for name, output in other.outputs.items():
            both[name] = both[name] | output if name in both else output
        return Content(self.inputs | other.inputs, both)

    @cached_property
    def text(self) -> bytes:
        """The same for the same content."""
        outputs = [
            [
                *name,
                None if one.named is None else sorted(one.named),
                sorted(one.columns),
                None if one.stated is None else sorted(one.stated),
            ]
            for name, one in sorted(self.outputs.items())
        ]
        return _json([sorted(self.inputs), outputs])

    @cached_property
    def digest(self) -> str:
        """SHA-256 of it."""
        return sha256(self.text).hexdigest()

    @cached_property
    def stated(self) -> tuple[tuple[Name, str, Stated], ...]:
        """What is stated of each output, at either level: only where something is.

        That an output has no source has to be said (the lineage facet): an output alone, as of a run that has only
        begun, says nothing of where it comes from.
        """
        return tuple(_stated(self))

    @property
    def kept(self) -> str:
        """As a node keeps it: JSON, or base64 of that compressed."""
        return self.text.decode() if len(self.text) < _LONG else b64encode(zlib.compress(self.text, 1)).decode()


def read_content(kept: str) -> Content:
    """What a node keeps."""
    return _read(kept.encode() if kept.startswith("[") else zlib.decompress(b64decode(kept)))


def same(content: Content) -> Content:
    """An equal content, of which it may be known already what it states."""
    return _read(content.text)


def _read(text: bytes) -> Content:
    return _remembered(text) if len(text) < _REMEMBERED else _parsed(text)


def _parsed(text: bytes) -> Content:
    inputs, outputs = orjson.loads(text)
    return Content(
        frozenset(Name(*one) for one in inputs),
        {
            Name(namespace, name): Output(
                None if named is None else frozenset(named),
                frozenset(Source(*one) for one in columns),
                None if stated is None else frozenset(Source(*one) for one in stated),
            )
            for namespace, name, named, columns, stated in outputs
        },
    )


_remembered: Final = lru_cache(maxsize=2_000)(_parsed)


def _stated(content: Content) -> Iterator[tuple[Name, str, Stated]]:
    for name, output in content.outputs.items():
        sources = _datasets(content, output)
        if sources or output.stated is not None:
            yield name, DATASETS, _of(sources)
        if output.named is not None:
            yield name, FIELDS, _of(_fields(output))


def _datasets(content: Content, output: Output) -> set[Source]:
    """The datasets that an output was made of. A field's source implies its dataset."""
    if output.stated is None:
        sources = {Source("", *one, "", "", "", "") for one in content.inputs}
    else:
        sources = {one._replace(field="") for one in output.stated}
    for one in output.columns:
        # What filters or sorts the whole is a transformation of the whole; of what fields go through, they tell.
        whole = one._replace(field="") if not one.target else one._replace(target="", field="", kind="", subtype="")
        sources.add(whole if not one.target else whole._replace(masking=""))
    return sources


def _fields(output: Output) -> set[Source]:
    return {
        one._replace(target=target)
        for one in output.columns
        if one.field
        for target in ((one.target,) if one.target else output.named or ())
    }


def _of(sources: set[Source]) -> Stated:
    found: dict[tuple[str, str, str, str], list[Source]] = {}
    for one in sources:
        found.setdefault(one[:4], []).append(one)
    items = frozenset(_item(ends, some) for ends, some in found.items())
    return Stated(items, sha256(_json(sorted(items))).hexdigest()[:32])


def _item(ends: tuple[str, str, str, str], some: list[Source]) -> Item:
    said = {f"{one.kind}/{one.subtype}" if one.subtype else one.kind for one in some if one.kind}
    direct = [one.masking == MASKED for one in some if one.kind == "DIRECT"]
    return Item(*ends, tuple(sorted(said)), bool(direct) and all(direct))

"""An event: what every kind of it states, and its canonical bytes."""

import base64
import re
import secrets
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from string import ascii_lowercase
from typing import Any, ClassVar, Final

import orjson

from gateway.graph.times import instant
from gateway.vocabulary import Role

RULE_SET: Final = "2021-34.1"
"""The rules in force: the regulation by its number (庆政办发〔2021〕34号) and our version of it (R37)."""


class Stage(StrEnum):
    """The part of the regulation's scope that an event belongs to (article 3, R3)."""

    COLLECTION = "COLLECTION"
    AGGREGATION = "AGGREGATION"
    SHARING = "SHARING"
    OPENING = "OPENING"
    BUILDING = "BUILDING"
    SECURITY = "SECURITY"


class Outcome(StrEnum):
    """Whether what was asked for was done."""

    DONE = "DONE"
    REFUSED = "REFUSED"


class ActorKind(StrEnum):
    """What kind of actor caused an event."""

    PERSON = "PERSON"
    """Somebody who signed in."""
    PUBLIC = "PUBLIC"
    """Somebody who did not."""
    SYSTEM = "SYSTEM"
    """A program of an agency, which proved a key of its own."""
    OPERATOR = "OPERATOR"
    """Whoever runs the gateway's commands on its machine."""
    GATEWAY = "GATEWAY"
    """The gateway itself."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: ids of the graph, as they were at that moment."""

    kind: ActorKind
    person: str | None = None
    agency: str | None = None
    role: Role | None = None
    appointment: str | None = None
    jurisdictions: tuple[str, ...] = ()
    """The jurisdiction of the agency and those above it."""


GATEWAY: Final = Actor(ActorKind.GATEWAY)
OPERATOR: Final = Actor(ActorKind.OPERATOR)


@dataclass(frozen=True, slots=True)
class About:
    """What an event concerns, as ids of the graph: its owner's agency decides who may read the event."""

    agencies: tuple[str, ...] = ()
    jurisdictions: tuple[str, ...] = ()
    """The jurisdictions of the agencies and those above them."""
    datasets: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    case: str | None = None
    hidden: bool = False
    """Whether the actor may not know of what the event concerns: they are then shown that it happened, and no more."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What the events of one request, or of one command, have in common."""

    actor: Actor
    policy: str
    """Digest of the policy in force."""
    request: str | None = None
    """The id of the request, as the answer and the operator's log carry it."""


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_FILL: Final = bytes(4)
_BASE32: Final = f"{ascii_lowercase}234567".encode()
_RANDOM: Final = bytes(_BASE32[i & 31] for i in range(256))
_LAST: Final = bytes(_BASE32[(i & 7) << 2] for i in range(256))
"""From a random byte to a random digit."""
_ID: Final = re.compile(r"ev_[a-z2-7]{26}", re.ASCII)
_DIGITS: Final = str.maketrans(f"{ascii_lowercase}234567", f"0123456789{ascii_lowercase[:22]}")
"""From the digits of base 32 in RFC 4648 to those of `int`."""


def now() -> datetime:
    """This instant, to the millisecond."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def new_id(moment: datetime) -> str:
    """An id that nobody else gives: 48 bits of time, so that its month is known, and 80 random ones."""
    return new_ids(moment, 1)[0]


def new_ids(moment: datetime, count: int) -> list[str]:
    """Several at once: the system is asked for randomness once, and all digits are made in three strokes."""
    time = ((moment - _EPOCH) // _MILLISECOND).to_bytes(6, "big")
    first = base64.b32encode(time + _FILL)[:9].lower().decode("ascii")
    # Of the tenth digit three bits are of the time and two random; of the last three, and two are filling.
    tenth = bytes(_BASE32[(time[5] & 7) << 2 | i & 3] for i in range(256))
    drawn = secrets.token_bytes(17 * count)
    begin = drawn[:count].translate(tenth).decode("ascii")
    middle = drawn[count : 16 * count].translate(_RANDOM).decode("ascii")
    end = drawn[16 * count :].translate(_LAST).decode("ascii")
    return [f"ev_{first}{begin[i]}{middle[15 * i : 15 * i + 15]}{end[i]}" for i in range(count)]


def milliseconds_of(identifier: str) -> int:
    """The instant in an event's id, in milliseconds since 1970, UTC.

    Raises:
        ValueError: it is not an event's id.
    """
    if _ID.fullmatch(identifier) is None:
        raise ValueError(f"{identifier!r} is not the id of an event")
    return int(identifier[3:13].translate(_DIGITS), 32) >> 2  # 50 bits, of which 48 are the time


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event states. A kind adds the fields of `data`; its fields are closed with the kind's version."""

    kind: ClassVar[str]
    version: ClassVar[int] = 1
    stage: ClassVar[Stage]
    told: ClassVar[bool] = False
    """Whether the agencies that it concerns are told of it at their webhooks."""

    cause: Cause
    about: About = About()
    outcome: Outcome = Outcome.DONE
    moment: datetime = field(default_factory=now)
    id: str = ""

    def __post_init__(self) -> None:
        if not self.id:
            object.__setattr__(self, "id", new_id(self.moment))

    @property
    def body(self) -> bytes:
        """The canonical bytes (RFC 8785): texts, numbers below 2^53, lists, booleans and null, keys in order.

        Raises:
            TypeError: a field holds something else.
        """
        actor, about = self.cause.actor, self.about
        return canonical(
            {
                "v": self.version,
                "kind": self.kind,
                "id": self.id,
                "time": instant(self.moment),
                "stage": self.stage,
                "outcome": self.outcome,
                "actor": {
                    "kind": actor.kind,
                    "person": actor.person,
                    "agency": actor.agency,
                    "role": actor.role,
                    "appointment": actor.appointment,
                    "jurisdictions": actor.jurisdictions,
                },
                "about": {
                    "agencies": about.agencies,
                    "jurisdictions": about.jurisdictions,
                    "datasets": about.datasets,
                    "fields": about.fields,
                    "case": about.case,
                    "hidden": about.hidden,
                },
                "request": self.cause.request,
                "policy": self.cause.policy,
                "rules": RULE_SET,
                "data": {said: getattr(self, name) for name, said in _said(type(self))},  # type: ignore[arg-type]  # classes have a hash
            }
        )


def about_of(body: bytes) -> About:
    """What an event concerns, from its canonical bytes."""
    given = orjson.loads(body)["about"]
    agencies, jurisdictions, datasets, fields_ = (
        tuple(given[name]) for name in ("agencies", "jurisdictions", "datasets", "fields")
    )
    return About(agencies, jurisdictions, datasets, fields_, given["case"], hidden=given["hidden"])


def data_fields(kind: type[Event]) -> tuple[str, ...]:
    """The fields that a kind adds."""
    common = {one.name for one in fields(Event)}
    return tuple(one.name for one in fields(kind) if one.name not in common)


@cache
def _said(kind: Any) -> tuple[tuple[str, str], ...]:
    """The fields that a kind adds, with their names in `data`."""
    return tuple((name, camel(name)) for name in data_fields(kind))


def canonical(value: Any) -> bytes:
    """RFC 8785 for what events hold: of that, sorting by bytes and by UTF-16 only differ in keys that are not ASCII."""
    _check(value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


_PLAIN: Final[set[type]] = {str, bool, type(None)}
"""Types of which every value is right, and the vocabularies met so far: most of an event is not looked at twice."""


def _check(value: Any) -> None:
    kind = type(value)
    if kind in _PLAIN:
        return
    if kind is dict:
        _check_keys(value)
        if not _PLAIN.issuperset(map(type, value.values())):
            for item in value.values():
                if type(item) not in _PLAIN:
                    _check(item)
    elif kind in (list, tuple):
        if not _PLAIN.issuperset(map(type, value)):
            for item in value:
                _check(item)
    elif kind is int:
        if abs(value) >= 2**53:
            raise TypeError(f"{value} is no number that every JSON reader keeps; make it a text")
    elif issubclass(kind, str):
        _PLAIN.add(kind)
    else:
        raise TypeError(f"an event cannot hold a {kind.__name__}")


def _check_keys(value: dict[Any, Any]) -> None:
    for key in value:
        if not isinstance(key, str) or not key.isascii():
            raise TypeError(f"{key!r} is no key of an event: these are ASCII")


def camel(name: str) -> str:
    """A field's name as JSON has it."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)

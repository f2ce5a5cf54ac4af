"""Who may read which event, and the events that somebody asks for.

An agency reads what concerns its own data, and its own actions; an auditor or a supervisor what concerns their subtree,
and with the center what concerns the gateway itself; the public nothing. Of an action that was refused because its
target may not be known, whoever acted is shown that it happened, and nothing that the target would show.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from gateway.audit.bodies import Bodies, Body
from gateway.audit.event import milliseconds_of
from gateway.audit.index import CITY, Index, Name, Place, Question, Scope
from gateway.audit.log import LogFolder
from gateway.identity import Subject
from gateway.vocabulary import OVERSEERS, Role

ABOUT: Final = frozenset({Scope.AGENCY, Scope.DATASET, Scope.FIELD, Scope.CASE})
"""Asking by one of these would show what a bare event concerns, so it finds none of them."""
_OF_THE_CITY: Final = OVERSEERS | {Role.CENTER}


@dataclass(frozen=True, slots=True)
class Asked:
    """A filter: for each scope any of the names; a span of time in milliseconds, half open."""

    scopes: Mapping[Scope, frozenset[str]] = field(default_factory=dict)
    since: int = 0
    until: int = 2**53


@dataclass(frozen=True, slots=True)
class Seen:
    """An event as somebody may see it. `body` is None where it was erased or where they may not have it."""

    index: int
    said: Mapping[str, Any]
    """What the event states, without what they may not know."""
    body: Body | None


@dataclass(frozen=True, slots=True)
class Resource:
    """A dataset, its provider, and the provider's jurisdiction."""

    dataset: str
    agency: str
    jurisdiction: str


@dataclass(frozen=True, slots=True)
class Used:
    """How often somebody was handed out data for a purpose, and from which day to which (see `day_of`)."""

    agency: str
    """Empty where nobody acted for one."""
    purpose: str
    count: int
    first: int
    last: int

    def and_(self, other: "Used | None") -> "Used":
        """Together with what else the same did for the same."""
        if other is None:
            return self
        days = min(self.first, other.first), max(self.last, other.last)
        return Used(self.agency, self.purpose, self.count + other.count, *days)


class Events:
    """The events of a log, for whoever may read them. Safe to share between threads."""

    def __init__(self, folder: LogFolder) -> None:
        self.folder = folder

    def page(
        self, subject: Subject, asked: Asked, count: int, *, after: str | None = None, oldest_first: bool = False
    ) -> list[Seen]:
        """The first `count` events that answer, in the order of time, from behind the event `after` on.

        Raises:
            KeyError: there is no event `after`.
        """
        mine = _mine(subject)
        if not mine:
            return []
        if not asked.scopes.keys().isdisjoint(ABOUT):
            mine = frozenset(name for name in mine if name[0] in (Scope.AGENCY, Scope.JURISDICTION))
        groups = (mine, *(frozenset((scope, name) for name in names) for scope, names in asked.scopes.items()))
        index, bodies = Index(self.folder.index), Bodies(self.folder.bodies)
        places = index.page(
            Question(groups, asked.since, asked.until),
            count,
            after=None if after is None else self._place(index, after),
            oldest_first=oldest_first,
        )
        seen = (_seen(subject, place.index, bodies.read(place.index)) for place in places)
        return [one for one in seen if one is not None]

    def one(self, subject: Subject, identifier: str) -> Seen | None:
        """One event; None when there is none of this id that they may read."""
        found = Index(self.folder.index).find(identifier)
        return None if found is None else _seen(subject, found, Bodies(self.folder.bodies).read(found))

    def usage(self, subject: Subject, resources: Sequence[Resource], first: int, last: int) -> list[list[Used]]:
        """Fetches of each dataset from the first day to the last (`day_of`), by agency and purpose.

        Of each what the subject may read of the events themselves: all to its provider and to who oversees that; to
        others what they fetched themselves, or agencies that they oversee. The most frequent first.
        """
        if subject.agency is None:
            return [[] for _ in resources]
        over = frozenset(subject.jurisdictions) if subject.profile.roles & OVERSEERS else frozenset()
        uses = Index(self.folder.index).uses([one.dataset for one in resources], first, last)
        found = []
        for one in resources:
            counted: dict[tuple[str, str], Used] = {}
            whole = one.agency == subject.agency or one.jurisdiction in over
            for use in uses[one.dataset]:
                if whole or use.agency == subject.agency or over & {*use.above}:
                    by = use.agency, use.purpose
                    counted[by] = Used(*by, use.count, use.first, use.last).and_(counted.get(by))
            found.append(sorted(counted.values(), key=lambda used: (-used.count, used.agency, used.purpose)))
        return found

    def _place(self, index: Index, identifier: str) -> Place:
        found = index.find(identifier)
        if found is None:
            raise KeyError(identifier)
        return Place(milliseconds_of(identifier), found)


def _mine(subject: Subject) -> frozenset[Name]:
    """By which names events are theirs to read."""
    if subject.agency is None:
        return frozenset()
    roles, found = subject.profile.roles, {(Scope.AGENCY, subject.agency), (Scope.BARE_AGENCY, subject.agency)}
    if roles & OVERSEERS:
        for scope in (Scope.JURISDICTION, Scope.BARE_JURISDICTION):
            found |= {(scope, name) for name in subject.jurisdictions}
    if roles & _OF_THE_CITY:
        found.add((Scope.JURISDICTION, CITY))
    return frozenset(found)


def _seen(subject: Subject, index: int, body: Body | None) -> Seen | None:
    """What a subject sees of an event, decided from the event itself and not from the index."""
    if body is None or subject.agency is None:
        return None
    said: dict[str, Any] = orjson.loads(body.data)
    about, actor = said["about"], said["actor"]
    over = frozenset(subject.jurisdictions) if subject.profile.roles & OVERSEERS else frozenset()
    of_city = not about["agencies"] and actor["agency"] is None and bool(subject.profile.roles & _OF_THE_CITY)
    if subject.agency in about["agencies"] or over & {*about["jurisdictions"]} or of_city:
        return Seen(index, said, body)
    if subject.agency != actor["agency"] and not over & {*actor["jurisdictions"]}:
        return None
    if not about["hidden"]:
        return Seen(index, said, body)
    nothing: dict[str, Any] = {
        "agencies": [],
        "jurisdictions": [],
        "datasets": [],
        "fields": [],
        "case": None,
        "hidden": True,
    }
    return Seen(index, {**said, "about": nothing}, None)

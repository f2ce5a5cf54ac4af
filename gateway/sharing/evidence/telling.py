"""What the log's events and the signed documents together say of a case: all that `case.json` may claim."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from gateway.audit.export import Logged
from gateway.sharing.words import CaseState

MOVED: Final = "case.moved"
GRANT_MOVED: Final = "grant.moved"
GRANT_SUSPENDED: Final = "grant.suspended"
_STEPS: Final = (MOVED, GRANT_MOVED, GRANT_SUSPENDED)


def told(events: Sequence[Logged], contents: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The members of `case.json` that follow from events, in their order, and from what documents state, by digest.

    A member that cannot be told is left out: of an event that has no body nobody knows what it did.
    """
    found: dict[str, Any] = {}
    said = [one.said for one in events if one.said is not None]
    moves = [one for one in said if one["kind"] == MOVED]
    if moves:
        found |= {"id": moves[0]["about"]["case"], "procedure": moves[0]["data"]["procedure"]}
        if _is_last(events, moves[-1]["id"]):
            found |= {"state": moves[-1]["data"]["after"], "version": moves[-1]["data"]["n"]}
    for stated in contents.values():
        scope = scope_of(stated)
        if scope is not None:
            found |= {name: scope[name]["id"] for name in ("dataset", "consumer", "provider") if name in scope}
            found |= {"purpose": scope["purpose"]} if "purpose" in scope else {}
            break
    if not any(one.said is None for one in events):
        found["grants"] = _grants(said, contents)
    return found


def policies_of(events: Sequence[Logged]) -> set[str]:
    """The digests of the policies that were in force when something was done in the case or to a grant."""
    return {one.said["policy"] for one in events if one.said is not None and one.said["kind"] in _STEPS}


def scope_of(stated: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The scope that a document states or grants; None where it is about none."""
    content = stated.get("content")
    if not isinstance(content, dict):
        return None
    scope = content.get("granted") or content
    return scope if isinstance(scope, dict) and isinstance(scope.get("dataset"), dict) else None


def _is_last(events: Sequence[Logged], identifier: str) -> bool:
    """Whether no event without a body comes behind this one."""
    place = next(number for number, one in enumerate(events) if one.id == identifier)
    return all(one.said is not None for one in events[place:])


def _grants(said: Sequence[Mapping[str, Any]], contents: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    grants: dict[str, dict[str, Any]] = {}
    for one in said:
        data = one["data"]
        if one["kind"] == GRANT_SUSPENDED and data["grant"] in grants:
            grants[data["grant"]]["state"] = str(CaseState.SUSPENDED)
        if one["kind"] != GRANT_MOVED:
            continue
        if data["before"] is None:
            image = data["document"]
            grants[data["grant"]] = {"id": data["grant"], "image": image, "scope": scope_of(contents.get(image, {}))}
        if data["grant"] in grants:
            grants[data["grant"]]["state"] = data["after"]
    return sorted(grants.values(), key=lambda grant: str(grant["id"]))

"""The tour's stop about lineage: where a number came from and who has it, asked by three, today and as of before."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from gateway.graph.times import now

IDENTIFIER: Final = "621000/fgw/jzx"
_BEFORE: Final = "2024-06-30T00:00:00Z"
"""The city's derivations are known since 2025."""
DRAWN_FOR: Final = "staff@water"
ELSEWHERE: Final = (
    f"For others: gateway lineage show {IDENTIFIER} --as center; as SVG and in every other format, signed, with its"
    f" proof in the log: gateway lineage export {IDENTIFIER} --to lineage.zip --as center"
)
_SHOWN: Final = 9
"""Lines of one answer."""
_ACTIONS: Final = ("discover", "inspect", "fetch")
_CALLERS: Final = (("the public", None), ("staff@water", "staff@water"), ("center", "center"))
_FIND: Final = "query ($identifier: String!) { dataset(identifier: $identifier) { id title } }"
_WALK: Final = """
query ($of: ID!, $direction: LineageDirection!, $asOf: DateTime) {
  lineage(of: $of, direction: $direction, asOf: $asOf, first: 50) {
    totalCount isComplete truncatedBecause hidden { requirement reason { zh } next }
    nodes { id distance dataset { title shareType provider { name } } }
  }
}"""
_IMPACT: Final = """
query ($of: ID!) { impact(of: $of) { agencies {
  agency { name } nodes { distance dataset { title } } grants { id } uses { fetches since }
} } }"""
_ACCESS: Final = """
query ($of: ID!, $at: DateTime!) { accessAsOf(of: $of, at: $at) { policySince holders {
  role agencyKind relations count discover { allowed requirement } inspect { allowed requirement }
  fetch { allowed requirement } } } }"""
_PATHS: Final = """
query ($from: ID!, $to: ID!) { paths(from: $from, to: $to, first: 3) { paths { length } isComplete } }"""

Ask = Callable[[str | None, str, dict[str, Any]], dict[str, Any]]


def steps(ask: Ask) -> Iterator[tuple[str, str]]:
    """What is asked, and what comes out."""
    found = ask("center", _FIND, {"identifier": IDENTIFIER})["dataset"]
    of, title = found["id"], found["title"]
    walks = {name: ask(caller, _WALK, {"of": of, "direction": "UPSTREAM"})["lineage"] for name, caller in _CALLERS}
    for name, walk in walks.items():
        yield f"where does {title} come from? {name} asks", _told(walk)
    then = ask("center", _WALK, {"of": of, "direction": "UPSTREAM", "asOf": _BEFORE})["lineage"]
    yield f"the same as of {_BEFORE[:10]}, asked by center", _told(then)
    access = ask("auditor", _ACCESS, {"of": of, "at": now()})["accessAsOf"]
    yield (
        f"who could see it at this instant? auditor asks, by the policy of {access['policySince'][:19]}Z",
        _cut(map(_could, access["holders"])),
    )
    source = walks["center"]["nodes"][-1]
    ways = ask("center", _PATHS, {"from": source["id"], "to": of})["paths"]
    lengths = ", ".join(str(path["length"]) for path in ways["paths"])
    yield f"by which ways did {source['dataset']['title']} come into it?", f"the shortest have {lengths} derivations"
    held = ask("center", _IMPACT, {"of": source["id"]})["impact"]["agencies"]
    held.sort(key=lambda one: (-_fetches(one), -len(one["grants"])))
    yield f"who has what was made from {source['dataset']['title']}? center asks", _cut(map(_share, held))


def _told(walk: dict[str, Any] | None) -> str:
    if walk is None:
        return "there is no such dataset, or they may not know of it"
    lines = [_cut(f"{node['distance']} · {_entry(node['dataset'])}" for node in walk["nodes"]) or "nothing"]
    if (hidden := walk["hidden"]) is not None:
        lines.append(f"▒ something hidden: {hidden['requirement']} {hidden['reason']['zh']} → {hidden['next']}")
    why = ", ".join(walk["truncatedBecause"])
    lines.append("that is all they may know" if walk["isComplete"] else f"not everything: {why}")
    return "\n".join(lines)


def _cut(lines: Iterable[str]) -> str:
    some = [*lines]
    more = [f"… and {len(some) - _SHOWN} more"] if some[_SHOWN:] else []
    return "\n".join(some[:_SHOWN] + more)


def _entry(dataset: dict[str, Any]) -> str:
    return f"{dataset['title']} ({dataset['provider']['name']}, {dataset['shareType']})"


def _could(one: dict[str, Any]) -> str:
    who = " ".join(filter(None, (one["role"], one["agencyKind"], *(it for it in one["relations"] if it != "ANYONE"))))
    said = [f"{name} {'yes' if one[name]['allowed'] else 'no'} ({one[name]['requirement']})" for name in _ACTIONS]
    number = "" if one["count"] is None else f" ({one['count']})"
    return f"{who}{number}: {', '.join(said)}"


def _share(one: dict[str, Any]) -> str:
    nearest = one["nodes"][0]["dataset"]["title"]
    more = f" and {len(one['nodes']) - 1} more" if one["nodes"][1:] else ""
    since = f" since {min(use['since'] for use in one['uses'])}" if one["uses"] else ""
    return (
        f"{one['agency']['name']}: {nearest}{more}; {len(one['grants'])} grants, fetched {_fetches(one)} times{since}"
    )


def _fetches(one: dict[str, Any]) -> int:
    return sum(use["fetches"] for use in one["uses"])

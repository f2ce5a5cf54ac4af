"""Whatever is declared, corrected and taken back in any order, what was on record at any instant stays known.

The model keeps a copy of all periods after every step; the gateway keeps edges of which only `recordedTo` changes.
"""

import os
from collections import defaultdict
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.lineage import Ended
from gateway.lineage.declaring import union
from tests.lineage.stated import NAMES, Statements, at, corrected, declared, derived

EXAMPLES: Final = int(os.environ.get("GATEWAY_TEST_EXAMPLES", "15")) // 2
PAIRS: Final = (("stats.x", "free.a"), ("stats.x", "free.b"), ("stats.y", "free.a"), ("stats", "free"))
PERIOD: Final = st.tuples(st.integers(1, 5), st.integers(1, 4) | st.none()).map(
    lambda one: (at(one[0]), at(one[0] + one[1]) if one[1] else "")
)
SAID: Final = st.lists(st.tuples(st.sampled_from(PAIRS), PERIOD), max_size=3)
ENDS: Final = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9) | st.none()), max_size=2)
STEP: Final = st.tuples(SAID, ENDS)

Held = dict[str, tuple[tuple[str, str], tuple[str, str]]]
"""By id of the edge: target and source, since and until. An empty text is for ever."""


def after(held: Held, ends: list[tuple[str, int | None]], said: list[Any]) -> tuple[Held, bool]:
    """What is on record when a document takes effect; False where it cannot."""
    left, new = dict(held), list[Any]()
    for identifier, day in ends:
        pair, (since, until) = left.pop(identifier)
        if day is not None:
            if not since < at(day) < (until or "9"):
                return held, False
            new.append((pair, (since, at(day))))
    for pair, (since, until) in (*new, *said):
        for other, (begins, over) in left.values():
            if pair == other and since < (over or "9") and begins < (until or "9"):
                return held, False
        left[f"new {len(left)} {pair} {since}"] = (pair, (since, until))
    return left, True


def listed(held: Held) -> list[tuple[str, str, str, str]]:
    return sorted((*pair, *period) for pair, period in held.values())


def implied(held: Held) -> list[tuple[str, str, str, str]]:
    some = [(since, until or "9") for pair, (since, until) in held.values() if "." in pair[0]]
    return [("stats", "free", since, "" if until == "9" else until) for since, until in union(some)]


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(STEP, min_size=2, max_size=5))
async def test_every_instant_stays_as_it_was_known(statements: Statements, steps: list[Any]) -> None:
    await statements.renew()
    held: Held = {}
    known: list[tuple[str, Held]] = []
    for said, ends in steps:
        chosen = {sorted(held)[place % len(held)]: day for place, day in ends} if held else {}
        if not said and not chosen:
            continue
        derivations = tuple(
            derived(source, target, since, until=until or None) for (target, source), (since, until) in said
        )
        request = (
            corrected(*(Ended(one, day and at(day)) for one, day in chosen.items()), instead=derivations)
            if chosen
            else declared(*derivations)
        )
        wanted, possible = after(held, [*chosen.items()], said)
        if possible:
            await statements.act(request)
        else:
            assert (await statements.why(request))[0] in ("ALREADY_DECLARED", "PERIOD_EMPTY", "NOT_SHORTER")
        edges = [one for one in await statements.edges() if not one["p"].get("implied")]
        on_record = {one["p"]["id"]: one for one in edges if one["p"]["recordedTo"] > "9"}
        assert await statements.said() == listed(wanted)
        held = {
            name: (
                (NAMES[one["target"]], NAMES[one["source"]]),
                (one["p"]["validFrom"], "" if one["p"]["validTo"] > "9" else one["p"]["validTo"]),
            )
            for name, one in on_record.items()
        }
        known.append((statements.later(), held))
    for instant, before in known:
        assert await statements.said(instant) == listed(before)
        assert await statements.said(instant, implied=True) == implied(before)
    lines: dict[str, list[Any]] = defaultdict(list)
    for one in await statements.edges():
        lines[one["p"]["line"]].append(one["p"])
    for some in lines.values():
        for place, one in enumerate(some):
            for other in some[:place]:
                assert not all(
                    one[f"{kind}From"] < other[f"{kind}To"] and other[f"{kind}From"] < one[f"{kind}To"]
                    for kind in ("valid", "recorded")
                ), "two edges of one line say of one instant something at once"

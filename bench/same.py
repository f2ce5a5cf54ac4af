"""First of all: do all servers give the same data? A speed of something else would be worth nothing."""

import asyncio
import json
import random
from collections.abc import Sequence
from typing import Any, Final

from bench.processes import Unusable
from bench.queries import CALLER, OPS, Sample, Server
from bench.servers import post
from bench.worlds import Served, ask

COMPARED: Final = 20
_KEPT: Final = 400
_MARGIN: Final = 0.02


def samples(world: Served) -> list[Sample]:
    """Datasets that the staff caller may inspect, away from both ends so that pages are full."""
    statement = (
        "MATCH (d:Dataset) WHERE d.accessClass IN $inspect AND rand() < $share WITH d ORDER BY d.id"
        " RETURN collect([d.id, d.modified])"
    )
    inspect = world.callers["staff"]["inspect"]
    share = min(1.0, 20_000 / world.world.n)
    found = [Sample(*row) for row in asyncio.run(ask(world.settings, statement, inspect=inspect, share=share))]
    margin = int(len(found) * _MARGIN)
    oldest, newest = sorted(s.modified for s in found)[margin], sorted(s.modified for s in found)[-margin - 1]
    inner = [s for s in found[margin : len(found) - margin] if oldest < s.modified < newest]
    random.Random(11).shuffle(inner)
    return inner[:_KEPT]


def compare(world: Served, servers: Sequence[Server], given: Sequence[Sample]) -> int:
    """Ask every server every query for some samples.

    Returns:
        How many answers were compared.

    Raises:
        Unusable: two servers disagree.
    """
    compared = 0
    for op in OPS:
        for sample in given[: 1 if op == "Q5" else COMPARED]:
            first: tuple[str, str] | None = None
            for server in servers:
                answer = post(server, op, CALLER[op], server.variables(op, sample))
                value = server.canonical(op, answer)
                if server.name == "yoga+jit" and op in ("Q1", "Q2"):
                    _blank(world, value, CALLER[op])
                text = json.dumps(value, sort_keys=True, ensure_ascii=False)
                compared += 1
                if op == "Q1" and len(value) != 50:
                    raise Unusable(f"{server.name}: a page of {len(value)} for {sample.id}")
                if first is None:
                    first = server.name, text
                elif text != first[1]:
                    raise Unusable(f"{op} differs for {sample.id}:\n{_differing(first, (server.name, text))}")
    return compared


def _blank(world: Served, value: Any, caller: str) -> None:
    """The peer is let off one thing: it filters rows only, so a value that may not be read is blanked here for it."""
    fields = [f for row in (value if isinstance(value, list) else [value]) for f in row["fields"]]
    statement = "UNWIND $ids AS i MATCH (f:Field {id: i}) WHERE NOT f.accessClass IN $inspect RETURN collect(f.id)"
    inspect = world.callers[caller]["inspect"]
    hidden = set(asyncio.run(ask(world.settings, statement, ids=[f["id"] for f in fields], inspect=inspect)))
    for field in fields:
        if field["id"] in hidden:
            field["dataType"] = None


def _differing(one: tuple[str, str], other: tuple[str, str]) -> str:
    at = next((i for i, (a, b) in enumerate(zip(one[1], other[1], strict=False)) if a != b), 0)
    return "\n".join(f"  {name}: …{text[max(0, at - 200) : at + 200]}…" for name, text in (one, other))

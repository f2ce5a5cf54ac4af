"""One run: the worlds one after another, every part on the world it needs, and the table at the end."""

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

from bench.delivery import delivery
from bench.enforcement import enforcement
from bench.fetches import fetches
from bench.growth import growth, sparse, totals
from bench.ledger import ledger
from bench.lineage import lineage
from bench.lineage_ingest import lineage_ingest
from bench.load import ensure_wrk
from bench.longlog import long_log
from bench.options import Options, read_options
from bench.procedures import procedures
from bench.processes import Unusable
from bench.race import race
from bench.report import Report
from bench.same import compare, samples
from bench.servers import gateway, rivals
from bench.shares import decisions, stages
from bench.tokens import tokens
from bench.worlds import World, prepare_for_peer, served

_PARTS: Final[dict[str, Callable[[Options, Report], None]]] = {
    "decisions": decisions,
    "sparse": sparse,
    "totals": totals,
    "log": ledger,
    "longlog": long_log,
    "procedures": procedures,
    "tokens": tokens,
    "fetches": fetches,
    "delivery": delivery,
    "lineage": lineage,
    "lineage_ingest": lineage_ingest,
}
"""Those that bring the world that they need."""
_ALONE = frozenset({"enforcement", "stages", "growth"})


def main() -> int:
    """Measure what the options ask for. Returns the exit code: 0 when every target was reached, 1 when not."""
    options, report = read_options(), Report()
    began = time.monotonic()
    try:
        ensure_wrk()
        options.work.mkdir(parents=True, exist_ok=True)
        if "race" in options.parts:
            _against_others(options, report)
        if _ALONE & {*options.parts}:
            _alone(options, report)
        for name, part in _PARTS.items():
            if name in options.parts:
                part(options, report)
    except Unusable as problem:
        print(f"error: {problem}")
        return 1
    code = report.close()
    print(f"took {time.monotonic() - began:.0f} s")
    return code


def _against_others(options: Options, report: Report) -> None:
    with served(options.work, World(options.scale)) as world, ExitStack() as stack:
        given = samples(world)
        asyncio.run(prepare_for_peer(world.settings))
        servers = [gateway(world), *stack.enter_context(rivals(world, options.work))]
        compared = compare(world, servers, given)
        report.show("the same data from every server", f"{compared} answers")
        race(options, servers, given, report)


def _alone(options: Options, report: Report) -> None:
    """The same world in a new Neo4j: one that Java has compiled for the others' statements answers ours slower."""
    with served(options.work, World(options.scale)) as world:
        given = samples(world)
        if "enforcement" in options.parts:
            enforcement(options, world, given, report)
        if "stages" in options.parts:
            stages(options, world, given, report)
        if "growth" in options.parts:
            growth(options, world, given, report)

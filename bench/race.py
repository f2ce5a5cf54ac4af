"""The race itself: five queries, four servers, one table of rates, and the ratios that bind."""

from collections.abc import Sequence
from typing import Final

from bench.load import Cell, interleave, rate, ratio
from bench.options import Options
from bench.queries import CALLER, OPS, Sample, Server
from bench.report import Report

TARGETS: Final = {
    ("Q1", "ceiling"): 0.75,
    ("Q1", "yoga+jit"): 1.5,
    ("Q2", "ceiling"): 0.6,
    ("Q2", "yoga+jit"): 1.5,
    ("Q3", "ceiling"): 0.75,
    ("Q3", "yoga+jit"): 4.0,
}
"""How many times the other's rate the gateway's has to be."""


def race(options: Options, servers: Sequence[Server], given: Sequence[Sample], report: Report) -> None:
    """Measure all servers; the first one is the gateway."""
    rows = []
    ratios = []
    for op in OPS:
        cells = [Cell.of(options.bodies, "race", server, (op, CALLER[op]), given) for server in servers]
        found = interleave(cells, options)
        rows.append(f"  {op:<4}" + "".join(f"{rate(f):>14,.0f}" for f in found))
        print(rows[-1], flush=True)
        for server, figures in zip(servers[1:], found[1:], strict=True):
            ratios.append((op, server.name, ratio(found[0], figures)))
        p99 = f"p50 {min(f.p50 for f in found[0]):.1f} ms, p99 {min(f.p99 for f in found[0]):.1f} ms"
        report.show(f"{op}: gateway, {options.connections} callers, best round", p99)
    print(f"\n  requests/s, {options.connections} callers, median of {options.rounds} rounds of {options.seconds} s")
    print("  " + " " * 4 + "".join(f"{server.name:>14}" for server in servers))
    print("\n".join(rows), flush=True)
    for op, name, value in ratios:
        target = TARGETS.get((op, name))
        if target is None:
            report.show(f"{op}: gateway to {name}", f"{value:.2f}×")
        else:
            report.at_least(f"{op}: gateway to {name}", value, target)

"""What a larger catalogue costs: pages, one dataset, totals, facets; and a caller who sees one row in a thousand."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bench import queries
from bench.load import Cell, interleave, rate, ratio
from bench.options import Options
from bench.queries import CALLER, Sample, Server
from bench.report import Report
from bench.same import samples
from bench.servers import gateway, post
from bench.worlds import Served, World, served

GROWN: Final = 1.3
"""Also what counts as the same cost: less than the machine drifts by."""
RARE: Final = 2.0
_PAGE: Final = 50
TOTALS: Final = {
    "totalCount": "query T { r: datasets { totalCount } }",
    "facets": "query T { r: datasets { facets { shareType { value count } openType { value count }"
    " theme { value count } agency { value { id name } count } } } }",
}


def growth(options: Options, world: Served, given: Sequence[Sample], report: Report) -> None:
    """Q1 to Q3 on the main world and on the big one, interleaved."""
    with served(options.work, World(options.big)) as big:
        pairs = ((gateway(world, "small"), given), (gateway(big, "big"), samples(big)))
        for op in ("Q1", "Q2", "Q3"):
            cells = [Cell.of(options.bodies, "growth", server, (op, CALLER[op]), some) for server, some in pairs]
            small, large = interleave(cells, options)
            name = f"{op}: {options.scale:,} → {options.big:,} datasets, time per request"
            report.at_most(name, ratio(small, large), GROWN)


def sparse(options: Options, report: Report) -> None:
    """The public, who sees one dataset in a thousand, against the center, who sees all of the same world."""
    with served(options.work, World(options.big, fields=2, public_share=0.001)) as world:
        server = gateway(world)
        for name, order, op in (("id", "ID", "Q1"), ("modified", "MODIFIED, direction: DESC", "Q3")):
            few = _starts(server, order)
            many = samples(world)
            cells = [
                Cell.of(options.bodies, "sparse", replace(server, variables=_start), (op, "public"), few),
                Cell.of(options.bodies, "sparse", server, (op, "center"), many),
            ]
            rare, all_ = interleave(cells, options)
            report.show(
                f"page of {_PAGE} by {name}: public to center, requests/s", f"{rate(rare):,.0f} / {rate(all_):,.0f}"
            )
            report.at_most(f"page of {_PAGE} by {name}: who sees 0.1 % to who sees all", ratio(all_, rare), RARE)


def _starts(server: Server, order: str) -> list[Sample]:
    """Cursors after which the public still gets a full page, as they come from the gateway."""
    text = f"query C {{ r: datasets(first: 100, orderBy: {{field: {order}}}) {{ totalCount edges {{ cursor }} }} }}"
    found = post(server, "C", "public", {}, text)
    full = max(1, min(100, found["totalCount"] - _PAGE))
    return [Sample(edge["cursor"], "") for edge in found["edges"][:full]]


def _start(op: str, sample: Sample) -> dict[str, str]:
    del op
    return {"after": sample.id}


def totals(options: Options, report: Report) -> None:
    """`totalCount` and facets on a small world and on a huge one, interleaved."""
    with (
        served(options.work, World(options.small, fields=1)) as small,
        served(options.work, World(options.huge, fields=1)) as huge,
    ):
        worlds = (gateway(small, "small"), gateway(huge, "huge"))
        nothing = [Sample("", "")]
        for name, text in TOTALS.items():
            for caller in ("staff", "public"):
                servers = [replace(s, texts={"T": text}, variables=_none) for s in worlds]
                cells = [Cell.of(options.bodies, f"totals-{name}", s, ("T", caller), nothing) for s in servers]
                low, high = interleave(cells, options)
                title = f"{name} of {caller}: {options.small:,} → {options.huge:,}, time per request"
                report.show(f"{name} of {caller}, requests/s", f"{rate(low):,.0f} / {rate(high):,.0f}")
                report.at_most(title, ratio(low, high), GROWN)


def _none(op: str, sample: Sample) -> dict[str, str]:
    del op, sample
    return {}


__all__ = ["growth", "queries", "sparse", "totals"]

"""What enforcement costs: the same gateway with and without its access tests, where both give the same data."""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from bench import queries
from bench.load import Cell, interleave, ratio
from bench.options import Options
from bench.processes import Unusable, free_port, running, uvicorn
from bench.queries import Sample, Server
from bench.report import Report
from bench.servers import gateway, post
from bench.worlds import Served

MOST: Final = 1.1
_COMPARED: Final = 10

# What staff see whole: published, unconditionally shared entries, and of their fields what may be known of each.
_OF_STAFF: Final = (
    "query Q1($after: String!) { r: datasets(first: 50, after: $after,"
    " filter: {shareType: [UNCONDITIONAL], status: [PUBLISHED]})"
    " { nodes { id title shareType openType provider { id name } fields(first: 20) { nodes { id name } } } } }"
)


def enforcement(options: Options, world: Served, given: Sequence[Sample], report: Report) -> None:
    """Measure with and without, interleaved; the ratio is that of the time per request."""
    with ExitStack() as stack:
        pair = []
        for switch in ("on", "off"):
            port = free_port()
            env = {**world.gateway, "BENCH_ENFORCE": switch}
            log = options.work / "logs" / f"enforce-{switch}.log"
            url = f"http://127.0.0.1:{port}"
            argv = uvicorn("bench.switched:create_app", port)
            stack.enter_context(running(f"the gateway, enforcement {switch}", argv, env, log, f"{url}/readyz"))
            pair.append(gateway(world, f"enforcement {switch}", f"{url}/graphql"))
        filtered = [_filtered(server) for server in pair]
        for name, servers, op, caller in (
            ("Q1 of the center", pair, "Q1", "center"),
            ("Q2 of the center", pair, "Q2", "center"),
            ("Q3 of the center", pair, "Q3", "center"),
            ("Q1 of staff, what they see whole", filtered, "Q1", "staff"),
        ):
            chosen = _same(servers, op, caller, given)
            on, off = interleave([Cell.of(options, "enforce", s, op, caller, chosen) for s in servers], options)
            report.at_most(f"enforcement on to off: {name}", ratio(off, on), MOST)


def _filtered(server: Server) -> Server:
    text = "query C { r: datasets(first: 1, filter: {shareType: [UNCONDITIONAL], status: [PUBLISHED]})"
    edge = post(server, "C", "center", {}, f"{text} {{ edges {{ cursor node {{ id }} }} }} }}")["edges"][0]
    begin = edge["cursor"].partition(edge["node"]["id"])[0]
    return replace(server, texts={"Q1": _OF_STAFF}, variables=queries.cursor_variables(begin, begin))


def _same(servers: Sequence[Server], op: str, caller: str, given: Sequence[Sample]) -> Sequence[Sample]:
    """The samples for which both give the same.

    Raises:
        Unusable: there is a difference, so that the two cannot be compared.
    """
    for sample in given[:_COMPARED]:
        answers = {json.dumps(post(s, op, caller, s.variables(op, sample))) for s in servers}
        if len(answers) != 1:
            raise Unusable(f"enforcement on and off differ in {op} of {caller} for {sample.id}; no fair comparison")
    return given

"""What enforcement costs: the same gateway with and without its access tests, where both give the same data."""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
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

_ORDERS: Final = {"Q1": "ID", "Q3": "MODIFIED, direction: DESC"}


@dataclass(frozen=True, slots=True)
class _Case:
    """A query that both answer alike: drafts are filtered out, and what is filtered out for staff they see in part."""

    name: str
    op: str
    caller: str
    filter: str = "status: [PUBLISHED]"


_CASES: Final = (
    _Case("Q1 of the center", "Q1", "center"),
    _Case("Q2 of the center", "Q2", "center"),
    _Case("Q3 of the center", "Q3", "center"),
    _Case("Q1 of staff", "Q1", "staff", "status: [PUBLISHED], shareType: [UNCONDITIONAL]"),
    _Case("Q3 of staff", "Q3", "staff", "status: [PUBLISHED], shareType: [UNCONDITIONAL]"),
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
        for case in _CASES:
            servers = [_filtered(server, case) for server in pair]
            _same(servers, case, given)
            cells = [Cell.of(options.bodies, "enforce", s, (case.op, case.caller), given) for s in servers]
            on, off = interleave(cells, options)
            report.at_most(f"enforcement on to off: {case.name}", ratio(off, on), MOST)


def _filtered(server: Server, case: _Case) -> Server:
    """The server with the case's filter in its page; cursors belong to a filter, so their beginnings are new too."""
    if case.op not in _ORDERS:
        return server
    arguments = f"filter: {{{case.filter}}}, orderBy: {{field: {_ORDERS[case.op]}}}"
    text = f"query C {{ r: datasets(first: 1, {arguments}) {{ edges {{ cursor node {{ id }} }} }} }}"
    edge = post(server, "C", "center", {}, text)["edges"][0]
    begin = edge["cursor"].partition(edge["node"]["id"])[0]
    paged = server.texts[case.op].replace(
        "first: 50, after: $after", f"first: 50, after: $after, filter: {{{case.filter}}}"
    )
    # Of a field, the type of its values may be hidden from staff: what may be known of each field stays.
    texts = {case.op: paged if case.caller == "center" else paged.replace(" dataType", "")}
    return replace(server, texts=texts, variables=queries.cursor_variables(begin, begin))


def _same(servers: Sequence[Server], case: _Case, given: Sequence[Sample]) -> None:
    """Compare some answers.

    Raises:
        Unusable: there is a difference, so that the two cannot be compared.
    """
    for sample in given[:_COMPARED]:
        answers = {json.dumps(post(s, case.op, case.caller, s.variables(case.op, sample))) for s in servers}
        if len(answers) != 1:
            raise Unusable(f"enforcement on and off differ in {case.name} for {sample.id}; no fair comparison")

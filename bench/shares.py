"""One request's time by stage, and the number of policy decisions, from a gateway that runs with clocks in it."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, Final

from bench.options import Options
from bench.processes import ROOT, Unusable
from bench.queries import CALLER, OPS, Sample
from bench.report import Report
from bench.same import samples
from bench.servers import gateway
from bench.worlds import Served, World, served

_MEASURED: Final = 300
_LEAST: Final = 1_000


def stages(options: Options, world: Served, given: Sequence[Sample], report: Report) -> None:
    """Q1 to Q3, one request at a time: medians in ms."""
    del options
    found = _child(world, given, ("Q1", "Q2", "Q3"))["stages"]
    print("\n  ms of one request (median, one caller)")
    print("  " + " " * 16 + "".join(f"{op:>10}" for op in found))
    for stage in next(iter(found.values())):
        print(f"  {stage:<16}" + "".join(f"{found[op][stage]:>10.3f}" for op in found))
    print(flush=True)
    for op, times in found.items():
        report.show(
            f"{op}: one request, of it waiting for Neo4j", f"{times['all']:.2f} / {times['wait for Neo4j']:.2f} ms"
        )


def decisions(options: Options, report: Report) -> None:
    """How often the policy is asked to answer the same requests on a little world and on a huge one."""
    counts = []
    for n in (_LEAST, options.huge):
        with served(options.work, World(n, fields=1)) as world:
            counts.append(_child(world, samples(world), OPS)["decisions"])
    report.show(f"policy decisions: {_LEAST:,} / {options.huge:,} datasets", f"{counts[0]:,} / {counts[1]:,}")
    report.at_most("policy decisions asked", counts[1] / counts[0], 1.0)


def _child(world: Served, given: Sequence[Sample], ops: Sequence[str]) -> dict[str, Any]:
    server = gateway(world)
    requests = {
        op: {
            "headers": dict(server.headers(op, CALLER[op])),
            "bodies": [
                json.dumps({"operationName": op, "query": server.texts[op], "variables": server.variables(op, s)})
                for s in given
            ],
            "measured": _MEASURED,
        }
        for op in ops
    }
    env = {**os.environ, **world.gateway}
    argv = [sys.executable, "-m", "bench.stages"]
    result = subprocess.run(
        argv, cwd=ROOT, env=env, input=json.dumps(requests), capture_output=True, text=True, timeout=600, check=False
    )
    if result.returncode:
        raise Unusable(f"the gateway with clocks failed:\n{result.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return answer

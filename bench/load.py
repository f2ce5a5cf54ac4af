"""Load: wrk for every server alike, the measurements of one comparison taken in turn."""

import json
import os
import random
import shutil
import statistics
import subprocess
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.options import Options
from bench.processes import Unusable
from bench.queries import Sample, Server

_SCRIPT: Final = Path(__file__).with_name("load.lua")
_FIRST: Final = 20
_SLICES: Final = 10
_GAIN: Final = 1.03


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one measurement. Times in ms."""

    rate: float
    p50: float
    p99: float
    size: float
    bad: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One thing to measure: a query of a caller on a server, with prepared requests."""

    label: str
    server: Server
    op: str
    caller: str
    bodies: Path
    headers: Path

    @classmethod
    def of(
        cls,
        folder: Path,
        label: str,
        server: Server,
        ask: tuple[str, str],
        samples: Sequence[Sample],
    ) -> "Cell":
        """Write the request bodies of `ask` (query, caller) for wrk and describe the measurement."""
        op, caller = ask
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{label}-{server.name}-{op}-{caller}".replace(" ", "_").replace("/", "_")
        bodies, headers = folder / f"{name}.bodies", folder / f"{name}.headers"
        query = server.texts[op]
        lines = {
            json.dumps({"operationName": op, "query": query, "variables": server.variables(op, s)}) for s in samples
        }
        bodies.write_text("".join(f"{line}\n" for line in sorted(lines)), "utf-8")
        headers.write_text("".join(f"{k}: {v}\n" for k, v in server.headers(op, caller).items()), "utf-8")
        headers.chmod(0o600)
        return cls(label, server, op, caller, bodies, headers)


def ensure_wrk() -> None:
    """Find the load generator; where this may be done, install it.

    Raises:
        Unusable: it is not there.
    """
    if shutil.which("wrk"):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        for argv in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "wrk"]):
            subprocess.run(argv, capture_output=True, check=False)
    if not shutil.which("wrk"):
        raise Unusable("the load generator wrk is missing; install it: apt-get install wrk")


def measure(cell: Cell, connections: int, seconds: int, seed: int) -> Figures:
    """One measurement of `seconds`."""
    env = {
        **os.environ,
        "BENCH_BODIES": str(cell.bodies),
        "BENCH_HEADERS": str(cell.headers),
        "BENCH_SEED": str(seed),
    }
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(_SCRIPT), cell.server.url]
    result = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=seconds + 90, check=False)
    found = next((line for line in result.stdout.splitlines() if line.startswith("BENCH ")), None)
    if found is None:
        raise Unusable(f"wrk gave no figures for {cell.label}: {result.stdout[-500:]} {result.stderr[-500:]}")
    raw = json.loads(found.removeprefix("BENCH "))
    return Figures(
        rate=raw["requests"] / raw["micros"] * 1e6,
        p50=raw["p50"] / 1000,
        p99=raw["p99"] / 1000,
        size=raw["bytes"] / max(1, raw["requests"]),
        bad=raw["bad"],
    )


def _warm(cell: Cell, options: Options) -> None:
    """Ask until it gets no faster.

    A cold Neo4j takes seconds to plan a statement, as often as callers come meanwhile: so first one by one. After that
    Java compiles for up to a minute what is asked often; a Neo4j that has served other parts has that behind it.
    """
    headers = dict(line.split(": ", 1) for line in cell.headers.read_text("utf-8").splitlines())
    for body in cell.bodies.read_text("utf-8").splitlines()[:_FIRST]:
        request = urllib.request.Request(
            cell.server.url, body.encode(), {"content-type": "application/json", **headers}
        )
        with urllib.request.urlopen(request, timeout=120) as response:
            response.read()
    best, still = 0.0, 0
    for _ in range(_SLICES):
        found = measure(cell, options.connections, options.warm, 0).rate
        still = 0 if found > best * _GAIN else still + 1
        best = max(best, found)
        if still == 2:
            break


def interleave(cells: Sequence[Cell], options: Options) -> list[list[Figures]]:
    """All rounds of all cells; within a round each cell once, in an order of its own, so that drift hits all alike.

    Raises:
        Unusable: a server refused requests.
    """
    rnd = random.Random(1)
    for cell in cells:
        _warm(cell, options)
    found: list[list[Figures]] = [[] for _ in cells]
    for number in range(1, options.rounds + 1):
        order = list(range(len(cells)))
        rnd.shuffle(order)
        for i in order:
            figures = measure(cells[i], options.connections, options.seconds, number)
            if not figures.rate:
                raise Unusable(f"{cells[i].server.name} answered nothing within {options.seconds} s; give --secs more")
            if figures.bad:
                raise Unusable(f"{cells[i].server.name} failed {figures.bad} requests of {cells[i].label}")
            found[i].append(figures)
    return found


def rate(rounds: Sequence[Figures]) -> float:
    """Requests per second, the median of the rounds."""
    return statistics.median(f.rate for f in rounds)


def ratio(of: Sequence[Figures], to: Sequence[Figures]) -> float:
    """How many times the rate of `to` that of `of` is: the median over rounds, each compared within itself."""
    return statistics.median(a.rate / b.rate for a, b in zip(of, to, strict=True))

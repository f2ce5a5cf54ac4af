"""How fast reports are taken: many events, in requests, over the real recording and into a real log.

Daily jobs that state the same nearly every day, as most do: some read one table less now and then, some fail, some
events come late or twice.
"""

import asyncio
import random
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
import psutil

from bench.options import Options
from bench.processes import Unusable
from bench.report import Report
from gateway.app.assembly import spare_collector
from gateway.audit.event import About, Actor, ActorKind, Cause
from gateway.audit.ledger import Ledger
from gateway.audit.outbox import Outbox
from gateway.audit.recorder import Recorder
from gateway.graph import EmbeddedNeo4j, migrate, open_graph
from gateway.lineage import Recording, Reporter
from gateway.settings import load_settings
from gateway.vocabulary import FOREVER

RATE: Final = 2_000.0
"""Events a second, at least."""
_ORIGIN: Final = "bench.example/log"
_SYSTEMS: Final = 2
"""That report at once, each its own jobs."""
_JOBS: Final = 250
"""Of each."""
_FIELDS: Final = 6
_A_REQUEST: Final = 2_000
_INPUTS: Final = 100_000
_AGENCY: Final = "ag_bench"
_BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
_NAMESPACE: Final = "postgres://warehouse"
_COUNT: Final = f"""
RETURN {{runs: COUNT {{ (:Run) }},
  edges: COUNT {{ ()-[e:DERIVED_FROM]->() WHERE e.recordedTo = '{FOREVER}' }}}}
"""


def lineage_ingest(options: Options, report: Report) -> None:
    """On a database of its own, which is removed at the end."""
    work = options.work / "lineage_ingest"
    shutil.rmtree(work, ignore_errors=True)
    settings = load_settings(state=work)
    server = EmbeddedNeo4j(settings)
    server.start()
    try:
        asyncio.run(_taken(settings, options.reported, report, psutil.Process(server.pid)))
    finally:
        server.stop()
    shutil.rmtree(work)


async def _taken(settings: Any, total: int, report: Report, database: psutil.Process) -> None:
    systems = [[orjson.dumps(some) for some in _requests(total // _SYSTEMS, system)] for system in range(_SYSTEMS)]
    by = Reporter("sy_bench", _AGENCY, About((_AGENCY,)))
    cause = Cause(Actor(ActorKind.SYSTEM, agency=_AGENCY), "0" * 64)
    async with open_graph(settings) as graph, Recorder(settings.state, _ORIGIN) as recorder:
        await migrate(graph)
        await graph.run("CREATE (:Agency {id: $id, jurisdiction: 'ju_bench'})", {"id": _AGENCY})
        async with Outbox(graph, recorder) as outbox:
            recording = Recording(graph, Ledger(graph, recorder, outbox))
            spare_collector()  # as a gateway does
            began, cpu, theirs = time.perf_counter(), time.process_time(), _cpu(database)
            taken = sum(await asyncio.gather(*(_reported(recording, cause, by, bodies) for bodies in systems)))
            seconds, cpu, theirs = time.perf_counter() - began, time.process_time() - cpu, _cpu(database) - theirs
            wide = orjson.dumps(_wide())
            began = time.perf_counter()
            await recording.record(cause, by, wide)
            report.show(f"one run with {_INPUTS:,} inputs", f"{time.perf_counter() - began:.1f} s")
        found = await graph.read(_COUNT)
    if taken != total or not found["edges"]:
        raise Unusable(f"of {total} events {taken} were taken, with {found['edges']} edges")
    report.show("edges on record, of so many runs", f"{found['edges']:,} / {found['runs']:,}")
    report.show("this process and Neo4j, ms of CPU an event", f"{cpu / total * 1000:.3f} / {theirs / total * 1000:.3f}")
    report.show(f"{total:,} events in requests of {_A_REQUEST:,}", f"{total / seconds:,.0f} events/s")
    report.at_least(f"the same, of {RATE:,.0f} events/s", total / seconds / RATE, 1.0)


async def _reported(recording: Recording, cause: Cause, by: Reporter, bodies: list[bytes]) -> int:
    """What one system reports, one request after the other. How many events were taken."""
    return sum([await recording.record(cause, by, body) for body in bodies])


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _wide() -> dict[str, Any]:
    """A run that reads more than one transaction can draw."""
    run = str(UUID(int=2**100, version=4))
    return _event("START", _BEGIN, run, _JOBS * _SYSTEMS, [f"wide{i}" for i in range(_INPUTS)])


def _requests(total: int, system: int) -> Iterator[list[dict[str, Any]]]:
    drawn = random.Random(system)
    some: list[dict[str, Any]] = []
    for event in _events(total, system, drawn):
        some.append(event)
        if len(some) == _A_REQUEST:
            # A system that does several things at once: what comes in is not in order.
            drawn.shuffle(some)
            yield some
            some = []
    if some:
        yield some


def _events(total: int, system: int, drawn: random.Random) -> Iterator[dict[str, Any]]:
    """A start and an end of each run."""
    for n in range(0, total, 2):
        job, day = system * _JOBS + n // 2 % _JOBS, n // 2 // _JOBS
        begin = _BEGIN + timedelta(days=day, minutes=job)
        run = str(UUID(int=n * _SYSTEMS + system, version=4))
        sources = [f"in{job}_{i}" for i in range(3 if drawn.random() > 0.02 else 2)]
        yield _event("START", begin, run, job, sources)
        if n + 1 < total:
            end = "COMPLETE" if drawn.random() > 0.01 else "FAIL"
            yield _event(end, begin + timedelta(minutes=20), run, job, sources)


def _event(kind: str, when: datetime, run: str, job: int, sources: list[str]) -> dict[str, Any]:
    fields = {
        f"f{i}": {
            "inputFields": [
                {
                    "namespace": _NAMESPACE,
                    "name": source,
                    "field": f"f{i}",
                    "transformations": [{"type": "DIRECT", "subtype": "IDENTITY", "masking": False}],
                }
                for source in sources[:2]
            ]
        }
        for i in range(_FIELDS)
    }
    facet = {"_producer": "https://example.org", "_schemaURL": "https://openlineage.io/spec/facets/1-2-0/ColumnLine"}
    return {
        "eventType": kind,
        "eventTime": when.isoformat(),
        "producer": "https://example.org",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json",
        "run": {"runId": run},
        "job": {"namespace": "bench", "name": f"job{job}"},
        "inputs": [{"namespace": _NAMESPACE, "name": source} for source in sources],
        "outputs": [
            {
                "namespace": _NAMESPACE,
                "name": f"out{job}",
                "facets": {"columnLineage": {**facet, "fields": fields}} if kind != "START" else {},
            }
        ],
    }

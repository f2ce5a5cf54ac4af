"""What the engine of rows costs: long streams beside DuckDB alone, the first byte of a few rows, and its memory."""

import asyncio
import http.client
import json
import os
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb
import psutil
import pyarrow as pa

from bench.handing import THREADS, handing, stream
from bench.options import Options
from bench.processes import Unusable, free_port, running, uvicorn
from bench.report import Report
from bench.rows import COLUMNS, FEW
from gateway.delivery import Engine, Fetch, FileFormat, Files, Form

STREAM: Final = 0.8
FIRST_BYTE: Final = 2.0
SAME_MEMORY: Final = 1.25
"""Of the worker's peak with ten times the rows."""
_SHORT: Final = 1_000
_ASKED: Final = 300
_WARM: Final = 50

_ROWS: Final = """
COPY (SELECT i AS id, 'name of ' || i AS name, (i * 7919) % 100000 AS amount, (i * 0.37)::DOUBLE AS price,
  DATE '2000-01-01' + (i % 9000)::INT AS day, TIMESTAMP '2020-01-01' + INTERVAL (i) SECOND AS at, i % 3 = 0 AS flag,
  CASE WHEN i % 10 <> 0 THEN '区' || (i % 50) END AS district, 'say "hi", ' || i AS note, (i % 977)::INT AS kind
  FROM range({rows}) AS t(i)) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE {group})
"""
_GROUP: Final = 122_880
"""What DuckDB writes by itself."""
_SMALL_GROUP: Final = 20_480
"""So that the shorter file too has one for every thread, and more: a file of one is read by one thread."""


def delivery(options: Options, report: Report) -> None:
    """On files of its own, which are removed at the end."""
    work = options.work / "delivery"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    database = duckdb.connect(config={"threads": THREADS})
    small = work / "small"
    small.mkdir()
    for folder, group, rows in (
        (work, _GROUP, _SHORT),
        (work, _GROUP, options.streamed),
        (small, _SMALL_GROUP, options.streamed // 10),
        (small, _SMALL_GROUP, options.streamed),
    ):
        database.execute(_ROWS.format(rows=rows, path=_path(folder, rows), group=group))
    try:
        asyncio.run(_streams(work, database, options, report))
        for form in Form:
            asyncio.run(_memory(small, form, options, report))
        for rows in (_SHORT, options.streamed):
            _first_bytes(work, rows, report)
    finally:
        shutil.rmtree(work)


def _path(work: Path, rows: int) -> Path:
    return work / f"rows{rows}.parquet"


def _all(work: Path, rows: int, form: Form) -> Fetch:
    source = Files(work, (_path(work, rows).name,), FileFormat.PARQUET)
    return Fetch(source, COLUMNS, form, order_as_delivered=True)


async def _streams(work: Path, database: duckdb.DuckDBPyConnection, options: Options, report: Report) -> None:
    """Each writes the same rows, in turn; ratios are of one round. They go nowhere: the disk is not what is asked."""
    path, out = _path(work, options.streamed), Path(os.devnull)

    def copied() -> None:
        database.execute(
            f"COPY (SELECT * FROM read_parquet('{path}')) TO '{out}' (FORMAT csv, HEADER, USE_TMP_FILE false)"
        )

    def arrow() -> None:
        with pa.OSFile(str(out), "wb") as file:
            stream(database, path, file)

    with handing(database, path) as handed:
        async with Engine(work, work / "spill") as engine:
            name = f"{options.streamed:,} rows × {len(COLUMNS)} as {Form.CSV}"
            alone, ours = await _rounds(engine, work, Form.CSV, options, copied)
            report.show(f"{name}, s p50", f"{statistics.median(ours):.3f}")
            report.at_least(f"{name}, beside DuckDB alone", _ratio(alone, ours), STREAM)
            name = f"{options.streamed:,} rows × {len(COLUMNS)} as {Form.ARROW}"
            alone, elsewhere, ours = await _rounds(engine, work, Form.ARROW, options, arrow, lambda: handed.take(out))
            report.show(f"{name}, s p50", f"{statistics.median(ours):.3f}")
            report.show(f"{name}, beside DuckDB alone", f"{_ratio(alone, ours):.2f}×")
            report.show("  of that, DuckDB in another process", f"{_ratio(alone, elsewhere):.2f}×")
            report.at_least(f"{name}, beside DuckDB in another process", _ratio(elsewhere, ours), STREAM)


async def _rounds(
    engine: Engine, work: Path, form: Form, options: Options, *others: Callable[[], None]
) -> list[list[float]]:
    """Seconds of each round, of the others and of the engine; the first round does not count."""
    took: list[list[float]] = [[] for _ in (*others, engine)]
    for _ in range(options.rounds + 1):
        for times, other in zip(took, others, strict=False):
            times.append(_timed(other))
        took[-1].append(await _written(engine, _all(work, options.streamed, form), Path(os.devnull), options.streamed))
    return [times[1:] for times in took]


def _ratio(one: list[float], other: list[float]) -> float:
    """The median of the ratios of each round."""
    return statistics.median(a / b for a, b in zip(one, other, strict=True))


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


async def _written(engine: Engine, fetch: Fetch, out: Path, rows: int) -> float:
    began, seen = time.perf_counter(), 0
    with out.open("wb", buffering=0) as file:
        async with await engine.open(fetch) as found:
            async for piece in found:
                seen += piece.rows
                file.write(piece.data)
    if seen != rows:
        raise Unusable(f"{seen} rows came, not {rows}")
    return time.perf_counter() - began


async def _memory(work: Path, form: Form, options: Options, report: Report) -> None:
    """Of a new worker each, its peak after one stream."""
    peaks = []
    for rows in (options.streamed // 10, options.streamed):
        async with Engine(work, work / "spill") as engine:
            await _written(engine, _all(work, rows, form), Path(os.devnull), rows)
            peaks.append(_peak(engine))
    report.show(f"memory of the worker, {form}, MB", f"{peaks[0] / 1e6:.0f} / {peaks[1] / 1e6:.0f}")
    report.at_most(
        f"memory, {form}: {options.streamed // 10:,} → {options.streamed:,} rows", peaks[1] / peaks[0], SAME_MEMORY
    )


def _peak(engine: Engine) -> int:
    if engine.worker is None:
        raise Unusable("the worker is gone")
    status = Path(f"/proc/{psutil.Process(engine.worker).pid}/status").read_text("ascii")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def _first_bytes(work: Path, rows: int, report: Report) -> None:
    """One request after another to each server, in turns."""
    with _server("bare", work, rows) as bare, _server("engine", work, rows) as engine:
        if [*map(_few, (bare, engine))] != [FEW, FEW]:
            raise Unusable("the servers do not give the same rows")
        took: tuple[list[float], list[float]] = [], []
        for asked in range(_WARM + _ASKED):
            for port, times in zip((bare, engine), took, strict=True):
                times.append(_first_byte(port, (asked * 7919) % (rows - FEW)))
    alone, ours = (statistics.median(times[_WARM:]) * 1000 for times in took)
    name = f"first byte of {FEW} of {rows:,} rows"
    report.show(f"{name}, bare DuckDB and engine, ms p50", f"{alone:.2f} / {ours:.2f}")
    report.at_most(f"{name}, beside bare DuckDB", ours / alone, FIRST_BYTE)


@contextmanager
def _server(name: str, work: Path, rows: int) -> Iterator[int]:
    port = free_port()
    env = {"BENCH_ROWS": str(_path(work, rows))}
    with running(
        name, uvicorn(f"bench.rows:{name}", port), env, work / f"{name}.log", f"http://127.0.0.1:{port}/?since=0"
    ):
        yield port


def _few(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/?since=5")
    rows = json.loads(connection.getresponse().read())
    connection.close()
    return len(rows) if rows[0]["id"] == 5 else -1


def _first_byte(port: int, since: int) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.connect()
    began = time.perf_counter()
    connection.request("GET", f"/?since={since}")
    answer = connection.getresponse()
    answer.read(1)
    took = time.perf_counter() - began
    answer.read()
    connection.close()
    return took

"""What a small fetch under a grant costs at a gateway that really serves, beside bare Starlette and DuckDB.

Ours checks the token, asks the graph whether the grant counts, has the engine's process read, and waits until the log
has the fetch on disk; the other one reads the same file in its own process. One fsync of this disk is allowed besides.
"""

import http.client
import os
import shutil
import statistics
import time
from pathlib import Path
from typing import Final
from urllib.parse import quote

from bench.options import Options
from bench.processes import free_port, running, uvicorn
from bench.report import Report
from tests.app.process import Gateway
from tests.http.desk import Desk
from tests.http.partner import AGENCY, partner_of
from tests.http.served import Served, database

FIRST_BYTE: Final = 2.0
_FEW: Final = 100
_ASKED: Final = 300
_WARM: Final = 100


def fetches(options: Options, report: Report) -> None:
    """At a gateway of its own, with the demonstration city; both are removed at the end."""
    work = options.work / "fetches"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    more = {"GRANT_REQUESTS_PER_DAY": "1000000"}
    with (
        Gateway(work / "state", **more) as started,
        database(started.announced()) as graph,
        Served(started, graph, started.java) as served,
    ):
        partner = partner_of(served, Desk(served, work, AGENCY))
        headers = {"Authorization": f"Bearer {partner.token()}"}
        ours = f"/data/{quote(partner.entry['identifier'])}?purpose=SERVICE&limit={_FEW}"
        env = {"BENCH_ROWS": str(partner.entry["path"]), "BENCH_COLUMNS": ",".join(partner.entry["fields"])}
        port = free_port()
        address = f"http://127.0.0.1:{port}/"
        with running("bare", uvicorn("bench.rows:delivered", port), env, work / "bare.log", address):
            took: dict[str, list[float]] = {"bare": [], "gateway": [], "fsync": []}
            for _ in range(_WARM + _ASKED):
                took["bare"].append(_first_byte(port, "/", {}))
                took["gateway"].append(_first_byte(started.port, ours, headers))
                took["fsync"].append(_fsync(work))
    shutil.rmtree(work)
    bare, gateway, fsync = (statistics.median(times[_WARM:]) * 1000 for times in took.values())
    report.show("first byte of a fetch, bare, gateway, one fsync, ms p50", f"{bare:.2f} / {gateway:.2f} / {fsync:.2f}")
    report.at_most("first byte of a fetch, without one fsync, beside bare", (gateway - fsync) / bare, FIRST_BYTE)


def _first_byte(port: int, target: str, headers: dict[str, str]) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.connect()
    began = time.perf_counter()
    connection.request("GET", target, headers=headers)
    answer = connection.getresponse()
    answer.read(1)
    seconds = time.perf_counter() - began
    answer.read()
    connection.close()
    assert answer.status == 200, answer.status
    return seconds


def _fsync(work: Path) -> float:
    with (work / "synced").open("ab", buffering=0) as file:
        file.write(b"x" * 1_000)
        began = time.perf_counter()
        os.fsync(file.fileno())
        return time.perf_counter() - began

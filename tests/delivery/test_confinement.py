"""What the worker's DuckDB could do if somebody got to write its SQL: nothing outside its folders."""

from pathlib import Path

import duckdb
import pytest

from gateway.delivery.confinement import Confinement
from gateway.delivery.worker.files import confined


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """A confined one."""
    deliveries, spill = tmp_path_factory.mktemp("deliveries"), tmp_path_factory.mktemp("spill")
    limits = Confinement.of(deliveries, spill, memory="64m", spill_most="64m", threads=1, streams=1)
    return confined(Confinement.read(limits.stated))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_text('/proc/self/environ')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_csv('/etc/*')",
        "SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')",
        "COPY (SELECT 1) TO '/tmp/gateway-escaped.csv'",
        "ATTACH '/tmp/gateway-escaped.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET threads = 64",
        "SET memory_limit = '100GB'",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SET allowed_directories = ['/']",
        "RESET allowed_directories",
        "SET temp_directory = '/tmp'",
        "SELECT getenv('HOME')",
    ],
)
def test_nothing_leads_out(database: duckdb.DuckDBPyConnection, statement: str) -> None:
    with pytest.raises(duckdb.Error):
        database.execute(statement).fetchall()
    assert not [*Path("/tmp").glob("gateway-escaped*")]


def test_its_memory_ends(database: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.OutOfMemoryException):
        database.execute("SELECT list(i) FROM range(1000000000) t(i)").fetchall()


def test_another_time_zone_of_the_machine_changes_nothing(database: duckdb.DuckDBPyConnection) -> None:
    assert database.execute("SELECT current_setting('TimeZone')").fetchone() == ("UTC",)

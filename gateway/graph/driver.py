"""The one door to Neo4j: statements in, plain values out, two kinds of failure.

Measured (design section 8): an auto-commit read costs 0.58 ms of this process, a managed one 0.98, each further record
0.03. So a read is one auto-commit statement that returns one record with one value.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Final, Self, TypeVar, cast

from neo4j import AsyncDriver, AsyncGraphDatabase, AsyncManagedTransaction, AsyncSession, Query, unit_of_work
from neo4j.exceptions import (
    AuthError,
    ConfigurationError,
    ConnectionPoolError,
    DriverError,
    Neo4jError,
    ServiceUnavailable,
    SessionExpired,
)

from gateway.graph.errors import GraphError, GraphPaused, GraphTimeout, GraphUnavailable
from gateway.graph.options import Address, GraphSettings
from gateway.graph.state import StateDirectory

T = TypeVar("T")
Work = Callable[[AsyncManagedTransaction], Awaitable[T]]
"""What `Graph.write` runs inside its transaction. It may run more than once."""

_TIMED_OUT: Final = "Neo.ClientError.Transaction.TransactionTimedOut"
"""Also the beginning of `…TransactionTimedOutClientConfiguration`."""

_GOING_DOWN: Final = (
    "Neo.TransientError.General.DatabaseUnavailable",
    "Neo.TransientError.Transaction.Terminated",
    "Neo.ClientError.Database.DatabaseNotFound",
)
_SCHEMES: Final = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")
_RETRY_SECONDS: Final = 10.0
_ACQUIRE_SECONDS: Final = 10.0
_CONNECT_SECONDS: Final = 5.0
_SILENCE_SECONDS: Final = 5.0
"""Past its limit, a statement's answer is waited for this long; Neo4j looks for what to end every 2 s."""
_STREAMED: Final = 1_000
_PAUSED: Final = "MATCH (p:Pause) WHERE p.until > timestamp() RETURN true LIMIT 1"
_PAUSE_POLL: Final = 0.2
_SILENT: Final = "Neo4j does not answer"


class Graph:
    """One pool of connections to one database. Belongs to one event loop."""

    def __init__(self, address: Address, settings: GraphSettings) -> None:
        self._timeout = settings.query_timeout
        config: dict[str, Any] = {}
        if address.uri.startswith("neo4j"):
            # In a cluster a read may go to a replica: what this process wrote has to have arrived there.
            config["bookmark_manager"] = AsyncGraphDatabase.bookmark_manager()
        self._config = {"database": settings.neo4j_database, "fetch_size": -1, **config}
        self._read_config = {**self._config, "default_access_mode": "READ"}
        # The driver takes HTTP too, as a preview that cannot do what is needed here.
        if address.uri.partition("://")[0] not in _SCHEMES:
            raise GraphError(
                f"GATEWAY_NEO4J_URI must begin with one of {', '.join(_SCHEMES)}, like neo4j+s://host:7687"
            )
        try:
            self._driver: AsyncDriver = AsyncGraphDatabase.driver(
                address.uri,
                auth=(address.user, address.password.get_secret_value()),
                telemetry_disabled=True,
                notifications_min_severity="OFF",
                max_connection_pool_size=settings.neo4j_pool_size,
                connection_acquisition_timeout=_ACQUIRE_SECONDS,
                connection_timeout=_CONNECT_SECONDS,
                max_transaction_retry_time=_RETRY_SECONDS,
                user_agent="public-data-gateway",
            )
        except (ConfigurationError, ValueError) as problem:
            raise GraphError(f"GATEWAY_NEO4J_URI cannot be used: {problem}") from problem
        self._idle: list[AsyncSession] = []
        """Sessions for reading that nobody uses now: making one is a tenth of what a small read costs this process."""
        self.requests = 0
        """Statements and transactions sent since the start, for metrics and for tests that count them."""

    async def read(
        self, statement: str, parameters: Mapping[str, Any] | None = None, *, seconds: float | None = None
    ) -> Any:
        """Run one reading statement; its first record's first value, None when there is no record.

        Sent again once when the connection was lost: a read changes nothing, so that is safe.

        Args:
            statement: in Cypher.
            parameters: its values.
            seconds: how long it may run where that is less than the limit of all.

        Raises:
            GraphTimeout: it ran longer than the limit; Neo4j has ended it.
            GraphUnavailable: Neo4j cannot be reached, twice, or has stopped answering.
        """
        query = Query(statement, timeout=self._timeout if seconds is None else min(seconds, self._timeout))
        try:
            return await self._read(query, parameters)
        except (DriverError, Neo4jError) as problem:
            if not problem.is_retryable():
                raise _translated(problem) from problem
        try:
            return await self._read(query, parameters)
        except (DriverError, Neo4jError) as problem:
            raise _translated(problem) from problem

    async def run(
        self, statement: str, parameters: Mapping[str, Any] | None = None, *, timeout: float | None = None
    ) -> Any:
        """Run one auto-commit statement that may change things; its first record's first value. Never sent twice.

        For what a managed transaction cannot do: schema commands, `IN TRANSACTIONS`. All else goes through `write`.
        """
        self.requests += 1
        silence = None if timeout is None else timeout + _SILENCE_SECONDS
        try:
            async with asyncio.timeout(silence), self._driver.session(**self._config) as session:
                return await _first(session, Query(statement, timeout=timeout), parameters)
        except TimeoutError as problem:
            raise GraphUnavailable(_SILENT) from problem
        except (DriverError, Neo4jError) as problem:
            raise _translated(problem) from problem

    async def write(self, work: Work[T], *, timeout: float | None = None) -> T:
        """Run `work` in a transaction; commit when it returns, roll back when it raises.

        Conflicts (deadlocks, a leader that moved) are retried for some seconds, so `work` must bear being run again. An
        exception of the caller's passes through unchanged. While changes are paused (`gateway.graph.pause`) it waits,
        as long as it may run.

        Raises:
            GraphPaused: changes are paused for longer than that. Nothing was changed.
            GraphUnavailable: Neo4j is away. When that happened during the commit, the change may have been made.
        """
        limit = timeout or self._timeout
        end = time.monotonic() + limit

        async def unless_paused(tx: AsyncManagedTransaction) -> T:
            if await (await tx.run(_PAUSED)).single() is not None:
                raise GraphPaused("changes wait for a backup that is being made; nothing was changed, try again")
            return await work(tx)

        while True:
            self.requests += 1
            try:
                async with self._driver.session(**self._config) as session:
                    return await session.execute_write(unit_of_work(timeout=limit)(unless_paused))
            except GraphPaused:
                if time.monotonic() > end:
                    raise
                await asyncio.sleep(_PAUSE_POLL)
            except (DriverError, Neo4jError) as problem:
                raise _translated(problem) from problem

    async def stream(self, statement: str) -> AsyncIterator[Any]:
        """The first values of all records of one long read without a time limit, a thousand at a time.

        Only for who needs the whole graph: the connection is taken for as long as that lasts.

        Raises:
            GraphUnavailable: Neo4j is away.
        """
        self.requests += 1
        try:
            async with self._driver.session(**self._read_config | {"fetch_size": _STREAMED}) as session:
                async for record in await session.run(Query(statement, timeout=0)):
                    yield record[0]
        except (DriverError, Neo4jError) as problem:
            raise _translated(problem) from problem

    async def available(self) -> bool:
        """Whether Neo4j answers now."""
        try:
            return bool(await self.read("RETURN true AS up"))
        except GraphError:
            return False

    async def close(self) -> None:
        """Close every connection."""
        await self._forget_sessions()
        await self._driver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _read(self, query: Query, parameters: Mapping[str, Any] | None) -> Any:
        """One reading statement, in a session that was used before if there is one."""
        self.requests += 1
        session = self._idle.pop() if self._idle else self._driver.session(**self._read_config)
        try:
            # Neo4j ends what runs too long. One that has stopped answering ends nothing, and says nothing either.
            async with asyncio.timeout(self._timeout + _SILENCE_SECONDS):
                found = await _first(session, query, parameters)
        except (DriverError, Neo4jError):
            await session.close()
            # The others remember what they last saw of a database that may have been replaced.
            await self._forget_sessions()
            raise
        except BaseException as problem:
            session.cancel()
            await session.close()  # says nothing to Neo4j any more: the connection is gone
            if isinstance(problem, TimeoutError):
                raise GraphUnavailable(_SILENT) from problem
            raise
        self._idle.append(session)
        return found

    async def _forget_sessions(self) -> None:
        while self._idle:
            await self._idle.pop().close()


async def _first(session: AsyncSession, query: Query, parameters: Mapping[str, Any] | None) -> Any:
    """The first value of the first record; None when there is no record."""
    record = await (await session.run(query, cast(dict[str, Any] | None, parameters))).single()
    return None if record is None else record[0]


def open_graph(settings: GraphSettings, address: Address | None = None) -> Graph:
    """A `Graph` on `address`, else on the settings' Neo4j, else on the embedded one that runs on the state directory.

    Opens no connection yet.

    Raises:
        GraphUnavailable: no embedded Neo4j runs there.
        GraphError: the address cannot be one.
    """
    return Graph(address or configured_address(settings) or _embedded_address(settings), settings)


def configured_address(settings: GraphSettings) -> Address | None:
    """The Neo4j that the settings name, if any."""
    if settings.neo4j_uri is None:
        return None
    if settings.neo4j_password is None:
        raise GraphError("GATEWAY_NEO4J_URI is set without GATEWAY_NEO4J_PASSWORD")
    return Address(settings.neo4j_uri, settings.neo4j_user, settings.neo4j_password)


def _embedded_address(settings: GraphSettings) -> Address:
    address = StateDirectory(settings.state).address()
    if address is None:
        raise GraphUnavailable(
            f"no Neo4j runs on {settings.state.resolve()}. Start one with 'gateway serve' or 'gateway neo4j start', "
            "or set GATEWAY_NEO4J_URI."
        )
    return address


def _translated(problem: DriverError | Neo4jError) -> Exception:
    if isinstance(problem, Neo4jError):
        code = problem.code or ""
        if code.startswith(_TIMED_OUT):
            return GraphTimeout("the query took longer than Neo4j is given for one (GATEWAY_QUERY_TIMEOUT)")
        if isinstance(problem, AuthError):
            return GraphUnavailable(f"Neo4j refused the login: {problem.message}")
        if problem.is_retryable() or code in _GOING_DOWN:
            return GraphUnavailable(f"Neo4j is not ready: {problem.message}")
        return problem
    if isinstance(problem, ServiceUnavailable | SessionExpired | ConnectionPoolError):
        return GraphUnavailable(f"Neo4j cannot be reached: {problem}")
    return problem

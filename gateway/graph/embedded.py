"""The embedded Neo4j: a real server as a child process, with nothing to install by hand (design section 5)."""

import logging
import subprocess
import threading
import time
from pathlib import Path
from typing import Final

import neo4j
import psutil
from neo4j.exceptions import AuthError, DriverError, Neo4jError

from gateway.graph.errors import ServerFailed
from gateway.graph.jars import Progress, class_path
from gateway.graph.options import Address, GraphSettings
from gateway.graph.process import dismiss, end, reap, spawn, wait_for_port
from gateway.graph.server_config import java_command, write_config, write_first_password
from gateway.graph.state import Instance, StateDirectory

_log = logging.getLogger(__name__)

_RESTARTS: Final = 5
_LASTED: Final = 60.0
"""Seconds after which a start counts as good, so that the restarts before it are forgotten."""


def stop_detached(state: Path) -> bool:
    """Stop the server that runs on `state` under no gateway. False when there is none.

    Raises:
        StateInUse: a gateway holds the directory; the server ends with it.
    """
    directory = StateDirectory(state)
    directory.acquire()
    try:
        running = directory.running()
        if running is not None:
            end(running[1])
            directory.forget()
        return running is not None
    finally:
        directory.release()


class EmbeddedNeo4j:
    """The server on one state directory, held by this object from `start` to `stop`.

    A Java that dies meanwhile is started again on the same port, so that drivers find it. Whether the gateway
    ends by `stop`, a signal or `kill -9`, Java ends too; only a detached one (`gateway neo4j start`) stays.
    """

    def __init__(self, settings: GraphSettings, progress: Progress | None = None) -> None:
        self._settings = settings
        self._progress = progress
        self._state = StateDirectory(settings.state)
        self._nanny: subprocess.Popen[bytes] | None = None
        self._java: psutil.Process | None = None
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None

    def start(self, *, detached: bool = False) -> Address:
        """Start the server, or take over a detached one that runs on this state directory.

        What a gateway that was killed left running is ended first. With `detached` the server outlives this process
        and nobody restarts it.

        Raises:
            StateInUse: another gateway holds the state directory.
            FetchFailed: the jars cannot be had, or are not the locked ones.
            ServerFailed: Neo4j did not come up; the message holds what it said last.
        """
        self._state.acquire()
        try:
            self._stopping.clear()
            return self._take_over() or self._start(detached)
        except BaseException:
            self.stop()
            raise
        finally:
            if detached:
                self._state.release()

    def stop(self) -> None:
        """Stop what `start` started and release the state directory. Can be called twice."""
        self._stopping.set()
        if self._java is not None:
            end(self._java)
        self._reap()
        if self._watcher is not None:
            self._watcher.join()
        if self._java is not None:
            self._state.forget()
        self._java = self._watcher = None
        self._state.release()

    @property
    def pid(self) -> int | None:
        """Pid of the Java that this object started, if any."""
        return None if self._java is None else self._java.pid

    def _take_over(self) -> Address | None:
        running = self._state.running()
        if running is None:
            return None
        instance, process = running
        if instance.detached and instance.port:
            return self._check(instance.port)
        _log.warning("ending the Neo4j (process %s) of a gateway that was killed", process.pid)
        end(process)
        return None

    def _start(self, detached: bool) -> Address:
        jars = class_path(self._settings.cache, self._progress)
        password = self._state.password()
        write_first_password(self._state.home, password)
        command = java_command(self._state.home, self._state.home / "conf", jars, self._settings.neo4j_heap)
        port = self._launch(command, 0, detached)
        address = self._check(port)
        if detached and self._nanny is not None:
            # Only now: whatever interrupts the start before ends this Java too.
            dismiss(self._nanny)
            self._nanny = self._java = None
        else:
            self._watcher = threading.Thread(target=self._watch, args=(command, port), name="neo4j-watch", daemon=True)
            self._watcher.start()
        return address

    def _launch(self, command: list[str], port: int, detached: bool) -> int:
        home = self._state.home
        write_config(home, self._settings, port)
        (home / "logs").mkdir(exist_ok=True)
        self._nanny, java = spawn(command, home / "logs" / "console.log")
        self._java = java
        # Recorded before it is ready: a gateway killed in this very moment must not leave an unknown Java.
        self._state.record(Instance(java.pid, java.create_time(), 0, detached))
        port = wait_for_port(java, home)
        self._state.record(Instance(java.pid, java.create_time(), port, detached))
        return port

    def _check(self, port: int) -> Address:
        address = self._state.address_at(port)
        auth = (address.user, address.password.get_secret_value())
        try:
            with neo4j.GraphDatabase.driver(address.uri, auth=auth, telemetry_disabled=True) as driver:
                driver.execute_query("RETURN 1", database_=self._settings.neo4j_database)
        except AuthError as problem:
            raise ServerFailed(
                f"the database in {self._state.home} does not know the password in {self._state.path}/neo4j.password. "
                "Put the right one back, or remove the whole state directory to begin with an empty graph."
            ) from problem
        except (DriverError, Neo4jError) as problem:
            raise ServerFailed(f"the embedded Neo4j listens but does not answer: {problem}") from problem
        return address

    def _watch(self, command: list[str], port: int) -> None:
        failures = 0
        while failures < _RESTARTS:
            began = time.monotonic()
            if self._nanny is not None:
                self._nanny.wait()
            self._reap()
            if self._stopping.is_set():
                return
            failures = 1 if time.monotonic() - began > _LASTED else failures + 1
            _log.error("the embedded Neo4j ended by itself; starting it again (%s of %s)", failures, _RESTARTS)
            try:
                self._launch(command, port, detached=False)
            except (ServerFailed, psutil.Error, OSError) as problem:
                _log.error("%s", problem)
                self._reap()
            if self._stopping.is_set() and self._java is not None:
                end(self._java)
        _log.critical("the embedded Neo4j keeps ending; see %s", self._state.home / "logs")

    def _reap(self) -> None:
        if self._nanny is not None:
            reap(self._nanny)

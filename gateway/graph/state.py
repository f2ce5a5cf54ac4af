"""The state directory of an embedded Neo4j: who holds it, which Java runs on it, and the password."""

import json
import os
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import psutil
from pydantic import SecretStr

from gateway.graph.errors import StateInUse
from gateway.graph.hold import Held, Hold
from gateway.graph.options import Address

USER: Final = "neo4j"


@dataclass(frozen=True, slots=True)
class Instance:
    """A Java process as it was recorded at its start. A pid alone proves nothing: pids are used again."""

    pid: int
    created: float
    port: int
    detached: bool

    def process(self, home: Path) -> psutil.Process | None:
        """The living process, or None when it is gone or the pid belongs to something else by now."""
        with suppress(psutil.Error):
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < 2.0 and f"--home-dir={home}" in process.cmdline()
            if same and process.status() != psutil.STATUS_ZOMBIE:
                return process
        return None


class StateDirectory:
    """The folder `path/neo4j` and what lies in it. Not safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.home = self.path / "neo4j"
        self._hold = Hold(self.path / "lock")

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._hold.held

    def acquire(self) -> None:
        """Take the directory for this process until `release` or its end, however it ends (flock).

        Raises:
            StateInUse: somebody else holds it; the message names the process.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.home.mkdir(mode=0o700, exist_ok=True)
        try:
            self._hold.acquire()
        except Held as held:
            raise StateInUse(
                f"the state directory {self.path} is in use by another gateway (process {held.holder}). "
                "Stop that one, or give this one its own with GATEWAY_STATE."
            ) from None

    def release(self) -> None:
        """Give the directory back. Harmless when it was not held."""
        self._hold.release()

    def password(self) -> str:
        """The password of this directory's database, made at the first call; readable by its owner only."""
        path = self.path / "neo4j.password"
        if not path.exists():
            # Complete before it has its name: a process killed here must not leave an empty password behind.
            draft = path.with_suffix(".new")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(32))
            draft.replace(path)
        return path.read_text("ascii")

    def recorded(self) -> Instance | None:
        """The instance that was started last, if its record can be read. It may be long gone."""
        try:
            return Instance(**json.loads((self.path / "instance.json").read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def record(self, instance: Instance) -> None:
        """Remember `instance`; readers see the old record or the new one, never half of one."""
        draft = self.path / "instance.json.new"
        draft.write_text(json.dumps(asdict(instance)), "utf-8")
        draft.replace(self.path / "instance.json")

    def forget(self) -> None:
        """Remove the record."""
        (self.path / "instance.json").unlink(missing_ok=True)

    def running(self) -> tuple[Instance, psutil.Process] | None:
        """The recorded instance and its process, if it is alive."""
        if (instance := self.recorded()) and (process := instance.process(self.home)):
            return instance, process
        return None

    def address(self) -> Address | None:
        """Where the living instance listens, whoever started it; None while there is none or it is still starting."""
        running = self.running()
        return self.address_at(running[0].port) if running and running[0].port else None

    def address_at(self, port: int) -> Address:
        """The address of this directory's server on `port`."""
        return Address(f"bolt://127.0.0.1:{port}", USER, SecretStr(self.password()))

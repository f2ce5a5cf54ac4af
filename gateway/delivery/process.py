"""The worker as a child process: started, found dead, started again, ended."""

import asyncio
import logging
import os
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from gateway.delivery.confinement import Confinement
from gateway.delivery.errors import WorkerDied

_log: Final = logging.getLogger(__name__)
_ENDING: Final = 2.0
"""Seconds that a worker gets to end by itself."""
_BUFFER: Final = 1 << 20
"""Bytes of a stream that the kernel may hold; it has a limit of its own."""
_PROJECT: Final = Path(__file__).resolve().parents[2]


class Worker:
    """One process at a time."""

    def __init__(self, limits: Confinement) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._starting = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """Of the process that runs now, if one does."""
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    async def stream(self, request: bytes) -> tuple[socket.socket, bytes]:
        """A new line to the worker, which is started where it does not run, and what of the request is still to send.

        Raises:
            WorkerDied: it ends as soon as it is started.
        """
        for _ in range(2):
            control = await self._running()
            ours, theirs = socket.socketpair()
            ours.setblocking(False)
            try:
                with theirs:
                    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
                    # Before the worker knows of the line: so it finds the request there, and need not wait again.
                    sent = ours.send(request)
                    socket.send_fds(control, [b"\0"], [theirs.fileno()])
                return ours, request[sent:]
            except OSError:
                ours.close()
                await self._discard(control)
        raise WorkerDied("the process that reads rows does not start")

    async def _running(self) -> socket.socket:
        async with self._starting:
            if self.pid is None or self._control is None:
                await asyncio.to_thread(self._start)
            assert self._control is not None
            return self._control

    async def _discard(self, control: socket.socket) -> None:
        """End a worker that does not listen, unless somebody else did and started another."""
        async with self._starting:
            if self._control is control:
                await self._stop()

    def _start(self) -> None:
        if self._process is not None:
            _log.warning("the process that reads rows ended (%s) and is started again", self._process.returncode)
        if self._control is not None:
            self._control.close()
        # What a killed one had sorted on the disk.
        for left in Path(self._limits.spill).iterdir():
            left.unlink(missing_ok=True)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setblocking(False)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gateway.delivery.worker", str(theirs.fileno()), self._limits.stated],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                # Nothing of the gateway's environment: its secrets are none of the worker's business.
                # Arrow's own allocator keeps 30 MB more of what Parquet's writer has freed, and is no faster here.
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", "PYTHONSAFEPATH": "1",
                     "PYTHONPATH": str(_PROJECT), "ARROW_DEFAULT_MEMORY_POOL": "system"},
            )  # fmt: skip

    async def start(self) -> None:
        """Start it, without waiting for it to be ready."""
        await self._running()

    async def stop(self) -> None:
        """End it; its streams end as if it had died."""
        async with self._starting:
            await self._stop()

    async def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            await asyncio.to_thread(self._end, self._process)

    @staticmethod
    def _end(process: "subprocess.Popen[bytes]") -> None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_ENDING)
            return
        process.kill()
        process.wait()

"""Serving until somebody says stop: in this process with one worker, in several processes with more."""

import logging
import os
import shutil
import socket
from collections.abc import Callable
from typing import Final

import uvicorn
from uvicorn.supervisors import Multiprocess

from gateway.app.logs import configure_logging
from gateway.app.worker import GRACE, gateway_app
from gateway.settings import Settings

Announce = Callable[[], None]
START: Final = 60.0
"""Seconds that a worker process gets to come up before the announcement is given up."""


def serve(settings: Settings, listener: socket.socket, announce: Announce) -> bool:
    """Serve on `listener`, calling `announce` once when queries are answered.

    Returns:
        True when a signal ended it, False when the workers failed. With one worker a signal that ended it is raised
        again for the caller's own handler, after everything here has stopped.
    """
    if settings.workers == 1:
        _Alone(_config(gateway_app(), settings), announce).run(sockets=[listener])
        return True
    configure_logging(settings)
    logging.getLogger("uvicorn").setLevel(logging.INFO)  # here it says which workers died
    figures = settings.state.resolve() / "metrics"
    shutil.rmtree(figures, ignore_errors=True)
    figures.mkdir(parents=True)
    # Workers read it when they import prometheus_client; this process counts nothing.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(figures)
    several = _Several(_config("gateway.app.worker:gateway_app", settings), [listener])
    several.announce = announce
    several.run()
    return several.told


def _config(app: object, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]  # an application, or the name of what makes one
        factory=isinstance(app, str),
        workers=settings.workers,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE,
    )


class _Alone(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, announce: Announce) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()


class _Several(Multiprocess):
    announce: Announce
    told = False

    def init_processes(self) -> None:
        super().init_processes()
        if all(process.wait_until_ready(START, self.should_exit) for process in self.processes):
            self.announce()

    def handle_int(self) -> None:
        self.told = True
        super().handle_int()

    def handle_term(self) -> None:
        self.told = True
        super().handle_term()

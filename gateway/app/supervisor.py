"""Serving until somebody says stop: in this process with one worker, in several processes with more."""

import http.client
import logging
import os
import shutil
import socket
import threading
from collections.abc import Callable
from typing import Any, Final

import uvicorn
from prometheus_client.multiprocess import mark_process_dead
from uvicorn.supervisors import Multiprocess

from gateway.app.logs import configure_logging
from gateway.app.worker import GRACE, gateway_app
from gateway.settings import Settings

Announce = Callable[[], None]
HUNG: Final = 30
"""Seconds without a sign of life after which a worker is replaced; longer than a start on a busy machine."""


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
    threading.Thread(target=_announce_when_ready, args=(several, listener.getsockname(), announce), daemon=True).start()
    several.run()
    return several.told


def _config(app: object, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]  # an application, or the name of what makes one
        factory=isinstance(app, str),
        workers=settings.workers,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=settings.max_body_bytes,
        # Compression would cost each socket more memory than all else, and messages here are small.
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE,
        timeout_worker_healthcheck=HUNG,
    )


def _announce_when_ready(several: "_Several", address: tuple[Any, ...], announce: Announce) -> None:
    """Ask over HTTP: uvicorn's own question to a worker can miss that it has started."""
    host, port = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address[0], address[0]), address[1]  # noqa: S104  # not bound
    while not several.should_exit.wait(0.2):
        connection = http.client.HTTPConnection(host, port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == http.HTTPStatus.OK:
                announce()
                return
        except (OSError, http.client.HTTPException):
            continue
        finally:
            connection.close()


class _Alone(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, announce: Announce) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()


class _Several(Multiprocess):
    told = False

    def keep_subprocess_alive(self) -> None:
        """What a worker that died had open is open no longer."""
        before = {process.pid for process in self.processes}
        super().keep_subprocess_alive()
        for pid in before - {process.pid for process in self.processes}:
            mark_process_dead(pid)  # type: ignore[no-untyped-call]  # the package has no annotation there

    def handle_int(self) -> None:
        self.told = True
        super().handle_int()

    def handle_term(self) -> None:
        self.told = True
        super().handle_term()

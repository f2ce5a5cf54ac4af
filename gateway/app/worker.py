"""One serving process: the application from this process's environment."""

import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.process import BaseProcess
from typing import Final

from starlette.types import ASGIApp

from gateway.app.assembly import create_app
from gateway.app.logs import configure_logging
from gateway.schema.http import graphql_app
from gateway.settings import load_settings

GRACE: Final = 10
"""Seconds that requests under way get to finish when a process stops."""


def gateway_app() -> ASGIApp:
    """The application, for uvicorn to call in each process that serves."""
    settings = load_settings()
    configure_logging(settings)
    if parent := multiprocessing.parent_process():
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    return create_app(settings, graphql_app)


def _end_with(parent: BaseProcess) -> None:
    """A worker whose supervisor was killed must not keep the port from the next one."""
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE + 1)
    os._exit(1)

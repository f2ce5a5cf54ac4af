"""Notices at once when the gateway hangs up on a fetch, also while its query runs and nothing is sent."""

import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

_AGAIN: Final = 0.02
"""Seconds. An interruption between two steps of a query is lost, so it is repeated until the fetch has ended."""


class Watch:
    """One thread for all fetches. After its request the gateway sends nothing, so readable means hung up."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        threading.Thread(target=self._run, name="watch", daemon=True).start()

    @contextmanager
    def on(self, stream: socket.socket, interrupt: Callable[[], None]) -> Iterator[None]:
        """Call `interrupt`, in another thread and perhaps again and again, when the other side hangs up."""
        self._selector.register(stream, selectors.EVENT_READ, interrupt)
        try:
            yield
        finally:
            self._selector.unregister(stream)

    def _run(self) -> None:
        while True:
            found = self._selector.select()
            for key, _ in found:
                with suppress(Exception):  # of a fetch that has just ended
                    key.data()
            time.sleep(_AGAIN)

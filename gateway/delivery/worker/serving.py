"""Takes requests and sends rows: one thread for each stream that there may be."""

import socket
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import duckdb

from gateway.delivery.confinement import Confinement
from gateway.delivery.dialects import Found
from gateway.delivery.errors import BadFetch, DeliveryError
from gateway.delivery.fetch import Fetch, Files, Source
from gateway.delivery.frames import Kind, Request, framed, framed_error, framed_json, receive_request, send
from gateway.delivery.worker.encoding import Encoded, encoded
from gateway.delivery.worker.files import FileReader, confined
from gateway.delivery.worker.postgres import PostgresReader
from gateway.delivery.worker.watch import Watch


class HungUp(Exception):
    """The gateway wants no more of it."""


class Stream:
    """One fetch as the worker sees it."""

    def __init__(self, line: socket.socket) -> None:
        self.line = line
        self.gone = False
        self._interrupt: Callable[[], None] = lambda: None

    def on_interrupt(self, interrupt: Callable[[], None]) -> None:
        """What stops the query that comes now."""
        self._interrupt = interrupt

    def hang_up(self) -> None:
        """Called from the watch when the gateway has gone."""
        self.gone = True
        self._interrupt()

    def send(self, buffers: list[Any]) -> None:
        """Send to the gateway, or stop."""
        if self.gone:
            raise HungUp
        send(self.line, buffers)


class Server:
    """Serves until the gateway is gone."""

    def __init__(self, control: socket.socket, limits: Confinement) -> None:
        self._control = control
        self._streams = limits.streams
        database = confined(limits)
        self._files, self._postgres = FileReader(database), PostgresReader(database)
        self._watch = Watch()

    def run(self) -> None:
        """Serve. Returns when the gateway has closed its end."""
        # DuckDB warns of a copy where few rows are fetched at once: it is meant.
        warnings.simplefilter("ignore")
        over = threading.Event()
        for number in range(self._streams):
            threading.Thread(target=self._take, args=(over,), name=f"stream-{number}", daemon=True).start()
        over.wait()

    def _take(self, over: threading.Event) -> None:
        """Whichever thread is free gets the next stream: the kernel wakes one."""
        while not over.is_set():
            try:
                _, descriptors, _, _ = socket.recv_fds(self._control, 1, 1)
            except OSError:
                descriptors = []
            if not descriptors:
                over.set()
                return
            with socket.socket(fileno=descriptors[0]) as line:
                self._serve(Stream(line))

    def _serve(self, stream: Stream) -> None:
        try:
            request = receive_request(stream.line)
            with self._watch.on(stream.line, stream.hang_up):
                try:
                    self._answer(stream, request)
                except (HungUp, duckdb.InterruptException, OSError):
                    return
                except DeliveryError as problem:
                    stream.send(framed_error(problem))
                except Exception as problem:  # noqa: BLE001 - a fault here must not take a thread with it
                    # Its words may quote values.
                    print(f"a fetch failed: {type(problem).__name__}", file=sys.stderr, flush=True)  # noqa: T201
                    stream.send(framed_error(DeliveryError("the rows could not be read")))
        except (HungUp, OSError):
            pass

    def _answer(self, stream: Stream, request: Request) -> None:
        if not isinstance(request.wanted, Fetch):
            found = self._columns(request.wanted, request.seconds, stream)
            described = [[name, column.type] for name, column in found.items()]
            stream.send(framed_json(Kind.HEAD, {"columns": described}))
            return
        version, pieces = self._pieces(request.wanted, request.seconds, stream)
        # Together with the first rows: whoever waits for the head learns of whatever is wrong before.
        head = framed_json(Kind.HEAD, {"version": version})
        if request.wanted.is_short:  # one sending wakes the gateway once
            stream.send([*head, *(buffer for piece in pieces for buffer in _data(piece)), *framed(Kind.END)])
            return
        for piece in pieces:
            stream.send([*head, *_data(piece)])
            head = []
        stream.send([*head, *framed(Kind.END)])

    def _columns(self, source: Source, seconds: float, stream: Stream) -> dict[str, Found]:
        if isinstance(source, Files):
            return self._files.columns(source)
        return self._postgres.columns(source, seconds, stream.on_interrupt)

    def _pieces(self, fetch: Fetch, seconds: float, stream: Stream) -> tuple[str | None, Iterator[Encoded]]:
        if not fetch.leaving:
            raise BadFetch("there is no column to deliver")
        if isinstance(fetch.source, Files):
            version, batches = self._files.rows(fetch, stream.on_interrupt)
            return version, encoded(fetch, batches)
        return None, encoded(fetch, self._postgres.rows(fetch, seconds, stream.on_interrupt))


def _data(piece: Encoded) -> list[Any]:
    size = sum(memoryview(buffer).nbytes for buffer in piece.buffers)
    head, _ = framed(Kind.DATA, b"", piece.rows)
    return [head[:-4] + size.to_bytes(4, "big"), *piece.buffers]

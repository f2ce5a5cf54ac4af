"""Rows on their way out: pieces of a document, each with the number of rows that are in it."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, Self

from gateway.delivery.errors import DeliveryError, SourceSlow, Stalled
from gateway.delivery.fetch import Form
from gateway.delivery.frames import FrameReader, Kind


class Piece(NamedTuple):
    """Bytes that leave together, and how many rows have left with them: those that are wholly in what came so far."""

    data: bytes
    rows: int


class Rows:
    """The answer to one fetch. Nothing is read ahead: who stops asking for pieces stops the query.

    Whoever has one closes it (`async with`, or `aclose`), or takes it to its end.
    """

    def __init__(
        self, reader: FrameReader, version: str | None, form: Form, *, seconds: float, stall: float,
        end: Callable[[], None],
    ) -> None:  # fmt: skip
        self.version = version
        """The state of the source that these rows are of; None where the source states none (PostgreSQL)."""
        self.content_type = form.content_type
        self._reader, self._seconds, self._stall, self._end = reader, seconds, stall, end
        self._failure: DeliveryError | None = None
        self._over = False
        self._timer: asyncio.TimerHandle | None = None
        self._wait()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Piece:
        """The next piece.

        Raises:
            DeliveryError: there are no more, although this is not the end.
        """
        self._stop_waiting()
        if self._over:
            if self._failure is not None:
                raise self._failure
            raise StopAsyncIteration
        try:
            async with asyncio.timeout(self._seconds):
                frame = await self._reader.next()
        except TimeoutError:
            self._close(SourceSlow("the source did not deliver the next rows in time"))
            raise SourceSlow("the source did not deliver the next rows in time") from None
        except DeliveryError as problem:
            self._close(problem)
            raise
        except BaseException:  # in the middle of a frame: what comes next has no meaning
            self._close()
            raise
        if frame.kind == Kind.END:
            self._close()
            raise StopAsyncIteration
        self._wait()
        return Piece(frame.body, frame.rows)

    async def aclose(self) -> None:
        """End it, wherever it is: the query is cancelled at once."""
        self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(
            self._stall, self._close, Stalled("the rows were not taken in time")
        )

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close(self, failure: DeliveryError | None = None) -> None:
        self._stop_waiting()
        if not self._over:
            self._over, self._failure = True, failure
            self._end()

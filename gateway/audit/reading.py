"""Reading somebody's log: from a folder, or from the address where it is served."""

from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

import httpx

from gateway.audit.published import Published
from gateway.audit.tlog import BadFormat
from gateway.audit.tlog.note import LARGEST
from gateway.audit.tlog.tiles import LONGEST_ENTRY, WIDTH, Tile, beginning

_LARGEST_TILE: Final = WIDTH * (2 + LONGEST_ENTRY)


class Unreadable(Exception):
    """The log cannot be read there; the message says what was looked for."""


class LogSource(Protocol):
    """A log that can be read."""

    def checkpoint(self) -> bytes:
        """The signed checkpoint.

        Raises:
            Unreadable: there is none.
        """

    def tile(self, tile: Tile) -> bytes:
        """The bytes of a tile or entry bundle, of which nothing has been checked.

        Raises:
            Unreadable: it is not there.
        """


class FolderSource:
    """The log in a folder: a state directory's `log/public`, or an export."""

    def __init__(self, folder: Path) -> None:
        self._published = Published(folder)

    def checkpoint(self) -> bytes:
        """See `LogSource.checkpoint`."""
        try:
            note = self._published.checkpoint()
        except OSError as problem:
            raise Unreadable(f"the checkpoint cannot be read: {problem.strerror}") from None
        if note is None:
            raise Unreadable(f"there is no log in {self._published.folder}: it has no file named checkpoint")
        return note

    def tile(self, tile: Tile) -> bytes:
        """See `LogSource.tile`."""
        try:
            return self._published.read(tile)
        except OSError as problem:
            raise Unreadable(f"{tile.path} cannot be read: {problem.strerror}") from None


class UrlSource:
    """The log behind an address, the one that ends before `/checkpoint`."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._client = httpx.Client(timeout=30.0, follow_redirects=False)

    def checkpoint(self) -> bytes:
        """See `LogSource.checkpoint`."""
        return self._get("checkpoint", LARGEST)

    def tile(self, tile: Tile) -> bytes:
        """See `LogSource.tile`. Where a partial tile is gone, the full one has it."""
        try:
            return self._get(tile.path, _LARGEST_TILE)
        except Unreadable:
            if tile.width == WIDTH:
                raise
        whole = self._get(Tile(tile.level, tile.index).path, _LARGEST_TILE)
        return beginning(tile, whole)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _get(self, path: str, most: int) -> bytes:
        address = f"{self._url}/{path}"
        data = bytearray()
        try:
            with self._client.stream("GET", address) as response:
                if response.status_code != httpx.codes.OK:
                    raise Unreadable(f"{address} answers {response.status_code}")
                for chunk in response.iter_bytes():
                    data += chunk
                    if len(data) > most:
                        raise BadFormat(f"{address} gives more than any such file has")
        except httpx.HTTPError as problem:
            raise Unreadable(f"{address} cannot be read: {type(problem).__name__}") from None
        return bytes(data)

"""Parts of a file (RFC 9110, section 14): one range of bytes a request, as players of video ask for them."""

import re
from typing import Final, NamedTuple

_ONE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class Unsatisfiable(Exception):
    """The range begins behind the file's end."""


class Span(NamedTuple):
    """From a byte to before another."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """Bytes."""
        return self.stop - self.start


def span_of(header: str | None, size: int) -> Span | None:
    """The part that a Range header asks for; None where all of it is meant, or the header is nothing to go by.

    Raises:
        Unsatisfiable: nothing of the file is in it.
    """
    found = _ONE.fullmatch((header or "").strip())
    if found is None or found[0] == "bytes=-":
        return None
    first, last = found[1], found[2]
    if not first:
        start, stop = max(size - int(last), 0), size
        if int(last) == 0:
            raise Unsatisfiable
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None  # no range at all, RFC 9110, section 14.1.1
    if start >= size:
        raise Unsatisfiable
    return Span(start, stop)

"""The bodies of the log's entries with their salts: an append-only file, and what makes an entry durable.

One file holds 65,536 entries, so that its number and the place in it follow from an entry's index. A record is length,
CRC-32, state, salt and body. The CRC only tells a record that was cut off while it was written; that a body is the one
that was logged, its commitment in the tree proves. Beside each file lie the places of its records, which are made anew
from it when they are missing.
"""

import os
import struct
import sys
import zlib
from array import array
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from typing import Final, NamedTuple

from gateway.audit.durable import copy_beginning, sync, write_all
from gateway.audit.errors import LogDamaged
from gateway.audit.leaf import SALT_BYTES

PER_FILE: Final = 1 << 16
LARGEST: Final = 1_000_000
"""Bytes of a body."""
_HEAD: Final = struct.Struct(f">IIB{SALT_BYTES}s")
_PLACE: Final = struct.Struct(">Q")
_PRESENT: Final = 1
_ERASED: Final = 0


class Body(NamedTuple):
    """An event's canonical bytes and the salt of its commitment."""

    salt: bytes
    data: bytes


class Bodies:
    """The store in a folder. One process appends, any may read what is durable."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.size = 0
        self._file = self._places = -1
        self._number = -1
        self._end = 0
        self._kept: tuple[int, Sequence[int]] = -1, []

    # writing

    def open(self, known: int, *, exactly: bool = False) -> int:
        """Open for appending. A record at the end that is cut off is dropped, as long as it is none of the `known`.

        Args:
            known: entries that were published or settled, and so have to be there.
            exactly: drop whatever comes after them, sound or not: after a failed append, nobody knows what is durable.

        Returns:
            The number of bytes that were dropped.

        Raises:
            LogDamaged: fewer than the known entries are there.
        """
        self.close()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = max((int(path.stem) for path in self._folder.glob("*.log")), default=0)
        first = number * PER_FILE
        self._open_file(number)
        places = self._sound_places(number, min(max(known - first, 0), PER_FILE))
        ends = list(places)
        start = ends[-1] if ends else 0
        length = os.fstat(self._file).st_size
        ends += [end for _, end in _records(self._path(number), start)]
        if exactly:
            del ends[max(known - first, 0) :]
        self._end = ends[-1] if ends else 0
        self.size = first + len(ends)
        if self.size < known:
            raise LogDamaged(f"entry {self.size} of {known} cannot be read from {self._path(number).name}", self.size)
        if length > self._end:
            os.ftruncate(self._file, self._end)
            os.fsync(self._file)
        self._write_places(number, ends)
        return length - self._end

    def append(self, bodies: Sequence[Body]) -> int:
        """Append entries, durably: when this returns, a power cut does not take them. Returns the first one's index.

        Raises:
            OSError: it cannot be written, and nothing counts as appended. `open(size, exactly=True)` has to come next.
        """
        index, rest = self.size, bodies
        while rest:
            room = PER_FILE - self.size % PER_FILE
            if self.size // PER_FILE != self._number:
                self._next_file()
            self._append(rest[:room])
            rest = rest[room:]
        return index

    def erase(self, index: int) -> None:
        """Overwrite a body and its salt with zeros. The leaf stays, and with it the log's hashes.

        Raises:
            IndexError: there is no such entry.
        """
        number, start, end = self._span(index)
        zeros = Body(bytes(SALT_BYTES), bytes(end - start - _HEAD.size))
        with self._path(number).open("r+b") as file:
            file.seek(start)
            file.write(_head(_ERASED, zeros) + zeros.data)
            file.flush()
            os.fsync(file.fileno())

    def close(self) -> None:
        """Close the files."""
        for descriptor in (self._file, self._places):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._places = self._number = -1

    # reading

    def read(self, index: int) -> Body | None:
        """The body of an entry; None when it was erased.

        Raises:
            IndexError: there is no such entry.
            LogDamaged: the record is not what was written.
        """
        number, start, end = self._span(index)
        with self._path(number).open("rb") as file:
            file.seek(start)
            return _body(file.read(end - start), index)

    def exists(self, index: int) -> bool:
        """Whether there is a record of an entry, sound or not."""
        try:
            self._span(index)
        except IndexError:
            return False
        return True

    def scan(self, start: int, stop: int) -> Iterator[tuple[int, Body | None]]:
        """The bodies from `start` to before `stop`, in order.

        Raises:
            LogDamaged: a record is not what was written, or is missing.
        """
        for index, body in self.states(start, stop):
            if isinstance(body, LogDamaged):
                raise body
            yield index, body

    def states(self, start: int, stop: int) -> Iterator[tuple[int, Body | LogDamaged | None]]:
        """The same, with the damage in the place of a body that cannot be read."""
        at = start
        while at < stop:
            number, first = divmod(at, PER_FILE)
            places = self._places_of(number)
            last = min(stop - number * PER_FILE, PER_FILE)
            if first < len(places):
                with self._path(number).open("rb") as file:
                    for i in range(first, min(last, len(places))):
                        begin = places[i - 1] if i else 0
                        file.seek(begin)
                        yield at, _state(file.read(max(places[i] - begin, 0)), at)
                        at += 1
            for i in range(max(first, len(places)), last):
                index = number * PER_FILE + i
                yield index, LogDamaged(f"the body of entry {index} is missing", index)
            at = number * PER_FILE + last

    def copy(self, folder: Path, size: int) -> None:
        """Write the first `size` entries into a folder that is not there yet.

        Raises:
            IndexError: there are not so many.
        """
        folder.mkdir(mode=0o700, parents=True)
        for first in range(0, size, PER_FILE):
            last = min(first + PER_FILE, size) - 1
            number, _, end = self._span(last)
            name = self._path(number).name
            copy_beginning(self._path(number), folder / name, end)
            places = self._places_of(number)[: last - first + 1]
            (folder / name).with_suffix(".places").write_bytes(_packed(places))

    # how

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:06d}.log"

    def _open_file(self, number: int) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        self._file = os.open(self._path(number), flags, 0o600)
        self._places = os.open(self._path(number).with_suffix(".places"), flags, 0o600)
        self._number = number
        sync(self._folder)

    def _next_file(self) -> None:
        number = self.size // PER_FILE
        self.close()
        self._open_file(number)
        self._end = 0

    def _append(self, bodies: Sequence[Body]) -> None:
        write_all(self._file, b"".join([part for body in bodies for part in (_head(_PRESENT, body), body.data)]))
        os.fdatasync(self._file)
        lengths = [_HEAD.size + len(body.data) for body in bodies]
        ends = list(accumulate(lengths, initial=self._end))[1:]
        write_all(self._places, _packed(ends))
        self._end = ends[-1]
        self.size += len(bodies)

    def _span(self, index: int) -> tuple[int, int, int]:
        """File, beginning and end of an entry's record, from two places alone."""
        number, at = divmod(max(index, 0), PER_FILE)
        count = 2 if at else 1
        with suppress(FileNotFoundError), self._path(number).with_suffix(".places").open("rb") as file:
            file.seek((at + 1 - count) * _PLACE.size)
            found = [end for (end,) in _PLACE.iter_unpack(file.read(count * _PLACE.size))]
            if len(found) == count and index >= 0:
                return number, found[0] if at else 0, found[-1]
        places = self._places_of(number)
        if index < 0 or at >= len(places):
            raise IndexError(f"there is no body of entry {index}")
        return number, places[at - 1] if at else 0, places[at]

    def _places_of(self, number: int) -> Sequence[int]:
        """Where each record of a file ends."""
        if self._kept[0] == number:
            return self._kept[1]
        found = self._stored_places(number)
        if len(found) == PER_FILE:
            self._kept = number, found
        try:
            length = self._path(number).stat().st_size
        except FileNotFoundError:
            return []
        # The last file may be growing: what is in it beyond its places is not durable yet, or about to be placed.
        if found and (found[-1] == length or (found[-1] < length and not self._path(number + 1).exists())):
            return found
        self._kept = -1, []
        return [end for _, end in _records(self._path(number), 0)]

    def _stored_places(self, number: int) -> Sequence[int]:
        try:
            data = self._path(number).with_suffix(".places").read_bytes()
        except FileNotFoundError:
            return ()
        return _big_endian(array("Q", data[: len(data) // _PLACE.size * _PLACE.size]))

    def _sound_places(self, number: int, known: int) -> Sequence[int]:
        """The stored places of the known entries, so that damage among those is not taken for a torn end."""
        stored = self._stored_places(number)[:known]
        length = self._path(number).stat().st_size
        rising = all(before < after for before, after in zip([0, *stored], stored, strict=False))
        return stored if rising and (not stored or stored[-1] <= length) else ()

    def _write_places(self, number: int, ends: Sequence[int]) -> None:
        if [*self._stored_places(number)] != ends or os.fstat(self._places).st_size != len(ends) * _PLACE.size:
            os.ftruncate(self._places, 0)
            write_all(self._places, _packed(ends))


def _packed(ends: Sequence[int]) -> bytes:
    return _big_endian(array("Q", ends)).tobytes()


def _big_endian(places: "array[int]") -> "array[int]":
    """Between the numbers and their form in the file, either way."""
    if sys.byteorder == "little":
        places.byteswap()
    return places


def _head(state: int, body: Body) -> bytes:
    return _HEAD.pack(len(body.data), _checksum(state, body.salt, body.data), state, body.salt)


def _checksum(state: int, salt: bytes, data: bytes) -> int:
    return zlib.crc32(data, zlib.crc32(salt, zlib.crc32(bytes((state,)))))


def _body(record: bytes, index: int) -> Body | None:
    if len(record) >= _HEAD.size:
        length, crc, state, salt = _HEAD.unpack_from(record)
        data = record[_HEAD.size :]
        if length == len(data) and _checksum(state, salt, data) == crc and state in (_PRESENT, _ERASED):
            return Body(salt, data) if state == _PRESENT else None
    raise LogDamaged(f"the body of entry {index} is not what was written", index)


def _state(record: bytes, index: int) -> Body | LogDamaged | None:
    try:
        return _body(record, index)
    except LogDamaged as damage:
        return damage


def _records(path: Path, start: int) -> Iterator[tuple[Body | None, int]]:
    """The sound records from a place on, each with where it ends; stops before the first that is not sound."""
    with path.open("rb") as file:
        file.seek(start)
        at = start
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            length = _HEAD.unpack(head)[0]
            if length > LARGEST:
                return
            try:
                body = _body(head + file.read(length), -1)
            except LogDamaged:
                return
            at += _HEAD.size + length
            yield body, at

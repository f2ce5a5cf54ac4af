"""An export as bytes by paths: read from a folder or a zip file that a stranger may have made, and written as either.

Nothing is ever unpacked to a disk: what is in a zip file is read into memory, within bounds, under names that are
letters, digits and few signs more.
"""

import io
import re
import stat
import struct
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

Files = Mapping[str, bytes]
"""The bytes of files by their paths, with slashes between."""

MOST_FILES: Final = 10_000
LARGEST_FILE: Final = 32 * 1024 * 1024
LARGEST: Final = 256 * 1024 * 1024
"""Bytes of all files together."""
DEEPEST: Final = 4
ZIP: Final = ".zip"
_NAME: Final = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,100}")
_END: Final = struct.Struct("<4s4H2LH")
"""The last record of a zip file; its sixth number is the size of the list of contents."""
_TAIL: Final = _END.size + 20
"""With the record before it that a file too large for us has."""
_LONGEST_ENTRY: Final = 600
_BEGINNING: Final = (1980, 1, 1, 0, 0, 0)
_REGULAR: Final = (stat.S_IFREG | 0o644) << 16
_UNIX: Final = 3
_ENCRYPTED: Final = 0x1
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


class ExportUnusable(Exception):
    """What should be an export cannot be read as one. The message says why, in printable characters."""


def to_zip(files: Files) -> bytes:
    """The files as a zip file: the same files give the same bytes, whoever makes it and when."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(files):
            info = zipfile.ZipInfo(path, _BEGINNING)
            info.external_attr, info.create_system = _REGULAR, _UNIX
            archive.writestr(info, files[path])
    return made.getvalue()


def write_export(files: Files, to: Path, *, zipped: bool) -> None:
    """Write the files into a new folder or a new zip file.

    Raises:
        FileExistsError: it is there already.
    """
    if zipped:
        with to.open("xb") as file:
            file.write(to_zip(files))
        return
    to.mkdir(parents=True)
    for path, data in files.items():
        place = to / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def read_export(path: Path) -> dict[str, bytes]:
    """The files of an export, from its folder or its zip file.

    Raises:
        ExportUnusable: it has names that no export has, links, too much of anything, or is no zip file.
        OSError: it cannot be read.
    """
    bounded = _Bounded()
    for name, data in _of_folder(path) if path.is_dir() else _of_zip(path):
        bounded.add(name, data)
    return bounded.files


class _Bounded:
    """Files as they are read, within bounds."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self._folded: set[str] = set()
        self._total = 0

    def add(self, name: str, data: bytes) -> None:
        """Take one more."""
        self._total += len(data)
        if len(self.files) == MOST_FILES or self._total > LARGEST:
            raise ExportUnusable(f"it has more than {MOST_FILES} files or {LARGEST} bytes, which no export has")
        if name.casefold() in self._folded:
            raise ExportUnusable(f"{name} is there twice")
        self._folded.add(name.casefold())
        self.files[name] = data


def _check_name(name: str) -> str:
    parts = name.split("/")
    if len(parts) > DEEPEST or not all(map(_NAME.fullmatch, parts)):
        raise ExportUnusable(f"it has a file named {name!a:.80}, which no export has")
    return name


def _of_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    waiting = [folder]
    seen = 0
    while waiting:
        for one in sorted(waiting.pop().iterdir()):
            name = _check_name(one.relative_to(folder).as_posix())
            seen += 1
            if seen > 2 * MOST_FILES:
                raise ExportUnusable(f"it has more than {MOST_FILES} files, which no export has")
            found = one.lstat()
            if stat.S_ISDIR(found.st_mode):
                waiting.append(one)
            elif not stat.S_ISREG(found.st_mode):
                raise ExportUnusable(f"{name} is a link or a device, which no export has")
            else:
                with one.open("rb") as file:
                    yield name, _within(file.read(LARGEST_FILE + 1), name)


def _of_zip(path: Path) -> Iterator[tuple[str, bytes]]:
    _check_directory(path)
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                name = _check_name(info.filename)
                kind = stat.S_IFMT(info.external_attr >> 16)
                if kind not in (0, stat.S_IFREG):
                    raise ExportUnusable(f"{name} is a link or a device, which no export has")
                if info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS:
                    raise ExportUnusable(f"{name} is encrypted or packed in a way that no export is")
                with archive.open(info) as file:
                    # What a member says of its own size is not believed.
                    yield name, _within(file.read(LARGEST_FILE + 1), name)
    except ExportUnusable:
        raise
    except Exception as problem:  # noqa: BLE001 - bytes from elsewhere; the reader has many ways to say that they are nothing
        raise ExportUnusable(f"it is no folder and no whole zip file: {str(problem)!a:.80}") from None


def _check_directory(path: Path) -> None:
    """Whether a zip file ends as ours do, and its list of contents is not of a size to fill a machine's memory."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(size - _TAIL, 0))
        tail = file.read(_TAIL)
    end = tail[-_END.size :]
    if size > LARGEST or len(end) < _END.size or not end.startswith(b"PK\5\6") or b"PK\6\7" in tail[: -_END.size]:
        raise ExportUnusable("it is no folder and no zip file as exports are")
    if _END.unpack(end)[5] > MOST_FILES * _LONGEST_ENTRY:
        raise ExportUnusable(f"it lists more than {MOST_FILES} files, which no export has")


def _within(data: bytes, name: str) -> bytes:
    if len(data) > LARGEST_FILE:
        raise ExportUnusable(f"{name} has more than {LARGEST_FILE} bytes, which no file of an export has")
    return data

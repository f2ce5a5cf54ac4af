"""What the city's agencies deliver: files with rows as the catalogue describes them, made in some seconds (R12)."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from gateway.graph import make_id
from gateway.graph.times import instant
from gateway.vocabulary import DataType, SourceKind
from graph_seed import reading, values
from graph_seed.city import TODAY, Variant, variants
from graph_seed.rows import Row

FOLDER: Final = "demo"
"""Of each agency's own folder: what it has delivered itself is left alone."""
_ENDINGS: Final = {"CSV": "csv", "PARQUET": "parquet"}
_OPTIONS: Final = {
    "CSV": "FORMAT csv, HEADER, DELIMITER ',', QUOTE '\"', ESCAPE '\"', NULLSTR ''",
    "PARQUET": "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 100000",
}
_FILM: Final = 262_144
"""Bytes."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is delivered for one dataset."""

    variant: Variant
    format: str
    rows: int
    documents: tuple[str, ...]
    """Names of whole files beside the rows: documents, and a film."""

    @property
    def path(self) -> str:
        """Of the file with rows, below the folder of deliveries."""
        return f"{self.variant.agency.code}/{FOLDER}/{self.variant.line.key}.{_ENDINGS[self.format]}"

    def path_of(self, document: str) -> str:
        """Of a whole file."""
        return f"{self.variant.agency.code}/{FOLDER}/{self.variant.line.key}/{document}"

    @property
    def source(self) -> Row:
        """The node that connects the dataset, and the dataset's id. It is as the catalogue says: nothing differs."""
        at = instant(TODAY)
        properties = {
            "id": make_id("so_", self.variant.identifier),
            "kind": SourceKind.FILES.value,
            "format": self.format,
            "paths": [self.path],
            "documents": [self.path_of(one) for one in self.documents],
            "unknown": 0,
            "faults": "[]",
            "connectedAt": at,
            "checkedAt": at,
        }
        return {"dataset": make_id("ds_", self.variant.identifier), "p": properties}


def deliveries(most_rows: int) -> Iterator[Delivery]:
    """Everything that is delivered, with at most so many rows each."""
    lines = {line.key: line for line in reading.deliveries()}
    for variant in variants():
        if variant.suffix == "" and (line := lines.pop(variant.line.key, None)) is not None:
            names = [f"gazette-{n:02}.pdf" for n in range(1, line.documents)]
            documents = (*names, "gazette.mp4") if line.documents else ()
            yield Delivery(variant, line.format, min(line.rows, most_rows), documents)


def database() -> duckdb.DuckDBPyConnection:
    """Who makes rows."""
    made = duckdb.connect(":memory:", config={"memory_limit": "1GB"})
    for macro in values.MACROS:
        made.execute(macro)
    return made


def deliver(made: duckdb.DuckDBPyConnection, folder: Path, delivery: Delivery) -> None:
    """Write what is delivered for a dataset. What is there already is replaced, each file at once.

    Raises:
        OSError: it cannot be written.
    """
    path = folder / delivery.path
    path.parent.mkdir(parents=True, exist_ok=True)
    documents = {name: _document(name, number) for number, name in enumerate(delivery.documents)}
    for name, data in documents.items():
        _written(folder / delivery.path_of(name), data)
    draft = path.with_name(f".{path.name}")
    columns = ", ".join(f'{made_of} AS "{name}"' for name, made_of in _columns(delivery, documents).items())
    target = str(draft).replace("'", "''")
    rows = f"SELECT {columns} FROM range({delivery.rows:d}) AS numbers(i)"  # noqa: S608 - of our own tables of words
    made.execute(f"COPY ({rows}) TO '{target}' ({_OPTIONS[delivery.format]})")
    draft.replace(path)


def _columns(delivery: Delivery, documents: dict[str, bytes]) -> dict[str, str]:
    """What stands in each column. The first rows are about the documents that are there."""
    groups, variant = reading.field_groups(), delivery.variant
    lines = {line.name: line for group in variant.line.groups.split() for line in groups[group]}
    said = {
        "file_name": [f"'{name}'" for name in documents],
        "file_size": [str(len(data)) for data in documents.values()],
        "sha256": [f"'{hashlib.sha256(data).hexdigest()}'" for data in documents.values()],
    }
    found = {}
    for line in lines.values():
        made = values.expression(line.name, DataType(line.data_type), variant.line.key)
        if documents and line.name in said:
            made = f"CASE WHEN i < {len(documents)} THEN [{', '.join(said[line.name])}][i + 1] ELSE {made} END"
        found[line.name] = made
    return found


def _written(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}")
    draft.write_bytes(data)
    draft.replace(path)


def _document(name: str, number: int) -> bytes:
    """A page with a line on it, or bytes in the container of a film: enough to be fetched in parts."""
    if name.endswith(".mp4"):
        kind = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"
        body = b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(_FILM // 32))
        return kind + (len(body) + 8).to_bytes(4, "big") + b"mdat" + body
    return _page(f"Government gazette, issue {number + 1}")


def _page(text: str) -> bytes:
    """A PDF of one page."""
    shown = f"BT /F1 24 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(shown), shown),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Font << /F1 5 0 R >> >>",
    )
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    end = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(data))
    return data + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + end

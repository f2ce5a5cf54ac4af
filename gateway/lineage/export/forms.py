"""The formats that a picture can be had in: their names, media types and files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import orjson

from gateway.lineage.export.dot import dot
from gateway.lineage.export.mermaid import mermaid
from gateway.lineage.export.openlineage import run_events
from gateway.lineage.export.picture import Picture
from gateway.lineage.export.prov import json_ld, turtle
from gateway.lineage.export.svg import svg


class Format(StrEnum):
    """By the names that a client gives them. The first is what a client gets that asks for none."""

    JSON_LD = "json-ld"
    TURTLE = "turtle"
    OPENLINEAGE = "openlineage"
    MERMAID = "mermaid"
    DOT = "dot"
    SVG = "svg"


@dataclass(frozen=True, slots=True)
class Form:
    """How a format is sent and kept."""

    media_type: str
    file: str
    write: Callable[[Picture, str], bytes]
    """Of a picture, and of the gateway's address, below which names stand."""


def _openlineage(picture: Picture, base: str) -> bytes:
    return orjson.dumps(run_events(picture, base), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


FORMS: Final[Mapping[Format, Form]] = {
    Format.JSON_LD: Form("application/ld+json", "lineage.jsonld", json_ld),
    Format.TURTLE: Form("text/turtle", "lineage.ttl", lambda picture, base: turtle(picture, base).encode()),
    Format.OPENLINEAGE: Form("application/vnd.openlineage+json", "openlineage.json", _openlineage),
    Format.MERMAID: Form("text/vnd.mermaid", "lineage.mmd", lambda picture, _: mermaid(picture).encode()),
    Format.DOT: Form("text/vnd.graphviz", "lineage.dot", lambda picture, _: dot(picture).encode()),
    Format.SVG: Form("image/svg+xml", "lineage.svg", lambda picture, _: svg(picture).encode()),
}
ALSO: Final[Mapping[str, Format]] = {"application/json": Format.OPENLINEAGE, "text/plain": Format.MERMAID}
"""Other media types by which a format can be asked for."""

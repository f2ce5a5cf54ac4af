"""Pictures of lineage, drawn in the terminal."""

from typing import Final

from rich.console import Console
from rich.text import Text

from gateway.lineage.export import Part, Picture, Piece, tree

_STYLES: Final = {
    Part.BRANCH: "dim",
    Part.NUMBER: "bold",
    Part.LABEL: "bold",
    Part.TIER: "",
    Part.HOW: "italic",
    Part.NOTE: "dim",
    Part.WARNING: "bold red",
}
_AGENCIES: Final = ("blue", "green", "dark_orange", "magenta", "cyan", "yellow", "red", "purple")
"""Besides its number, which is what tells an agency where there are no colours."""


def draw(console: Console, picture: Picture) -> None:
    """Print a picture, a line for each thing in it, however long."""
    for line in tree(picture):
        text = Text.assemble(*((piece.text, _style(piece)) for piece in line))
        console.print(text, soft_wrap=True)


def _style(piece: Piece) -> str:
    return _AGENCIES[(piece.agency - 1) % len(_AGENCIES)] if piece.part is Part.AGENCY else _STYLES[piece.part]

"""A picture as a Mermaid flowchart, which Markdown readers draw."""

from collections.abc import Iterator
from typing import Final

from gateway.lineage.export.picture import NodeKind, Picture, PictureEdge, PictureNode
from gateway.vocabulary import ShareType

_SHAPES: Final = {
    ShareType.UNCONDITIONAL: ("([", "])"),
    ShareType.CONDITIONAL: ("[", "]"),
    ShareType.NON_SHARED: ("{{", "}}"),
}
_NAME: Final = ("[/", "/]")
_COLOURS: Final = 8
_FILLS: Final = ("#dbeafe", "#dcfce7", "#fef3c7", "#fce7f3", "#ede9fe", "#cffafe", "#ffedd5", "#e5e7eb")
_SAFE: Final = frozenset(" -_.,")


def mermaid(picture: Picture) -> str:
    """The text of a flowchart. Shapes say the sharing tier, words say all tiers, colours and numbers the agency."""
    return "\n".join(_lines(picture)) + "\n"


def quoted(text: str) -> str:
    """A text between quotation marks, which can end neither that nor the line, and is neither markup nor a directive.

    Whatever is no letter and no digit is written as its number.
    """
    return '"' + "".join(one if one.isalnum() or one in _SAFE else f"#{ord(one)};" for one in text) + '"'


def _lines(picture: Picture) -> Iterator[str]:
    question = picture.question
    yield "%% Lineage of " + _comment(question.of)
    yield f"%% {question.direction}, {question.level}, depth {question.depth}"
    yield f"%% as of {question.as_of}, known at {question.known_at}, made at {picture.at}"
    yield "%% asked by " + _comment(picture.asked_by.said)
    for sentence in picture.completeness:
        yield "%% " + sentence
    yield "flowchart LR"
    names = {node.id: f"n{number}" for number, node in enumerate(picture.nodes, 1)}
    for node in picture.nodes:
        yield f"  {names[node.id]}{_node(picture, node)}"
    for edge in picture.edges:
        yield f"  {names[edge.source]} {_arrow(edge)} {names[edge.target]}"
    if picture.hidden is not None:
        text = f"hidden: {picture.hidden.reason_zh} / {picture.hidden.reason_en} ({picture.hidden.rule})"
        yield f"  hidden[{quoted(text)}]:::hidden"
    if picture.truncated:
        yield f"  incomplete[{quoted(' '.join(picture.completeness))}]:::note"
    yield "  classDef hidden fill:#fff,stroke:#555,stroke-dasharray:2 3,color:#333"
    yield "  classDef note fill:#fff7cc,stroke:#a16207,color:#333"
    yield "  classDef name fill:#fff,stroke:#555,stroke-dasharray:6 3,color:#333"
    yield "  classDef begins stroke:#000,stroke-width:4px"
    for number, fill in enumerate(_FILLS):
        yield f"  classDef a{number} fill:{fill},stroke:#444,color:#111"
    begun = [names[node.id] for node in picture.nodes if node.begins]
    if begun:
        yield f"  class {','.join(begun)} begins"


def _node(picture: Picture, node: PictureNode) -> str:
    if node.kind is NodeKind.NAME:
        opening, closing = _NAME
        return f"{opening}{quoted(f'{node.label} | {node.home} | known by name only')}{closing}:::name"
    assert node.share is not None
    assert node.provider is not None
    number = picture.providers[node.provider.id]
    opening, closing = _SHAPES[node.share]
    inside = f" | {node.home}" if node.kind is NodeKind.FIELD else ""
    text = f"{node.label}{inside} | A{number} {node.provider.name} | share {node.share}, open {node.open}"
    return f"{opening}{quoted(text)}{closing}:::a{(number - 1) % _COLOURS}"


def _arrow(edge: PictureEdge) -> str:
    line = "-->" if edge.observed else "-.->"
    return f"{line}|{quoted(edge.said)}|" if edge.said else line


def _comment(text: str) -> str:
    """Within a comment, where a directive would be read all the same."""
    return "".join(one if one.isalnum() or one in _SAFE else "?" for one in text)

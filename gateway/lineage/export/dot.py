"""A picture in DOT, which Graphviz draws."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from gateway.lineage.export.picture import NodeKind, Picture, PictureEdge, PictureNode
from gateway.vocabulary import OpenType, ShareType

_SHAPES: Final = {
    ShareType.UNCONDITIONAL: "ellipse",
    ShareType.CONDITIONAL: "box",
    ShareType.NON_SHARED: "octagon",
}
_PENS: Final = {OpenType.OPEN: "solid", OpenType.CONDITIONAL: "dashed", OpenType.NOT_OPEN: "bold"}
_FILLS: Final = ("#dbeafe", "#dcfce7", "#fef3c7", "#fce7f3", "#ede9fe", "#cffafe", "#ffedd5", "#e5e7eb")


def dot(picture: Picture) -> str:
    """The text of a digraph. Shapes say the sharing tier, lines the opening tier, colours and numbers the agency."""
    return "\n".join(_lines(picture)) + "\n"


def quoted(*lines: str) -> str:
    """A quoted string of these lines, in which no escape and no entity is left to be read."""
    return '"' + "\\n".join(map(_escaped, lines)) + '"'


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')


def _lines(picture: Picture) -> Iterator[str]:
    question = picture.question
    yield "digraph lineage {"
    about = (
        f"Lineage of {picture.title}: {question.direction}, {question.level}, depth {question.depth}",
        f"as of {question.as_of}, known at {question.known_at}, asked by {picture.asked_by.said}",
        *picture.completeness,
    )
    yield f"  graph [rankdir=LR, labelloc=t, label={quoted(*about)}];"
    yield '  node [fontname="sans-serif", style="filled", fillcolor="#ffffff"];'
    yield '  edge [fontname="sans-serif", fontsize=9];'
    names = {node.id: f"n{number}" for number, node in enumerate(picture.nodes, 1)}
    ranks: dict[int, list[str]] = defaultdict(list)
    for node in picture.nodes:
        ranks[node.rank].append(names[node.id])
        yield f"  {names[node.id]} [{_node(picture, node)}];"
    for _, some in sorted(ranks.items()):
        yield f"  {{ rank=same; {'; '.join(some)}; }}"
    for edge in picture.edges:
        yield f"  {names[edge.source]} -> {names[edge.target]} [{_edge(edge)}];"
    if picture.hidden is not None:
        hidden = picture.hidden
        text = quoted("hidden", hidden.reason_zh, hidden.reason_en, hidden.rule)
        yield f'  hidden [shape=box, style="dashed", label={text}];'
    yield "}"


def _node(picture: Picture, node: PictureNode) -> str:
    if node.kind is NodeKind.NAME:
        return f'shape=parallelogram, style="dashed", label={quoted(node.label, node.home, "known by name only")}'
    assert node.share is not None
    assert node.open is not None
    assert node.provider is not None
    number = picture.providers[node.provider.id]
    inside = (node.home,) if node.kind is NodeKind.FIELD else ()
    tiers = f"share {node.share}, open {node.open}"
    text = quoted(node.label, *inside, f"A{number} {node.provider.name}", tiers)
    fill = _FILLS[(number - 1) % len(_FILLS)]
    pen = ", penwidth=3" if node.begins else ""
    return f'shape={_SHAPES[node.share]}, style="filled,{_PENS[node.open]}", fillcolor="{fill}"{pen}, label={text}'


def _edge(edge: PictureEdge) -> str:
    line = "solid" if edge.observed else "dashed"
    return f"style={line}, label={quoted(edge.said)}"

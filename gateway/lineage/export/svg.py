"""A picture as one SVG file that needs nothing else: no script, no style sheet, no font, no link.

Agencies are told apart by colour and number, sharing tiers by the outline of a box, opening tiers by how full its mark
is; so it can be read without colours too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import quoteattr

from gateway.lineage.export.layout import columns
from gateway.lineage.export.picture import NodeKind, Picture, PictureEdge, PictureNode
from gateway.lineage.export.texts import fitted
from gateway.vocabulary import OpenType, ShareType

BOX: Final = (250, 46)
_BETWEEN: Final = (90, 14)
"""Between columns, for derivations to be followed, and between boxes of one column."""
_MARGIN: Final = 24
_LINE: Final = 18
_LEGEND: Final = (250, 24)
"""The room of one entry of the legend."""
_LEGEND_ROWS: Final = 6
_CUT: Final = 12
_SIZES: Final = (13, 11, 20)
"""Of the title in a box, of all else, and of the heading."""
_COLOURS: Final = (
    "#1d4ed8", "#15803d", "#b45309", "#be185d", "#6d28d9", "#0e7490",
    "#b91c1c", "#4d7c0f", "#a21caf", "#0f766e", "#78350f", "#334155",
)  # fmt: skip
"""Each dark enough for white text upon it; beyond twelve agencies the number tells."""
_INK: Final = "#111827"
_SOFT: Final = "#4b5563"
_FONT: Final = "'Noto Sans CJK SC','PingFang SC','Microsoft YaHei','Noto Sans',sans-serif"
_SHARE: Final = {
    ShareType.UNCONDITIONAL: "shared without conditions",
    ShareType.CONDITIONAL: "shared on conditions",
    ShareType.NON_SHARED: "not shared",
}
_OPEN: Final = {
    OpenType.OPEN: "open",
    OpenType.CONDITIONAL: "open on conditions",
    OpenType.NOT_OPEN: "not open",
}


@dataclass(frozen=True, slots=True)
class Box:
    """Where a node stands: its upper left corner."""

    x: float
    y: float


def svg(picture: Picture) -> str:
    """The file."""
    return "".join(_Drawing(picture).lines())


def boxes(picture: Picture) -> Mapping[str, Box]:
    """Where each node stands."""
    return _Drawing(picture).boxes


class _Drawing:
    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._heading = _heading(picture)
        self._legend = list(_legend(picture))
        rows = min(len(self._legend), _LEGEND_ROWS)
        self._below_heading = _MARGIN + 34 + _LINE * len(self._heading)
        self._top = self._below_heading + rows * _LEGEND[1] + 30
        placed = columns(picture)
        tallest = max(map(len, placed), default=0)
        down = BOX[1] + _BETWEEN[1]
        self.boxes: dict[str, Box] = {}
        for i, column in enumerate(placed):
            first = self._top + (tallest - len(column)) * down / 2
            for j, node in enumerate(column):
                self.boxes[node] = Box(_MARGIN + i * (BOX[0] + _BETWEEN[0]), first + j * down)
        self._bottom = self._top + tallest * down
        legend_columns = -(-len(self._legend) // _LEGEND_ROWS)
        self._width = max(
            2 * _MARGIN + len(placed) * (BOX[0] + _BETWEEN[0]) - _BETWEEN[0] + 40,
            2 * _MARGIN + legend_columns * _LEGEND[0],
            900,
        )
        self._height = self._bottom + (110 if picture.hidden else 0) + _MARGIN

    def lines(self) -> Iterator[str]:
        """All of it. Derivations lie below boxes."""
        picture, width, height = self._picture, self._width, self._height
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_n(width)}" height="{_n(height)}"'
            f' viewBox="0 0 {_n(width)} {_n(height)}" role="img" font-family={quoteattr(_FONT)}'
            f' font-size="{_SIZES[1]}" fill="{_INK}">\n'
        )
        yield f"<title>{_text(f'Lineage of {picture.title}')}</title>\n<defs>\n"
        yield from _definitions()
        yield f'</defs>\n<rect width="{_n(width)}" height="{_n(height)}" fill="#ffffff"/>\n'
        yield from self._head()
        yield '<g id="derivations" fill="none">\n'
        for edge in picture.edges:
            yield self._edge(edge)
        yield '</g>\n<g id="nodes">\n'
        for node in picture.nodes:
            yield _node(picture, node, self.boxes[node.id])
        yield "</g>\n"
        if picture.hidden is not None:
            yield from self._hidden()
        yield "</svg>\n"

    def _head(self) -> Iterator[str]:
        room = (self._width - 2 * _MARGIN) / _SIZES[2]
        heading = f"Lineage of {self._picture.title}"
        yield _words(_MARGIN, _MARGIN + 18, fitted(heading, room), _SIZES[2], weight="bold", whole=heading)
        for i, (line, warns) in enumerate(self._heading):
            y = _MARGIN + 40 + _LINE * i
            fit = fitted(line, (self._width - 2 * _MARGIN) / _SIZES[0])
            colour = "#b91c1c" if warns else _SOFT
            yield _words(_MARGIN, y, fit, _SIZES[0], colour, weight="bold" if warns else "", whole=line)
        yield '<g id="legend">\n'
        for i, (mark, text) in enumerate(self._legend):
            column, row = divmod(i, _LEGEND_ROWS)
            x, y = _MARGIN + column * _LEGEND[0], self._below_heading + row * _LEGEND[1]
            fit = fitted(text, (_LEGEND[0] - 50) / _SIZES[1])
            yield f'<g transform="translate({x},{y})">{mark}{_words(40, 15, fit, _SIZES[1], whole=text)}</g>\n'
        yield "</g>\n"

    def _edge(self, edge: PictureEdge) -> str:
        source, target = self.boxes[edge.source], self.boxes[edge.target]
        dashes = "" if edge.observed else ' stroke-dasharray="6 4"'
        colour = "#b45309" if edge.masking else "#6b7280"
        arrow = "masked" if edge.masking else "arrow"
        made = self._picture.by_id
        who = f", says {edge.asserter.name}" if edge.asserter else ""
        how = f": {edge.said}" if edge.said else ""
        run = f", run {edge.run}" if edge.run else ""
        said = f"{made[edge.target].label} from {made[edge.source].label}{how}{run}{who}"
        return (
            f'<path d="{_way(source, target)}" stroke="{colour}" stroke-width="1.3"{dashes}'
            f' marker-end="url(#{arrow})"><title>{_text(said)}</title></path>\n'
        )

    def _hidden(self) -> Iterator[str]:
        hidden = self._picture.hidden
        assert hidden is not None
        y, width = self._bottom + 30, min(self._width - 2 * _MARGIN, 1100)
        yield (
            f'<g id="hidden"><rect x="{_MARGIN}" y="{_n(y)}" width="{_n(width)}" height="76" rx="4"'
            ' fill="url(#hatch)" stroke="#374151" stroke-width="1.5" stroke-dasharray="2 4"/>\n'
            f'<rect x="{_MARGIN + 12}" y="{_n(y + 8)}" width="{_n(width - 24)}" height="60" fill="#ffffff"/>\n'
        )
        lines = ("Hidden: part of this lineage may not be shown.", hidden.reason_zh,
                 f"{hidden.reason_en} ({hidden.requirement}, {hidden.rule})")  # fmt: skip
        for i, line in enumerate(lines):
            fit = fitted(line, (width - 40) / _SIZES[1])
            weight = "" if i else "bold"
            yield _words(_MARGIN + 20, y + 24 + 18 * i, fit, _SIZES[1], weight=weight, whole=line)
        yield "</g>\n"


def _heading(picture: Picture) -> Sequence[tuple[str, bool]]:
    """Lines below the heading, with whether each is a warning."""
    question = picture.question
    return [
        (f"{question.direction}, between {question.level.lower()}s, to {question.depth} derivations", False),
        (f"as of {question.as_of}, as known at {question.known_at}, made at {picture.at}", False),
        (f"asked by {picture.asked_by.said}", False),
        *((line, bool(picture.truncated)) for line in picture.completeness),
    ]


def _legend(picture: Picture) -> Iterator[tuple[str, str]]:
    """Marks, and what they mean: of what is in the picture."""
    for party, number in zip(picture.parties, picture.providers.values(), strict=True):
        yield _badge(0, 2, number), party.name
    shares, opens = {node.share for node in picture.nodes}, {node.open for node in picture.nodes}
    for share, text in _SHARE.items():
        if share in shares:
            yield _outline(share, Box(0, 2), (32, 18), "#ffffff", 1.4), text
    for opening, text in _OPEN.items():
        if opening in opens:
            yield _mark(opening, 16, 11), text
    if any(node.kind is NodeKind.NAME for node in picture.nodes):
        yield _outline(None, Box(0, 2), (32, 18), "#ffffff", 1.4), "known by name only"
    if picture.nodes:
        yield _outline(ShareType.CONDITIONAL, Box(0, 2), (32, 18), "#ffffff", 3.5), "where it began"
    line = '<path d="M0 11H32" stroke="{}" stroke-width="1.5" fill="none"{}/>'
    if any(edge.observed for edge in picture.edges):
        yield line.format("#6b7280", ""), "shown by a run"
    if not all(edge.observed for edge in picture.edges):
        yield line.format("#6b7280", ' stroke-dasharray="6 4"'), "declared"
    if any(edge.masking for edge in picture.edges):
        yield line.format("#b45309", ""), "masked"
    if picture.hidden is not None:
        yield '<rect y="2" width="32" height="18" fill="url(#hatch)" stroke="#374151"/>', "hidden, connected to nothing"


def _definitions() -> Iterator[str]:
    head = (
        '<marker id="{}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        "{}</marker>\n"
    )
    yield head.format("arrow", '<path d="M0 0L8 4L0 8z" fill="#6b7280"/>')
    yield head.format("masked", '<path d="M1 1L7 4L1 7z" fill="#ffffff" stroke="#b45309"/>')
    yield (
        '<pattern id="hatch" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="8" height="8" fill="#e5e7eb"/><path d="M0 0V8" stroke="#6b7280" stroke-width="3"/></pattern>\n'
    )


def _node(picture: Picture, node: PictureNode, box: Box) -> str:
    number = None if node.provider is None else picture.providers[node.provider.id]
    who = "known by name only" if node.provider is None else node.provider.name
    second = who if node.kind is NodeKind.DATASET else f"{node.home} · {who}"
    tiers = "" if node.share is None else f", share {node.share}, open {node.open}"
    whole = f"{node.label}\n{second}{tiers}\n{node.code}"
    x, y = box.x, box.y
    fill = "#eff6ff" if node.begins else "#ffffff"
    left = x + (14 if number is None else 52)
    room = BOX[0] - 34 - (left - x)
    parts = [
        f"<g><title>{_text(whole)}</title>",
        _outline(node.share, box, BOX, fill, 3.5 if node.begins else 1.4),
        "" if number is None else _badge(x + 14, y + 14, number),
        _words(left, y + 20, fitted(node.label, room / _SIZES[0]), _SIZES[0], weight="bold"),
        _words(left, y + 36, fitted(second, room / _SIZES[1]), _SIZES[1], _SOFT),
        "" if node.open is None else _mark(node.open, x + BOX[0] - 20, y + BOX[1] / 2),
        "</g>\n",
    ]
    return "".join(parts)


def _outline(share: ShareType | None, box: Box, size: tuple[float, float], fill: str, stroke: float) -> str:
    """The outline of a box, which says its sharing tier; of a name, which has none, a dashed one."""
    x, y, (width, height) = box.x, box.y, size
    pen = f'fill="{fill}" stroke="{_INK}" stroke-width="{stroke}"'
    match share:
        case ShareType.UNCONDITIONAL | ShareType.CONDITIONAL:
            round_ = f' rx="{_n(height / 2)}"' if share is ShareType.UNCONDITIONAL else ""
            return f'<rect x="{_n(x)}" y="{_n(y)}" width="{width}" height="{height}"{round_} {pen}/>'
        case ShareType.NON_SHARED:
            inner = Box(x + 4, y + 3.5)
            return (
                f'<path d="{_octagon(box, size, _CUT * height / BOX[1])}" {pen}/>'
                f'<path d="{_octagon(inner, (width - 8, height - 7), _CUT * height / BOX[1] - 2)}" fill="none"'
                f' stroke="{_INK}" stroke-width="0.8"/>'
            )
        case None:
            return f'<rect x="{_n(x)}" y="{_n(y)}" width="{width}" height="{height}" {pen} stroke-dasharray="5 4"/>'


def _octagon(box: Box, size: tuple[float, float], cut: float) -> str:
    x, y, (w, h) = box.x, box.y, size
    points = (
        (x + cut, y), (x + w - cut, y), (x + w, y + cut), (x + w, y + h - cut),
        (x + w - cut, y + h), (x + cut, y + h), (x, y + h - cut), (x, y + cut),
    )  # fmt: skip
    return "M" + "L".join(f"{_n(a)} {_n(b)}" for a, b in points) + "z"


def _badge(x: float, y: float, number: int) -> str:
    """An agency's number on its colour."""
    colour = _COLOURS[(number - 1) % len(_COLOURS)]
    return (
        f'<rect x="{_n(x)}" y="{_n(y)}" width="32" height="18" rx="3" fill="{colour}"/>'
        f'<text x="{_n(x + 16)}" y="{_n(y + 13)}" text-anchor="middle" fill="#ffffff" font-weight="bold">'
        f"A{number}</text>"
    )


def _mark(opening: OpenType, x: float, y: float) -> str:
    """A circle as full as the data is closed."""
    fill = _INK if opening is OpenType.NOT_OPEN else "#ffffff"
    circle = f'<circle cx="{_n(x)}" cy="{_n(y)}" r="7" fill="{fill}" stroke="{_INK}" stroke-width="1.4"/>'
    if opening is not OpenType.CONDITIONAL:
        return circle
    return f'{circle}<path d="M{_n(x)} {_n(y - 7)}a7 7 0 0 1 0 14z" fill="{_INK}"/>'


def _way(source: Box, target: Box) -> str:
    """From a box to another: mostly to the right; back, or within a column, around."""
    width, height = BOX
    y, end = source.y + height / 2, target.y + height / 2
    if source == target:
        x = source.x + width
        return f"M{_n(x)} {_n(y - 8)}c46 -22 46 38 1 16"
    if source.x == target.x:
        x = source.x + width
        bulge = 20 + min(abs(y - end) / 10, _BETWEEN[0] / 2)
        return f"M{_n(x)} {_n(y)}C{_n(x + bulge)} {_n(y)} {_n(x + bulge)} {_n(end)} {_n(x + 1)} {_n(end)}"
    if source.x < target.x:
        x, stop = source.x + width, target.x - 1
        half = (x + stop) / 2
        return f"M{_n(x)} {_n(y)}C{_n(half)} {_n(y)} {_n(half)} {_n(end)} {_n(stop)} {_n(end)}"
    x, stop = source.x, target.x + width + 1
    bend = _BETWEEN[0] * 0.7
    return (
        f"M{_n(x)} {_n(y + 10)}C{_n(x - bend)} {_n(y + 10)} {_n(stop + bend)} {_n(end + 10)} {_n(stop)} {_n(end + 10)}"
    )


def _words(
    x: float, y: float, text: str, size: int, colour: str = _INK, *, weight: str = "", whole: str | None = None
) -> str:
    bold = f' font-weight="{weight}"' if weight else ""
    title = f"<title>{_text(whole)}</title>" if whole is not None and whole != text else ""
    return f'<text x="{_n(x)}" y="{_n(y)}" font-size="{size}" fill="{colour}"{bold}>{title}{_text(text)}</text>\n'


def _text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")

"""Pictures that no gateway drew: small, cyclic, large, hidden and cut ones."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from gateway.lineage.export.picture import (
    AskedBy,
    HiddenPart,
    NodeKind,
    Party,
    Picture,
    PictureEdge,
    PictureNode,
    Question,
    Transformation,
)
from gateway.lineage.export.texts import plain
from gateway.lineage.words import LineageDirection, LineageLevel, Truncation
from gateway.vocabulary import OpenType, Role, ShareType

BASE: Final = "https://data.example.org"
AT: Final = "2026-06-01T00:00:00.000Z"
UP, DOWN = LineageDirection.UPSTREAM, LineageDirection.DOWNSTREAM
NAMES: Final = (
    "市供水公司", "市大数据中心", "Bureau of Statistics", "市生态环境局", "市住房和城乡建设局", "市公安局",
    "市卫生健康委员会", "市场监督管理局", "市教育局", "市交通运输局", "气象局", "市税务局", "市人力资源和社会保障局",
)  # fmt: skip
RUN: Final = "0189f1c2-0000-7000-8000-00000000000a"
HIDDEN: Final = HiddenPart(
    plain("share-non-shared"),
    plain("R16.3"),
    plain("不予共享，仅可知其存在"),
    plain("Not shared; that it exists may be known"),
)


def party(number: int) -> Party:
    return Party(f"ag_{number}", plain(NAMES[number % len(NAMES)]))


def node(name: str, rank: int = 0, number: int = 0, title: str | None = None) -> PictureNode:
    """A dataset; ranks below zero are upstream."""
    shares, opens = list(ShareType), list(OpenType)
    text = plain(title or f"数据集 {name}")
    direction = None if rank == 0 else UP if rank < 0 else DOWN
    return PictureNode(
        f"ds_{name}", NodeKind.DATASET, text, text, plain(f"621000/{name}"), f"ds_{name}", None, party(number),
        shares[number % 3], opens[(number // 3) % 3], abs(rank), direction,
    )  # fmt: skip


def field(name: str, dataset: PictureNode, rank: int = 0) -> PictureNode:
    direction = None if rank == 0 else UP if rank < 0 else DOWN
    return replace(
        dataset,
        id=f"fd_{name}",
        kind=NodeKind.FIELD,
        label=plain(name),
        home=dataset.label,
        field=plain(name),
        distance=abs(rank),
        direction=direction,
    )


def named(name: str, rank: int, field_: str | None = None) -> PictureNode:
    """Something that is known by name only."""
    return PictureNode(
        f"xn_{name}", NodeKind.NAME, plain(field_ or name), plain("postgres://host:5432"), plain(name), None,
        None if field_ is None else plain(field_), None, None, None, abs(rank), UP if rank < 0 else DOWN,
    )  # fmt: skip


def edge(target: str, source: str, *how: str, observed: bool = True, masking: bool = False) -> PictureEdge:
    made = tuple(
        Transformation(plain(kind), plain(subtype) if subtype else None)
        for kind, _, subtype in (one.partition("/") for one in how)
    )
    return PictureEdge(
        f"de_{target}<-{source}", source, target, observed, party(1), plain(RUN) if observed else None,
        plain("etl/nightly") if observed else None, made, masking, "2025-01-01T00:00:00.000Z", None,
        "2025-01-02T00:00:00.000Z", None,
    )  # fmt: skip


def picture(
    nodes: Sequence[PictureNode],
    edges: Iterable[PictureEdge] = (),
    hidden: HiddenPart | None = None,
    truncated: tuple[Truncation, ...] = (),
    level: LineageLevel = LineageLevel.DATASET,
) -> Picture:
    began = next(one.id for one in nodes if one.begins)
    return Picture(
        Question(began, LineageDirection.BOTH, level, 10, AT, AT),
        AskedBy((Role.STAFF,), party(0)),
        AT,
        "0" * 64,
        nodes,
        sorted(edges, key=lambda one: one.id),
        hidden,
        truncated,
    )


def small() -> Picture:
    nodes = [node("a"), node("b", -1, 1), node("c", -1, 2), node("d", -2, 4), named("public.rows", -2), node("e", 1, 8)]
    edges = [
        edge("ds_a", "ds_b", "DIRECT/AGGREGATION"), edge("ds_a", "ds_c", "INDIRECT/FILTER", observed=False),
        edge("ds_b", "ds_d", "DIRECT/IDENTITY", masking=True), edge("ds_c", "ds_d"), edge("ds_c", "xn_public.rows"),
        edge("ds_e", "ds_a", "DIRECT"),
    ]  # fmt: skip
    return picture(nodes, edges)


def fields() -> Picture:
    one, other = node("a"), node("b", -1, 1)
    nodes = [field("total", one), field("amount", other, -1), field("person", other, -1), named("t", -1, "col")]
    edges = [
        edge("fd_total", "fd_amount", "DIRECT/AGGREGATION"),
        edge("fd_total", "fd_person", "DIRECT/TRANSFORMATION", masking=True),
        edge("fd_total", "xn_t"),
    ]
    return picture(nodes, edges, level=LineageLevel.FIELD)


def cyclic() -> Picture:
    nodes = [node("a"), node("b", -1, 1), node("c", -2, 2), node("d", -2, 3)]
    pairs = ("ab", "bc", "ca", "bb", "cd", "dc", "aa")
    return picture(nodes, [edge(f"ds_{t}", f"ds_{s}") for t, s in map(tuple, pairs)])


def hidden() -> Picture:
    whole = small()
    return replace(whole, hidden=HIDDEN, truncated=(Truncation.DEPTH, Truncation.HIDDEN))


def large(count: int = 200, seed: int = 7) -> Picture:
    """As a city has them: some levels on both sides, with shortcuts and derivations within a level."""
    rnd = random.Random(seed)
    nodes, edges = [node("n0", 0, 0, "城市运行指标月度汇总（含供水、供电、交通与环境）")], {}
    widths = {-4: 0.15, -3: 0.2, -2: 0.2, -1: 0.1, 1: 0.1, 2: 0.15, 3: 0.1}
    columns: dict[int, list[PictureNode]] = {0: nodes[:1]}
    for rank in (-1, -2, -3, -4, 1, 2, 3):
        columns[rank] = []
        for _ in range(count - len(nodes) if rank == 3 else round(widths[rank] * (count - 1))):
            name = f"n{len(nodes)}"
            title = rnd.choice(
                (
                    f"各区县企业用电量明细{name}",
                    f"Monthly statistics {name}",
                    f"水质监测结果与供水管网压力逐时数据汇总表{name}",
                )
            )
            one = node(name, rank, rnd.randrange(13), title)
            nodes.append(one)
            columns[rank].append(one)
            near = columns[rank + 1 if rank < 0 else rank - 1]
            place = int(len(columns[rank]) / (widths[rank] * count) * len(near))
            for _ in range(rnd.choice((1, 1, 2))):
                other = near[min(max(place + rnd.randrange(-2, 3), 0), len(near) - 1)]
                target, source = (other, one) if rank < 0 else (one, other)
                edges[target.id, source.id] = edge(target.id, source.id, observed=rnd.random() < 0.7)
    for _ in range(count // 20):
        column = rnd.choice([c for c in columns.values() if len(c) > 1])
        target, source = rnd.sample(column, 2)
        edges[target.id, source.id] = edge(target.id, source.id)
    return picture(nodes, edges.values(), HIDDEN, (Truncation.DEPTH, Truncation.HIDDEN))


EVERY: Final = {"small": small, "fields": fields, "cyclic": cyclic, "hidden": hidden, "large": large}

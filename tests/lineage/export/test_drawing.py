"""Pictures of walks in a graph: what the walk found and no more, the same where what may not be known is not there."""

import random
from typing import Final

import pytest

from gateway.graph import Graph
from gateway.identity import Subject
from gateway.lineage import LineageDirection, LineageLevel, Truncation, Wanted
from gateway.lineage.export import FORMS, MOST_EDGES, MOST_NODES, Drawer, Picture, drawing, tree
from gateway.lineage.export.texts import plain
from gateway.plan import Asker
from tests.lineage.export.pictures import BASE
from tests.lineage.test_walks import INSTANTS, lineage_world
from tests.lineage.walked import Model
from tests.plan.asking import CALLERS, POLICY, Gateway
from tests.properties.reduction import reduced
from tests.support.database import empty
from tests.support.loading import load
from tests.support.world import World

WHEN: Final = INSTANTS[2]


def wanted(of: str, level: LineageLevel = LineageLevel.DATASET, depth: int = 10) -> Wanted:
    return Wanted(of, LineageDirection.BOTH, level, depth, as_of=WHEN, known_at=WHEN)


async def draw(
    graph: Graph, subject: Subject, asked: Wanted, most_nodes: int = MOST_NODES, most_edges: int = MOST_EDGES
) -> Picture | None:
    return await Drawer(Gateway(graph).walker, most_nodes, most_edges).draw(Asker(subject, "test"), asked)


def written(picture: Picture | None) -> list[bytes] | None:
    """Everything that leaves: a byte of it that differs tells somebody something."""
    if picture is None:
        return None
    shown = "\n".join("".join(piece.text for piece in line) for line in tree(picture))
    return [*(form.write(picture, BASE) for form in FORMS.values()), shown.encode()]


def starts(world: World) -> list[tuple[str, LineageLevel]]:
    """Few kinds: each is a statement that is new to Neo4j, which takes longer than all walks."""
    datasets = [d["id"] for d in world.datasets]
    return [
        *((one, LineageLevel.DATASET) for one in datasets),
        *((one, LineageLevel.FIELD) for one in datasets),
        *((one["id"], LineageLevel.DATASET) for one in world.fields[:6]),
    ]


async def test_a_picture_is_what_a_model_finds(graph: Graph) -> None:
    world = lineage_world(random.Random("pictures"))
    await load(graph, world)
    subject = CALLERS["staff"]
    model = Model(world, subject, POLICY.table_for(subject.profile))
    drawer = Drawer(Gateway(graph).walker)
    titles = {d["id"]: d["title"] for d in world.datasets} | {f["id"]: f["name"] for f in world.fields}
    drawn = hidden = 0
    for of, level in starts(world):
        picture = await drawer.draw(Asker(subject, "test"), wanted(of, level))
        expected = model.walk(of, "BOTH", level, 10, as_of=WHEN, known_at=WHEN)
        assert (picture is None) == (expected is None)
        if picture is None or expected is None:
            continue
        found = {one.id for one in picture.nodes if not one.begins}
        begun = {one.id for one in picture.nodes if one.begins}
        assert found == {id_ for _, _, id_ in expected.nodes} - begun
        assert {one.id for one in picture.edges} == expected.edges
        assert {*picture.truncated} == expected.truncated
        assert (picture.hidden.rule if picture.hidden else None) == min(expected.hidden, default=None)
        assert all(one.label == plain(titles[one.id]) for one in picture.nodes)
        drawn += bool(found)
        hidden += picture.hidden is not None
    assert drawn > 10
    assert hidden > 2


async def test_what_may_not_be_known_changes_no_byte_of_any_format(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Non-interference: each caller's files are those of a graph that has only what they may know."""
    monkeypatch.setattr(drawing, "clock", lambda: WHEN)
    world = lineage_world(random.Random("two callers"))
    await load(graph, world)
    whole = starts(world)
    asked = {
        CALLERS["public"]: [wanted(*one) for one in whole if one[1] is LineageLevel.DATASET][: len(world.datasets)],
        CALLERS["staff"]: [wanted(*one) for one in whole],
    }
    before = {}
    for subject, questions in asked.items():
        drawer = Drawer(Gateway(graph).walker)
        before[subject] = [written(await drawer.draw(Asker(subject, "test"), one)) for one in questions]
    assert before[CALLERS["public"]] != before[CALLERS["staff"]][: len(world.datasets)]
    for subject, questions in asked.items():
        less = reduced(world, subject, POLICY.table_for(subject.profile))
        assert len(less.derivations) < len(world.derivations)
        await empty(graph)
        await load(graph, less)
        drawer = Drawer(Gateway(graph).walker)
        for one, found in zip(questions, before[subject], strict=True):
            assert written(await drawer.draw(Asker(subject, "test"), one)) == found, (subject.name, one)


async def test_a_picture_that_is_cut_says_so(graph: Graph) -> None:
    world = lineage_world(random.Random("pictures"))
    await load(graph, world)
    staff = CALLERS["staff"]
    whole = {d["id"]: await draw(graph, staff, wanted(d["id"])) for d in world.datasets}
    of, large = max(
        ((id_, one) for id_, one in whole.items() if one is not None), key=lambda entry: len(entry[1].edges)
    )
    assert len(large.nodes) > 3
    assert Truncation.NODES not in large.truncated
    fewer = await draw(graph, staff, wanted(of), most_nodes=2)
    assert fewer is not None
    assert len([one for one in fewer.nodes if not one.begins]) <= 2
    assert Truncation.NODES in fewer.truncated
    inside = {one.id for one in fewer.nodes}
    assert all({one.source, one.target} <= inside for one in fewer.edges)
    without = await draw(graph, staff, wanted(of), most_edges=1)
    assert without is not None
    assert len(without.edges) == 1
    assert Truncation.EDGES in without.truncated


async def test_a_tier_that_became_stricter_between_two_statements_hides_the_title(graph: Graph) -> None:
    world = lineage_world(random.Random("pictures"))
    await load(graph, world)
    public = CALLERS["public"]
    drawer = Drawer(Gateway(graph).walker)
    for dataset in world.datasets:
        picture = await drawer.draw(Asker(public, "test"), wanted(dataset["id"]))
        if picture is not None and len(picture.nodes) > 1:
            break
    else:
        pytest.fail("the public finds something")
    gone = next(one for one in picture.nodes if not one.begins)
    walker = drawer.walker
    walk = walker.walk

    async def closing(*asked: object) -> object:
        found = await walk(*asked)  # type: ignore[arg-type]  # passed on as it came
        await graph.run("MATCH (d:Dataset {id: $id}) SET d.accessClass = 'NN_L'", {"id": gone.id})
        return found

    class Closing(type(walker)):  # type: ignore[misc]  # of the walker that there is
        walk = staticmethod(closing)

    late = await Drawer(Closing(walker.reader, walker.planner)).draw(Asker(public, "test"), picture_of(picture))
    assert late is not None
    assert gone.id not in {one.id for one in late.nodes}
    assert all(gone.id not in (one.source, one.target) for one in late.edges)


def picture_of(picture: Picture) -> Wanted:
    """The question that a picture answers."""
    return wanted(picture.question.of)

"""In the terminal: what is shared is drawn once, cycles are marked, and nothing needs colours."""

from dataclasses import replace

from gateway.lineage.export import Picture, tree
from gateway.lineage.words import LineageDirection
from tests.lineage.export.pictures import EVERY, cyclic, edge, fields, hidden, large, node, picture, small


def lines(drawn: Picture) -> list[str]:
    return ["".join(piece.text for piece in line) for line in tree(drawn)]


def test_what_is_reached_by_two_ways_is_drawn_once_and_named_elsewhere() -> None:
    found = lines(small())
    d = [line for line in found if "数据集 d" in line]
    assert len(d) == 2
    assert "masked" in d[0]
    assert "A4" in d[0]
    assert d[1].lstrip("│├─└ ").startswith("↗ see [4]")
    assert any("public.rows in postgres://host:5432 (known by name only)" in line for line in found)


def test_cycles_are_marked_and_end() -> None:
    found = lines(cyclic())
    assert sum("↻ a cycle, back to" in line for line in found) >= 5
    assert sum("[2] 数据集 b A" in line for line in found) == 1


def test_every_node_is_drawn_and_every_derivation_is_a_line() -> None:
    for name, make in EVERY.items():
        whole = make()
        found = lines(whole)
        for number, one in enumerate(whole.nodes, 1):
            entries = [
                line for line in found if f"[{number}] {one.label}" in line and "see [" not in line and "↻" not in line
            ]
            assert len(entries) == (2 if one.begins else 1) or name == "fields", (name, one)
        branches = [line for line in found if "├─ " in line or "└─ " in line]
        inside = {node_.id for node_ in whole.nodes}
        assert len(branches) >= len([e for e in whole.edges if {e.source, e.target} <= inside])


def test_agencies_and_tiers_are_told_without_colours() -> None:
    found = "\n".join(lines(large()))
    assert all(f" A{number} {party.name}" in found for number, party in enumerate(large().parties, 1))
    assert "NOT SHARED, NOT OPEN" in found


def test_the_hidden_part_and_what_is_missing_are_said_at_the_end() -> None:
    found = lines(hidden())
    assert found[-4].startswith("Hidden")
    assert "R16.3" in found[-3]
    assert [line.partition(":")[0] for line in found[-2:]] == ["Not complete (DEPTH)", "Not complete (HIDDEN)"]
    assert lines(small())[-1].startswith("Complete")


def test_one_direction_is_one_side_and_nothing_is_said() -> None:
    one = replace(small(), question=replace(small().question, direction=LineageDirection.UPSTREAM))
    assert "made into:" not in lines(one)
    alone = lines(picture([node("a")]))
    assert alone.count("  nothing") == 2
    assert "total in 数据集 a" in "\n".join(lines(fields()))


def test_a_walk_as_deep_as_can_be_asked_is_drawn() -> None:
    nodes = [node(f"n{i}", -i) for i in range(51)]
    edges = [edge(f"ds_n{i}", f"ds_n{i + 1}") for i in range(50)]
    assert sum("└─" in line for line in lines(picture(nodes, edges))) == 50

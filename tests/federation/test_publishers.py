"""Every record tells a piece of the hierarchy; the whole is a forest, whatever the pieces say."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.federation.problems import Code
from gateway.federation.publishers import publisher_code, publisher_forest


def parents_of(*chains: tuple[str, ...]) -> dict[str, str | None]:
    forest, _ = publisher_forest("s", chains)
    names = {publisher.code: publisher.name for publisher in forest}
    return {publisher.name: names[publisher.parent] if publisher.parent else None for publisher in forest}


def test_pieces_of_a_hierarchy_are_put_together() -> None:
    assert parents_of(("C", "B"), ("B", "A"), ("D",)) == {"A": None, "B": "A", "C": "B", "D": None}


def test_spellings_of_one_name_are_one_organisation() -> None:
    assert parents_of(("Women’s  Bureau",), ("Women's Bureau", "Works")) == {"Works": None, "Women’s  Bureau": "Works"}


def test_the_parent_named_most_often_counts_and_the_conflict_is_told() -> None:
    chains = [("C", "A"), ("C", "B"), ("C", "B")]
    assert parents_of(*chains)["C"] == "B"
    assert [problem.code for problem in publisher_forest("s", chains)[1]] == [Code.HIERARCHY_CONFLICT]


def test_offices_that_are_part_of_each_other_are_told() -> None:
    chains = [("A", "B"), ("B", "C"), ("C", "A")]
    assert parents_of(*chains) == {"A": "B", "B": "C", "C": None}
    assert [problem.code for problem in publisher_forest("s", chains)[1]] == [Code.HIERARCHY_CYCLE]


def test_codes_keep_sources_and_unwritable_names_apart() -> None:
    assert publisher_code("s", "Water Office") != publisher_code("t", "Water Office")
    assert publisher_code("s", "水务局") != publisher_code("s", "林业局")
    assert publisher_code("s", "Athenæum of X").startswith("s:athen")
    assert publisher_code("s", "x" * 500).isascii()


@given(st.lists(st.lists(st.sampled_from("ABCDEF"), min_size=1, unique=True).map(tuple), max_size=12))
def test_any_pieces_make_a_forest_with_parents_first(chains: list[tuple[str, ...]]) -> None:
    """For any chains: every name is one organisation, codes are unique, and each parent comes before its children."""
    forest, _ = publisher_forest("s", chains)
    assert {publisher.name for publisher in forest} == {name for chain in chains for name in chain}
    seen: set[str] = set()
    for publisher in forest:
        assert publisher.code not in seen
        assert publisher.parent is None or publisher.parent in seen
        seen.add(publisher.code)

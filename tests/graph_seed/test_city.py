"""What the demonstration city shows: every tier, complete entries, and lineage worth walking."""

from itertools import product

from gateway.vocabulary import Format, OpenType, ShareType
from graph_seed import city
from graph_seed.rows import Row

LEVELS = 8
TEN_ELEMENTS = [
    "category",
    "agency",
    "formats",
    "attributes",
    "accrualPeriodicity",
    "shareType",
    "shareMode",
    "openType",
    "openMode",
    "usagePolicy",
]


def _sources(edges: list[Row]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for edge in edges:
        found.setdefault(edge["target"], set()).add(edge["source"])
    return found


def _distances(start: str, sources: dict[str, set[str]]) -> dict[str, int]:
    distances, queue = {start: 0}, [start]
    for node in queue:
        for source in sorted(sources.get(node, set()) - distances.keys()):
            distances[source] = distances[node] + 1
            queue.append(source)
    return distances


def test_the_city_is_the_same_every_time() -> None:
    assert [e.version["digest"] for e in city.entries()] == [e.version["digest"] for e in city.entries()]


def test_every_published_tier_occurs_among_datasets_and_among_fields() -> None:
    published = [e for e in city.entries() if e.properties["accessClass"] != "DRAFT"]
    cells = set(product(ShareType, OpenType))
    assert {(e.properties["shareType"], e.properties["openType"]) for e in published} == cells
    assert {(f["shareType"], f["openType"]) for e in published for f in e.fields} == cells


def test_some_fields_are_stricter_than_their_dataset() -> None:
    assert any(f["accessClass"] != e.properties["accessClass"] for e in city.entries() for f in e.fields)


def test_every_entry_has_the_ten_basic_elements() -> None:  # R8.1
    assert [(e.properties["identifier"], x) for e in city.entries() for x in TEN_ELEMENTS if not e.properties[x]] == []


def test_video_is_among_the_formats() -> None:  # R2.1
    assert Format.VIDEO in {f for e in city.entries() for f in e.properties["formats"]}


def test_lineage_is_eight_levels_deep_between_datasets_and_between_fields() -> None:
    for edges in city.derivations():
        sources = _sources(edges)
        assert max(max(_distances(start, sources).values()) for start in sources) >= LEVELS


def test_lineage_has_diamonds_and_a_cycle() -> None:
    for edges in city.derivations():
        sources = _sources(edges)
        assert any(sources.get(a, set()) & sources.get(b, set()) for s in sources.values() for a in s for b in s - {a})
        assert any(start in _distances(x, sources) for start, s in sources.items() for x in s)


def test_lineage_crosses_agencies_and_tiers_and_names_only_what_is_there() -> None:
    known = {e.properties["id"]: e.properties for e in city.entries()}
    ends = [(known[edge["target"]], known[edge["source"]]) for edge in city.derivations()[0]]
    assert any(a["agency"] != b["agency"] for a, b in ends)
    assert any(a["accessClass"] != b["accessClass"] for a, b in ends)

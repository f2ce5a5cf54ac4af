"""Properties of importing: twice is once, and what was imported before does not matter for what stands in the end."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.graph import Graph
from tests.federation.inventories import record
from tests.federation.test_any_record import JSON
from tests.federation.test_harvest import check_bookkeeping, load, world
from tests.support.database import empty

_RECORDS = st.one_of(
    st.builds(
        lambda identifier, level, theme, office: record(
            identifier, accessLevel=level, theme=[theme], publisher={"name": office, "subOrganizationOf": {"name": "A"}}
        ),
        st.sampled_from("abcdef"),
        st.sampled_from(["public", "restricted public", "non-public", None, "?"]),
        st.sampled_from(["energy", "health", "unheard of"]),
        st.sampled_from("ABC"),
    ),
    JSON,
)
_FILES = st.lists(_RECORDS, min_size=1, max_size=8)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(earlier=_FILES, file=_FILES)
async def test_twice_is_once(graph: Graph, earlier: list[Any], file: list[Any]) -> None:
    """For any two files: after the second, importing it again changes nothing, and the books balance at every step."""
    await empty(graph)
    for records in (earlier, file):
        report = await load(graph, *records)
        assert report.total == report.loaded + report.updated + report.unchanged + report.republished + report.rejected
        await check_bookkeeping(graph)
    before = await world(graph)
    again = await load(graph, *file)
    assert (again.loaded, again.updated, again.republished, again.withdrawn) == (0, 0, 0, 0)
    assert await world(graph) == before

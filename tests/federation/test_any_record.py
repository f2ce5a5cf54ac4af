"""Properties of reading: any JSON value as a record is loaded or reported, and never an exception."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.federation.dcat_us import read_record
from gateway.federation.inventory import UnreadableInventory, parse_inventory
from gateway.federation.problems import any_fatal
from tests.federation.inventories import record

_TEXT = st.one_of(
    st.text(max_size=20), st.sampled_from(["public", "R/P1D", "2024-01-01", "\ud800", "\0", "non-public", "CSV"])
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), _TEXT),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(st.sampled_from(["name", "title", "field", "format", "subOrganizationOf"]), _TEXT),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)
KEYS = (*record(), "rights", "issued", "landingPage", "isPartOf", "superTheme", "language", "spatial")
RECORDS = st.one_of(
    JSON, st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5).map(lambda changes: record() | changes)
)


@settings(max_examples=500)
@given(RECORDS)
def test_any_value_is_loaded_or_reported(value: Any) -> None:
    """For every JSON value: a rejected record names a reason, a loaded one can be stored as UTF-8, and every report
    can be printed."""
    parsed = parse_inventory(json.dumps({"dataset": [value]}).encode())
    harvested, problems, identifier = read_record(parsed.records[0], 3)
    assert (harvested is None) == any_fatal(problems)
    assert all(problem.index == 3 and len(problem.message) < 400 for problem in problems)
    json.dumps([problem.as_json() for problem in problems]).encode()
    if harvested is not None:
        repr(harvested).encode()
        assert identifier == harvested.identifier
        assert "\0" not in harvested.identifier + harvested.title


@settings(max_examples=300)
@given(st.binary(max_size=60), st.integers(0, 400))
def test_any_bytes_are_an_inventory_or_unreadable(noise: bytes, position: int) -> None:
    """For every damage to a file: it is refused with a code, or its records can be read."""
    content = json.dumps({"dataset": [record()]}).encode()
    try:
        parsed = parse_inventory(content[:position] + noise + content[position + len(noise) :])
    except UnreadableInventory:
        return
    for index, value in enumerate(parsed.records):
        read_record(value, index, escaped_bytes=parsed.escaped_bytes)

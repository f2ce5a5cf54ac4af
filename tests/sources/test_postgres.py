"""Rows of an agency's own PostgreSQL, from its registration to who fetches them (R12)."""

import json
from typing import Any

from gateway.fetching import Admission, Caller, Desk, NotAdmitted, Quotas, Wanted
from gateway.identity import PUBLIC
from gateway.policy.store import PolicyStore
from tests.sharing.city import POLICIES
from tests.sources.depot import ENTRY, Depot


async def fetched(depot: Depot) -> Any:
    """What everybody gets; or the code of why nothing."""
    registry = depot.registry
    admission = Admission(registry.graph, PolicyStore(POLICIES))
    quotas = Quotas(registry.graph, 1_000, 1_000)
    desk = Desk(
        admission, registry.trying.engine, registry.ledger.recorder, quotas, registry.trying.sources, secret=b"s" * 32
    )
    try:
        handout = await desk.begin(Caller(PUBLIC), ENTRY.identifier, Wanted(), "request-1")
    except NotAdmitted as refused:
        return refused.code
    data = b"".join([piece async for piece in desk.pieces(handout)])
    await desk.end(handout, None)
    return json.loads(data)


async def test_a_connected_table_is_fetched_without_what_the_catalogue_does_not_know(depot: Depot) -> None:
    assert await fetched(depot) == "NOT_CONNECTED"
    rows = ("'甲', 1, '2026-01-01', 'x'", "'乙', NULL, '2026-01-02', 'y'")
    table = depot.table("readings", "station text, level bigint, day date, keeper text", *rows)
    assert await depot.connect(table) == ["UNKNOWN keeper"]
    assert sorted(await fetched(depot), key=lambda row: str(row["day"])) == [
        {"station": "甲", "level": 1, "day": "2026-01-01"},
        {"station": "乙", "level": None, "day": "2026-01-02"},
    ]
    await depot.remove()
    assert await fetched(depot) == "NOT_CONNECTED"

"""How often data was used, as those who may know of it are told by a gateway that really serves."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

import pytest

from gateway.audit.event import About, Actor, ActorKind, Cause
from gateway.audit.kinds import DataFetched
from gateway.audit.recorder import Recorder
from gateway.vocabulary import Role
from tests.app.process import until
from tests.http.served import Served, refusal
from tests.http.test_log import OWN

USAGE: Final = """
query Usage($id: ID!, $period: Days) { dataset(id: $id) { title usage(period: $period) { agency purpose fetches } } }
"""
NOW: Final = datetime.now(UTC)
TODAY: Final = NOW.astimezone(timezone(timedelta(hours=8))).date()


@pytest.fixture(scope="module")
async def used(served: Served) -> dict[str, str]:
    """A dataset of the water company's that the police fetched twice for one purpose and its provider once."""
    found = {code: served.cypher("MATCH (a:Agency {code: $c}) RETURN a.id", c=code)[0] for code in ("water", "gaj")}
    homes = {code: served.cypher("MATCH (a:Agency {code: $c}) RETURN a.jurisdiction", c=code)[0] for code in found}
    dataset = str(served.cypher(OWN, code="water")[3])
    about = About((found["water"],), (homes["water"],), (dataset,))
    async with Recorder(served.gateway.state, "localhost/log") as recorder:
        assert not recorder.writes
        for code, purpose in (("gaj", "事项办理"), ("gaj", "事项办理"), ("water", "统计分析")):
            actor = Actor(ActorKind.PERSON, "pe_x", found[code], Role.STAFF, "ap_x", (homes[code],))
            event = DataFetched(cause=Cause(actor, "0" * 64), about=about, purpose=purpose, grant=None, n=1)
            await recorder.record(event)
    # Each is indexed by itself: all are waited for.
    until(lambda: fetches(served, dataset, "staff@water") == 3, 10, "the index has the fetches")
    return {"dataset": dataset, **found}


def usage(served: Served, dataset: str, who: str | None, **period: str) -> Any:
    """Null for who may not inspect it; nothing at all for who may not know of it."""
    found = served.ask(USAGE, {"id": dataset, "period": period or None}, who)["dataset"]
    return found and found["usage"]


def fetches(served: Served, dataset: str, who: str | None, **period: str) -> int:
    return sum(row["fetches"] for row in usage(served, dataset, who, **period))


def test_each_is_told_of_the_use_that_concerns_them(served: Served, used: dict[str, str]) -> None:
    police = {"agency": used["gaj"], "purpose": "事项办理", "fetches": 2}
    provider = {"agency": used["water"], "purpose": "统计分析", "fetches": 1}
    for who, expected in (
        ("staff@water", [police, provider]),
        ("supervisor", [police, provider]),
        ("auditor", [police, provider]),
        ("staff@gaj", [police]),
        ("head@wjw", []),
        (None, []),
    ):
        assert (usage(served, used["dataset"], who) or []) == expected, who


def test_a_period_is_days_of_the_citys_calendar(served: Served, used: dict[str, str]) -> None:
    def within(since: object, until: object) -> int:
        return fetches(served, used["dataset"], "staff@water", since=str(since), until=str(until))

    day = timedelta(days=1)
    assert within(TODAY, TODAY + day) == 3
    assert within(TODAY - 2 * day, TODAY - day) == 0
    assert within(TODAY + 2 * day, "9999-12-31") == 0


def test_a_period_that_cannot_be_is_refused(served: Served, used: dict[str, str]) -> None:
    for period, code in (
        ({"since": "2026-02-01", "until": "2026-01-31"}, "INVALID_PERIOD"),
        ({"since": "2026-02-30", "until": "2026-03-01"}, "INVALID_DATE"),
        ({"since": "2026-1-1", "until": "2026-03-01"}, "INVALID_DATE"),
        ({"since": 5, "until": "2026-03-01"}, "INVALID_DATE"),
    ):
        answer = served.send(USAGE, {"id": used["dataset"], "period": period}, "staff@water")
        assert refusal(answer)["extensions"]["code"] == code, period


def test_a_page_of_datasets_has_the_use_of_each(served: Served, used: dict[str, str]) -> None:
    query = """{ agency(code: "water") { datasets(first: 50) {
      nodes { id again: usage { fetches } usage { fetches } } } } }"""
    nodes = served.ask(query, None, "staff@water")["agency"]["datasets"]["nodes"]
    assert all(node["again"] == node["usage"] for node in nodes)
    assert {node["id"]: len(node["usage"]) for node in nodes if node["usage"]} == {used["dataset"]: 2}

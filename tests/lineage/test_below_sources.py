"""Nothing is published less strictly than what it was made from; what is, is listed for who mends it (R17.2)."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Final, cast

import pytest

from gateway.catalog import Entry, Rejected, write_entries
from gateway.catalog.problems import Code
from gateway.graph import Graph
from gateway.identity import PUBLIC, Profile, Subject
from gateway.lineage import Publishing, ViolationPlace, violations
from gateway.lineage.violations import EVERYWHERE, OF_AGENCIES
from gateway.schema import tiers
from gateway.sharing.filing import Filing
from gateway.sharing.reading import Cases
from gateway.vocabulary import AgencyKind, Role, Status
from tests.catalog.entries import entry
from tests.lineage.tiered import ASKED, FREE, KEPT, PERSONAL, Flow, entry_id, field_id, key, tiered
from tests.plan.asking import Gateway
from tests.plan.plans import explain

TIER: Final = """query T($id: ID!, $first: Int) { node(id: $id) { ... on Field { effectiveTier {
  shareType openType sensitivity
  becauseOf(first: $first) { paths { length edges { target source } } isComplete truncatedBecause } } } } }"""
LISTED: Final = """query V($first: Int, $after: String) { tierViolations(first: $first, after: $after) {
  nodes { field { id } dataset { id } declared { shareType openType } effective { openType sensitivity } since
    becauseOf(first: 1) { paths { length } isComplete } grants { id } }
  pageInfo { hasNextPage endCursor } } }"""

GRANT: Final = """
MATCH (d:Dataset {id: $dataset})
CREATE (:Grant {id: 'gr_named', status: 'ACTIVE', version: 1, case: 'cs_x', dataset: d.id, fields: [$field],
  consumer: $power, provider: $water, consumerJurisdiction: 'ju_nowhere', providerJurisdiction: d.jurisdiction,
  procedure: 'APPLICATION', purpose: 'SERVICE', scope: '{}',
  validFrom: '2026-01-01T00:00:00.000Z', validTo: '9999-12-31T23:59:59.999Z',
  grantedAt: '2026-01-01T00:00:00.000Z'})-[:ON]->(d)
"""


def subject(flow: Flow, agency: str, *roles: Role, over: tuple[str, ...] = ()) -> Subject:
    profile = Profile(frozenset(roles), AgencyKind.PUBLIC_SERVICE)
    return Subject(f"pe_{agency}", agency, flow.desk.agencies[agency], "ap_x", jurisdictions=over, profile=profile)


def gateway(flow: Flow) -> Gateway:
    found = Gateway(flow.desk.graph, cases=Cases(flow.desk.graph))
    found.filing = cast(Filing, SimpleNamespace(clock=lambda: datetime.now(UTC)))
    return found


async def refused(flow: Flow, *entries: Entry) -> list[tuple[str, str, str]]:
    """What stands against writing entries; nothing where they were written."""
    try:
        await write_entries(flow.desk.graph, entries, check=Publishing(gateway(flow).walker).check)
    except Rejected as rejected:
        return [(one.identifier, one.path, one.message) for one in rejected.problems if one.code is Code.BELOW_SOURCES]
    return []


def draft(number: int, **fields: Any) -> Entry:
    return replace(tiered(number, **fields), status=Status.DRAFT)


async def test_what_is_below_its_sources_is_not_published_and_the_path_is_told(begun: Flow) -> None:
    await begun.write(draft(1, a=FREE, b=FREE), tiered(3, a=ASKED, b=FREE))
    await begun.derive((2, "a"), (3, "a"))
    await begun.derive((1, "a"), (2, "a"))
    ((identifier, path, message),) = await refused(begun, tiered(1, a=FREE, b=FREE))
    assert (identifier, path) == (entry(1).identifier, "fields[0]")
    names = [f"{entry(n).identifier}.a" for n in (1, 2, 3)]
    assert " <- ".join(names) in message
    assert key(ASKED) in message
    assert await refused(begun, tiered(1, a=ASKED, b=FREE)) == []
    # Nor is it loosened once it is published, not even where it was never below.
    assert len(await refused(begun, tiered(1, a=FREE, b=FREE))) == 1
    assert await refused(begun, draft(1, a=FREE, b=FREE)) == []


async def test_of_hidden_sources_it_says_that_there_are_some(begun: Flow) -> None:
    """The other agency's entry may not be inspected: neither its name nor that of its field is told."""
    hidden = replace(tiered(3, a=KEPT), share_type=KEPT.share, open_type=KEPT.open, sensitivity=KEPT.sensitivity)
    await begun.write(draft(1, a=FREE), hidden)
    await begun.derive((1, "a"), (3, "a"))
    ((_, _, message),) = await refused(begun, tiered(1, a=FREE))
    assert "a source that you may not see" in message
    assert entry(3).identifier not in message
    assert field_id(3, "a") not in message


async def test_a_violation_that_gets_no_worse_may_be_rewritten(begun: Flow) -> None:
    await begun.write(tiered(3, a=ASKED, b=FREE))
    await begun.derive((1, "a"), (3, "a"))
    await begun.settle()
    assert await refused(begun, replace(tiered(1, a=FREE, b=FREE), title="别名")) == []
    # A field that was dropped comes back: that is to publish it.
    assert await refused(begun, tiered(1, b=FREE)) == []
    assert len(await refused(begun, tiered(1, a=FREE, b=FREE))) == 1


async def test_what_counts_is_what_is_written_together(begun: Flow) -> None:
    """In a cycle, and from its own source, what is loosened at once holds nothing back."""
    await begun.write(tiered(1, a=ASKED), tiered(2, a=ASKED))
    await begun.derive((1, "a"), (2, "a"))
    await begun.derive((2, "a"), (1, "a"))
    await begun.settle()
    assert len(await refused(begun, tiered(1, a=FREE))) == 1
    assert await refused(begun, tiered(1, a=FREE), tiered(2, a=FREE)) == []


async def test_the_tier_is_told_and_hidden_sources_are_not(begun: Flow) -> None:
    hidden = replace(tiered(4, a=KEPT), share_type=KEPT.share, open_type=KEPT.open, sensitivity=KEPT.sensitivity)
    await begun.write(hidden, tiered(3, a=ASKED, b=FREE))
    await begun.derive((1, "a"), (3, "a"))
    await begun.derive((3, "a"), (4, "a"))
    await begun.derive((1, "a"), (2, "b"))
    await begun.settle()
    asked = {"id": field_id(1, "a"), "first": 5}
    tier = {"shareType": "NON_SHARED", "openType": "NOT_OPEN", "sensitivity": ["BY_LAW"]}
    found = {}
    for who in (PUBLIC, subject(begun, "water", Role.STAFF), subject(begun, "power", Role.STAFF)):
        node = (await gateway(begun).data(TIER, asked, who))["node"]["effectiveTier"]
        assert {name: node[name] for name in tier} == tier
        found[who.name] = node["becauseOf"]
    assert [len(path["edges"]) for path in found["power"]["paths"]] == [2]
    assert found["power"]["isComplete"]
    assert found["water"]["paths"] == []
    # The public may know of none of them, and of nothing that is hidden.
    assert found[PUBLIC.name] == {"paths": [], "isComplete": True, "truncatedBecause": []}


async def test_reasons_are_the_shortest_ways_and_as_many_as_asked_for(
    begun: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begun.write(tiered(3, a=PERSONAL, b=PERSONAL), tiered(2, a=FREE, b=ASKED))
    for target, source in (((1, "a"), (2, "a")), ((2, "a"), (3, "a")), ((1, "a"), (3, "b")), ((1, "a"), (2, "b"))):
        await begun.derive(target, source)
    await begun.derive((1, "a"), (3, "a"), "power")
    await begun.settle()
    center = subject(begun, "power", Role.CENTER)
    node = (await gateway(begun).data(TIER, {"id": field_id(1, "a"), "first": 5}, center))["node"]["effectiveTier"]
    because = node["becauseOf"]
    ends = [path["edges"][-1]["source"] for path in because["paths"]]
    # What another agency claims is no way; what is as strict on one axis is a reason too.
    assert [path["length"] for path in because["paths"]] == [1, 1, 2]
    assert ends == [*sorted([field_id(2, "b"), field_id(3, "b")]), field_id(3, "a")]
    one = (await gateway(begun).data(TIER, {"id": field_id(1, "a"), "first": 1}, center))["node"]["effectiveTier"]
    assert [path["length"] for path in one["becauseOf"]["paths"]] == [1]
    assert one["becauseOf"]["truncatedBecause"] == ["PATHS"]
    own = (await gateway(begun).data(TIER, {"id": field_id(3, "a")}, center))["node"]["effectiveTier"]
    assert own["becauseOf"]["paths"] == []
    wrong = await gateway(begun).ask(TIER, {"id": field_id(1, "a"), "first": -1}, center)
    assert [e.extensions["code"] for e in wrong.errors or () if e.extensions] == ["INVALID_PAGE"]
    monkeypatch.setattr(tiers, "MOST_EXPLAINED", 0)
    many = await gateway(begun).ask(TIER, {"id": field_id(1, "a")}, center)
    assert [e.extensions["code"] for e in many.errors or () if e.extensions] == ["TOO_MANY_REASONS"]
    assert (await gateway(begun).data(TIER, {"id": field_id(3, "a")}, center))["node"]["effectiveTier"] == own


async def test_violations_are_listed_for_who_mends_them_and_who_oversees_that(begun: Flow) -> None:
    await begun.write(tiered(2, a=PERSONAL, b=FREE))
    for target in ((1, "a"), (1, "b"), (3, "a"), (4, "b")):
        await begun.derive(target, (2, "a"))
    await begun.write(draft(4, a=FREE, b=FREE))
    await begun.settle()
    mine, theirs = sorted([field_id(1, "a"), field_id(1, "b")]), [field_id(3, "a")]
    agencies = {"water": begun.desk.agencies["water"], "power": begun.desk.agencies["power"]}
    await begun.desk.graph.run(GRANT, {"dataset": entry_id(1), "field": field_id(1, "a"), **agencies})
    homes = dict(await begun.desk.graph.read("MATCH (a:Agency)-[:IN]->(j) RETURN collect([a.code, j.id])"))
    for who, expected in (
        (PUBLIC, []),
        (subject(begun, "water", Role.STAFF), mine),
        (subject(begun, "water", Role.HEAD), mine),
        (subject(begun, "power", Role.OFFICER), theirs),
        (subject(begun, "power", Role.SUPERVISOR, over=(homes["power"],)), theirs),
        (subject(begun, "power", Role.AUDITOR, over=(homes["power"], homes["water"])), mine + theirs),
        (subject(begun, "power", Role.SUPERVISOR), []),
        (subject(begun, "power", Role.CENTER), mine + theirs),
    ):
        listed = (await gateway(begun).data(LISTED, {}, who))["tierViolations"]["nodes"]
        assert sorted(one["field"]["id"] for one in listed) == sorted(expected), who
        for one in listed:
            assert one["declared"] == {"shareType": "UNCONDITIONAL", "openType": "OPEN"}
            assert one["effective"] == {"openType": "NOT_OPEN", "sensitivity": ["PERSONAL"]}
            assert one["since"] > "2026"
            named = one["field"]["id"] == field_id(1, "a")
            assert one["grants"] == [{"id": "gr_named"}] * named, "of the field, for both sides and who oversees one"
    everything = subject(begun, "power", Role.CENTER)
    seen, after = [], None
    while True:
        page = (await gateway(begun).data(LISTED, {"first": 1, "after": after}, everything))["tierViolations"]
        seen += [one["field"]["id"] for one in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert sorted(seen) == sorted(mine + theirs)
    wrong = await gateway(begun).ask(LISTED, {"after": "x"}, everything)
    assert [e.extensions["code"] for e in wrong.errors or () if e.extensions] == ["INVALID_CURSOR"]


@pytest.mark.parametrize("statement", [EVERYWHERE, OF_AGENCIES])
async def test_a_page_of_violations_is_read_along_its_index(begun: Flow, statement: str) -> None:
    graph: Graph = begun.desk.graph
    given = {"agency": "", "id": "", "most": 3, "own": "ag_x", "jurisdictions": ["ju_x"]}
    plan = await explain(graph, statement, given)
    assert not {"AllNodesScan", "NodeByLabelScan", "Sort"} & {*plan.names} - (
        {"Sort"} if "a:Agency" in statement else set()
    )
    assert await violations(graph, PUBLIC, 10, ViolationPlace("", "")) == []

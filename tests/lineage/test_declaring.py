"""What agencies declare: who may, of what, what is refused, and that corrections keep the past."""

import asyncio
import json
from dataclasses import replace
from typing import Any, Final

import pytest

from gateway.audit.ledger import Denied
from gateway.catalog import write_entries
from gateway.lineage import (
    MOST_STATED,
    Derivations,
    Derived,
    Ended,
    LineageNameState,
    Name,
    Names,
    Outside,
    Stated,
    TransformationType,
    Transformed,
    lineage_names,
)
from gateway.sharing.scope import Basis
from gateway.vocabulary import Status
from tests.lineage.stated import ENTRIES, Statements, at, corrected, declared, derived, ds, fd

OUTSIDE: Final = Outside("postgres://warehouse", "readings")
OUTSIDE_FIELD: Final = replace(OUTSIDE, field="q")
HOW: Final = (Transformed(TransformationType.DIRECT, "IDENTITY", masking=True),)


async def test_what_is_declared_is_drawn_with_who_says_so_and_by_which_document(statements: Statements) -> None:
    """R13, R19."""
    ids = await statements.act(
        declared(
            derived("free.a", "stats.x", transformations=HOW),
            derived("mixed", until=at(9)),
            derived(OUTSIDE_FIELD, "stats.y", at(3)),
            reason="统计口径",
            basis=Basis("统计法", "第三条"),
        )
    )
    assert await statements.said() == [
        ("stats", "mixed", at(1), at(9)),
        ("stats.x", "free.a", at(1), ""),
        ("stats.y", "xn_", at(3), ""),
    ]
    assert await statements.said(implied=True) == [("stats", "free", at(1), ""), ("stats", "xn_", at(3), "")]
    edges = await statements.edges()
    (kept,) = await statements.city.graph.read(
        "MATCH (:Dataset {id: $id})-[:HAS]->(x:Document)<-[:SIGNS]-(s:Signature)-[:AS]->(h)"
        " RETURN collect([x.id, x.digest, s.digest, h.id, x.bytes])",
        {"id": ds("stats")},
    )
    events = {one["id"]: one for one in statements.city.events("lineage.declared")}
    for edge in edges:
        said = edge["p"]
        assert (said["observed"], said["asserter"], said["document"]) == (
            False,
            statements.city.officers["consumer"].subject.agency,
            kept[0],
        )
        event = events[said["event"]]
        assert (event["data"]["document"], event["data"]["signature"]) == (kept[1], kept[2])
        # Who provides a source is told, in an event that names nothing of a third.
        water = edge["source"] in (fd("free.a"), ds("free"), ds("mixed"))
        assert (len(event["about"]["agencies"]), event["data"]["begun"]) == ((2, 3) if water else (1, 2))
        assert set(event["about"]["datasets"]) == ({ds("stats"), ds("free"), ds("mixed")} if water else {ds("stats")})
    document = json.loads(kept[4])
    assert (document["procedure"], document["act"], document["case"]) == ("LINEAGE", "DECLARE_DERIVATIONS", None)
    assert [one["id"] for one in document["content"]["derivations"]] == ids
    assert {one["p"]["id"] for one in edges if "implied" not in one["p"]} == {*ids}
    first = next(one["p"] for one in edges if one["p"]["id"] == ids[0])
    assert (first["transformations"], first["masking"]) == (["DIRECT/IDENTITY"], True)


LATER: Final = "2026-02-10T02:06:00.000Z"
BAD: Final[dict[str, tuple[Derivations, str, str]]] = {
    "unknown target": (Derivations("ds_nothing", (derived("free"),)), "NOT_FOUND", "dataset"),
    "another agency's": (declared(derived("free"), dataset="mixed"), "NOT_FOUND", "dataset"),
    "another agency's draft": (declared(derived("free"), dataset="draft"), "NOT_FOUND", "dataset"),
    "unknown field": (
        declared(replace(derived("free.a", "stats.x"), field="fd_no")),
        "NOT_FOUND",
        "derivations[0].field",
    ),
    "another agency's field": (declared(derived("free.a", "mixed.open")), "NOT_FOUND", "derivations[0].field"),
    "field of another dataset": (declared(derived("free.a", "other.x")), "UNKNOWN_FIELD", "derivations[0].field"),
    "a dataset as field": (
        declared(replace(derived("free.a", "stats.x"), field=ds("other"))),
        "UNKNOWN_FIELD",
        "derivations[0].field",
    ),
    "unknown source": (declared(derived("mixed"), derived("ds_nothing")), "NOT_FOUND", "derivations[1].source"),
    "hidden source": (declared(derived("mixed"), derived("draft")), "NOT_FOUND", "derivations[1].source"),
    "not to be inspected": (declared(derived("mixed"), derived("kept")), "NOT_FOUND", "derivations[1].source"),
    "field of a hidden one": (declared(derived("kept.a", "stats.x")), "NOT_FOUND", "derivations[0].source"),
    "withheld field": (declared(derived("mixed.withheld", "stats.x")), "NOT_FOUND", "derivations[0].source"),
    "field from dataset": (declared(derived("free", "stats.x")), "ENDS_DIFFER", "derivations[0].source"),
    "dataset from field": (declared(derived("free.a")), "ENDS_DIFFER", "derivations[0].source"),
    "dataset from a name's field": (declared(derived(OUTSIDE_FIELD)), "ENDS_DIFFER", "derivations[0].source"),
    "no name": (declared(derived(Outside("", "x"))), "BAD_NAME", "derivations[0].source"),
    "control character": (declared(derived(Outside("n", "a\x1fb"))), "BAD_NAME", "derivations[0].source"),
    "long name": (declared(derived(Outside("n", "a" * 1001))), "BAD_NAME", "derivations[0].source"),
    "nothing": (declared(), "NO_DERIVATIONS", "derivations"),
    "too many": (declared(*[derived("free")] * (MOST_STATED + 1)), "TOO_MANY_DERIVATIONS", "derivations"),
    "in the future": (declared(derived("free", since=LATER)), "IN_FUTURE", "derivations[0].since"),
    "until the future": (declared(derived("free", until=LATER)), "IN_FUTURE", "derivations[0].until"),
    "reversed": (declared(derived("free", until=at(1))), "PERIOD_EMPTY", "derivations[0].until"),
    "before computers": (
        declared(derived("free", since="1969-12-31T00:00:00.000Z")),
        "TOO_EARLY",
        "derivations[0].since",
    ),
    "twice": (declared(derived("free"), derived("free", since=at(5))), "ALREADY_DECLARED", "derivations[1]"),
    "subtype": (
        declared(derived("free", transformations=(Transformed(TransformationType.DIRECT, "a\nb"),))),
        "BAD_TRANSFORMATION",
        "derivations[0].transformations",
    ),
    "transformations": (
        declared(derived("free", transformations=HOW * 21)),
        "BAD_TRANSFORMATION",
        "derivations[0].transformations",
    ),
    "reason": (declared(derived("free"), reason="a\x07"), "BAD_TEXT", "reason"),
    "long reason": (declared(derived("free"), reason="a" * 2001), "BAD_TEXT", "reason"),
    "basis": (declared(derived("free"), basis=Basis("", "x")), "EMPTY_TEXT", "basis"),
    "no ends": (corrected(), "NO_DERIVATIONS", "ends"),
    "no reason": (corrected(Ended("de_x"), reason=" "), "EMPTY_TEXT", "reason"),
    "unknown end": (corrected(Ended("de_nothing")), "NOT_FOUND", "ends[0]"),
    "an end twice": (corrected(Ended("de_x"), Ended("de_x", at(3))), "DOUBLE_DERIVATION", "ends"),
    "an end to come": (corrected(Ended("de_x", LATER)), "IN_FUTURE", "ends[0].until"),
}


async def test_what_cannot_be_is_refused_with_its_code_and_place(statements: Statements) -> None:
    found = {case: await statements.why(request) for case, (request, _, _) in BAD.items()}
    assert found == {case: (code, path) for case, (_, code, path) in BAD.items()}
    refusals = statements.city.events("change.refused")
    assert [one["data"]["code"] for one in refusals] == [code for _, code, _ in BAD.values()]
    assert await statements.edges() == []


async def test_what_may_not_be_known_is_refused_in_the_words_for_what_is_not_there(statements: Statements) -> None:
    def said(denied: Denied, named: str) -> tuple[str, str, str]:
        return denied.code, denied.path, str(denied).replace(named, "…")

    for hidden, nothing in (
        ((derived("draft"), ds("draft")), (derived("ds_no"), "ds_no")),
        ((derived("kept.a", "stats.x"), fd("kept.a")), (derived("fd_no", "stats.x"), "fd_no")),
    ):
        found = [
            said(await statements.city.refused("consumer", declared(one)), name) for one, name in (hidden, nothing)
        ]
        assert found[0] == found[1]
    for dataset in ("draft", "kept"):
        one = said(await statements.city.refused("consumer", declared(derived("free"), dataset=dataset)), ds(dataset))
        other = said(await statements.city.refused("consumer", Derivations("ds_no", (derived("free"),))), "ds_no")
        assert one == other
    # The actor is shown that it was refused, and nothing of what it was about.
    hidden_ones = [one["about"]["hidden"] for one in statements.city.events("change.refused")]
    assert hidden_ones == [True, False, True, False, True, False, True, False]


@pytest.mark.parametrize("who", ["staff", "center", "citizen"])
async def test_only_officers_and_heads_state_anything(statements: Statements, who: str) -> None:
    city = statements.city
    if who == "citizen":
        subject = city.citizens[who]
        table = city.policy.table_for(subject.profile)
        with pytest.raises(Denied) as denied:
            await city.filing.prepare(subject, table, city.cause(subject), declared(derived("free")), city.key())
        assert denied.value.code == "NOT_ALLOWED"
    else:
        assert (await statements.why(declared(derived("free")), who))[0] == "NOT_ALLOWED"
    await statements.act(declared(derived("free")), "head")


async def test_a_signature_counts_once_and_for_who_prepared_it(statements: Statements) -> None:
    city = statements.city
    prepared = await city.prepare("consumer", declared(derived("free")))
    for who, signer, code in (
        ("consumer", "rival", "NOT_YOUR_KEY"),
        ("rival", "rival", "NOT_FOUND"),
        ("provider", "provider", "NOT_FOUND"),
    ):
        assert await statements.why_not_filed(prepared, who, signer) == code
    other = await city.prepare("consumer", declared(derived("mixed")))
    with pytest.raises(Denied) as denied:
        await city.file("consumer", prepared["signing"], city.sign("consumer", other["document"]))
    assert denied.value.code.startswith("SIGNATURE_")
    assert await statements.edges() == []
    signature, key = city.sign("consumer", prepared["document"]), city.key()
    made = await city.file("consumer", prepared["signing"], signature, key)
    assert await city.file("consumer", prepared["signing"], signature, key) == made
    with pytest.raises(Denied) as denied:
        await city.file("consumer", prepared["signing"], signature)
    assert denied.value.code == "ALREADY_FILED"
    assert len(await statements.edges()) == 1


async def test_of_two_officers_who_file_the_same_at_once_one_is_refused(statements: Statements) -> None:
    city = statements.city
    both = [(who, await city.prepare(who, declared(derived("free.a", "stats.x")))) for who in ("consumer", "rival")]

    async def filed(who: str, prepared: Any) -> Any:
        try:
            return await city.file(who, prepared["signing"], city.sign(who, prepared["document"]))
        except Denied as denied:
            return denied.code

    made = await asyncio.gather(*(filed(*one) for one in both))
    assert sum(one == "ALREADY_DECLARED" for one in made) == 1
    assert len(await statements.said()) == 1
    (edge,) = [one["p"]["id"] for one in await statements.edges() if "implied" not in one["p"]]
    both = [(who, await city.prepare(who, corrected(Ended(edge, at(5))))) for who in ("consumer", "rival")]
    made = await asyncio.gather(*(filed(*one) for one in both))
    assert sum(one == "ALREADY_ENDED" for one in made) == 1
    assert await statements.said() == [("stats.x", "free.a", at(1), at(5))]
    assert await statements.said(implied=True) == [("stats", "free", at(1), at(5))]


@pytest.mark.parametrize("gone", ["source", "target", "role"])
async def test_everything_is_checked_again_when_it_is_filed(statements: Statements, gone: str) -> None:
    city = statements.city
    prepared = await city.prepare("consumer", declared(derived("free.a", "stats.x")))
    if gone == "source":
        await write_entries(city.graph, [replace(ENTRIES["free"], status=Status.DRAFT)])
    elif gone == "target":
        await write_entries(city.graph, [replace(ENTRIES["stats"], fields=ENTRIES["stats"].fields[1:])])
    else:
        await city.graph.run(
            "MATCH (h:Appointment {id: $id}) SET h.role = 'STAFF'",
            {"id": city.officers["consumer"].subject.appointment},
        )
    try:
        expected = {"source": "NOT_FOUND", "target": "NOT_FOUND", "role": "OTHER_APPOINTMENT"}
        assert await statements.why_not_filed(prepared) == expected[gone]
        assert await statements.edges() == []
    finally:
        await city.graph.run(
            "MATCH (h:Appointment {id: $id}) SET h.role = 'OFFICER'",
            {"id": city.officers["consumer"].subject.appointment},
        )


async def test_a_correction_keeps_what_was_on_record(statements: Statements) -> None:
    """R13, R18.3: the old edge ends, the new one begins."""
    first, second = await statements.act(declared(derived("free.a", "stats.x"), derived("free.b", "stats.y", at(4))))
    one = statements.later()
    (shorter, instead) = await statements.act(
        corrected(Ended(first, at(6)), instead=(derived("mixed.open", "stats.x", at(6)),))
    )
    two = statements.later()
    assert await statements.act(corrected(Ended(second), Ended(shorter))) == []
    before = [("stats.x", "free.a", at(1), ""), ("stats.y", "free.b", at(4), "")]
    after = [
        ("stats.x", "free.a", at(1), at(6)),
        ("stats.x", "mixed.open", at(6), ""),
        ("stats.y", "free.b", at(4), ""),
    ]
    assert await statements.said(one) == before
    assert await statements.said(two) == after
    assert await statements.said() == [("stats.x", "mixed.open", at(6), "")]
    assert await statements.said(one, implied=True) == [("stats", "free", at(1), "")]
    # The fields' periods still cover the same together.
    assert await statements.said(two, implied=True) == [("stats", "free", at(1), ""), ("stats", "mixed", at(6), "")]
    assert await statements.said(implied=True) == [("stats", "mixed", at(6), "")]
    ended = statements.city.events("lineage.ended")
    assert [(one["data"]["begun"], one["data"]["ended"]) for one in ended] == [(3, 1), (0, 3)]
    documents = await statements.city.graph.read("MATCH (x:Document) RETURN collect(x.bytes)")
    (correction,) = [one for one in map(json.loads, documents) if one["content"].get("ends", [{}])[0].get("becomes")]
    (end,) = correction["content"]["ends"]
    assert (end["derivation"], end["becomes"], end["since"], end["until"]) == (
        first,
        {"id": shorter, "until": at(6)},
        at(1),
        None,
    )
    for code, request in (
        ("ALREADY_ENDED", corrected(Ended(first))),
        ("NOT_FOUND", corrected(Ended(instead), dataset="other")),
        ("PERIOD_EMPTY", corrected(Ended(instead, at(6)))),
        ("ALREADY_DECLARED", declared(derived("mixed.open", "stats.x", at(2)))),
        ("NOT_FOUND", corrected(Ended("de_" + "0" * 32))),
    ):
        assert (await statements.why(request))[0] == code
    held = (derived("mixed.open", "stats.x", at(2)),)
    again = corrected(Ended(instead, at(7)), instead=(derived("draft"),))
    assert await statements.why(again) == ("NOT_FOUND", "instead[0].source")
    assert await statements.why(corrected(Ended(instead, at(7)), instead=held)) == ("ALREADY_DECLARED", "instead[0]")
    await statements.act(declared(derived("mixed.open", "stats.x", at(2), until=at(6))))


async def test_an_end_shortens_and_never_lengthens(statements: Statements) -> None:
    (edge,) = await statements.act(declared(derived("free", until=at(5))))
    assert await statements.why(corrected(Ended(edge, at(5)))) == ("NOT_SHORTER", "ends[0].until")
    await statements.act(corrected(Ended(edge), instead=(derived("free", until=at(7)),)))
    assert await statements.said() == [("stats", "free", at(1), at(7))]


async def test_only_what_the_agency_has_declared_itself_can_be_ended_by_hand(statements: Statements) -> None:
    city = statements.city
    await statements.act(declared(derived("free.a", "stats.x")))
    (implied,) = [one["p"]["id"] for one in await statements.edges() if "implied" in one["p"]]
    assert (await statements.why(corrected(Ended(implied))))[0] == "IMPLIED"
    (theirs,) = await statements.act(declared(derived("other", "free"), dataset="free"), "provider")
    assert (await statements.why(corrected(Ended(theirs))))[0] == "NOT_FOUND"
    for name, observed, code in (("de_run", True, "OBSERVED"), ("de_loaded", False, "NOT_DECLARED")):
        await city.graph.run(
            "MATCH (t:Field {id: $t}), (s:Field {id: $s}) CREATE (t)-[e:DERIVED_FROM]->(s) SET e = $p",
            {
                "t": fd("stats.x"),
                "s": fd("free.a"),
                "p": {"id": name, "observed": observed, "asserter": city.officers["consumer"].subject.agency},
            },
        )
        assert (await statements.why(corrected(Ended(name))))[0] == code
        # Of another agency's it is not said that it is there.
        assert (await statements.why(corrected(Ended(name), dataset="free"), "provider"))[0] == "NOT_FOUND"


async def test_a_declared_name_follows_its_mapping_and_the_declaration_stays(statements: Statements) -> None:
    city = statements.city
    await statements.act(declared(derived(OUTSIDE_FIELD, "stats.x")))
    unmatched = await lineage_names(
        city.graph, city.officers["consumer"].subject, None, LineageNameState.UNMATCHED, 10, None
    )
    assert [one["name"] for one in unmatched] == ["readings"]
    provider = city.officers["provider"].subject
    name = Name(OUTSIDE.namespace, OUTSIDE.name)
    stated = Stated(name, ENTRIES["free"].identifier, {"q": "a"})
    await Names(city.ledger).map(city.cause(provider), stated, city.key(), by=provider)
    assert await statements.said() == [("stats.x", "free.a", at(1), "")]
    assert await statements.said(implied=True) == [("stats", "free", at(1), "")]
    (mapped,) = city.events("lineage.name-mapped")
    for one in await statements.edges():
        assert (one["p"]["recordedTo"] > "9", one["p"]["event"] == mapped["id"]) in ((True, True), (False, False))
    (edge,) = [
        one["p"]["id"] for one in await statements.edges() if "implied" not in one["p"] and one["p"]["recordedTo"] > "9"
    ]
    # What the name stands for is told nobody: the document says what was declared.
    prepared = await city.prepare("consumer", corrected(Ended(edge, at(4))))
    assert (fd("free.a") in prepared["document"], "readings" in prepared["document"]) == (False, True)
    await city.file("consumer", prepared["signing"], city.sign("consumer", prepared["document"]))
    assert await statements.said() == [("stats.x", "free.a", at(1), at(4))]
    assert await statements.said(implied=True) == [("stats", "free", at(1), at(4))]


async def test_who_provides_a_source_is_not_told_of_what_they_may_not_know(statements: Statements) -> None:
    await statements.act(declared(derived("free"), dataset="plan"))
    (event,) = statements.city.events("lineage.declared")
    assert event["about"]["agencies"] == [statements.city.officers["consumer"].subject.agency]
    assert event["about"]["datasets"] == [ds("plan")]


async def test_the_most_that_a_document_can_have(statements: Statements) -> None:
    some = [derived(Outside("n", f"t{number}")) for number in range(MOST_STATED)]
    assert len(await statements.act(declared(*some))) == MOST_STATED
    assert isinstance(some[0], Derived)
    assert len(await statements.said()) == MOST_STATED

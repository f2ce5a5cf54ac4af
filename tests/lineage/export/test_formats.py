"""Every format says what the picture says, its readers read it, and no text of the catalogue's breaks out of it."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rdflib import DCTERMS, PROV, RDF, RDFS, Graph, Literal, URIRef

from gateway.lineage.content import DATASETS, FIELDS
from gateway.lineage.export import FORMS, Format, Picture, tree
from gateway.lineage.export.dot import dot
from gateway.lineage.export.mermaid import mermaid
from gateway.lineage.export.openlineage import run_events
from gateway.lineage.export.picture import HiddenPart, NodeKind, Party, Transformation
from gateway.lineage.export.prov import json_ld, turtle
from gateway.lineage.export.svg import svg
from gateway.lineage.export.texts import LONGEST, plain
from gateway.lineage.reading import read_events
from gateway.lineage.words import Truncation
from tests.lineage.export.pictures import BASE, EVERY, HIDDEN, RUN, cyclic, fields, hidden, small

# rdflib's own reader of JSON-LD uses what rdflib has given up.
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
ROOT: Final = Path(__file__).parents[3]
EVERY_FORMAT: Final = pytest.mark.parametrize("name", EVERY)
SVG: Final = "{http://www.w3.org/2000/svg}"

# What a Mermaid flowchart of ours consists of, line by line; within quotation marks are letters, digits and numbers.
_QUOTED: Final = r'"(?:[^\W_]|[ \-_.,]|#\d+;)*"'
_OPENED: Final = rf"(?:\(\[{_QUOTED}\]\)|\[{_QUOTED}\]|\{{\{{{_QUOTED}\}}\}}|\[/{_QUOTED}/\])"
_MERMAID: Final = (
    r"%% [^{}%]*",
    r"flowchart LR",
    rf"  n\d+{_OPENED}:::(?:a[0-7]|name)",
    rf"  n\d+ (?:-->|-\.->)(?:\|{_QUOTED}\|)? n\d+",
    rf"  (?:hidden|incomplete)\[{_QUOTED}\]:::(?:hidden|note)",
    r"  classDef \w+ [\w#:,\- ]+",
    r"  class n\d+(?:,n\d+)* begins",
)
# The same of DOT: a string ends at the first quotation mark without a backslash before it.
_STRING: Final = r'"(?:[^"\\&]|\\[\\"n]|&amp;)*"'
_VALUE: Final = rf"(?:\w+|{_STRING})"
_ATTRIBUTES: Final = rf"\[\w+={_VALUE}(?:, \w+={_VALUE})*\]"
_DOT: Final = (
    r"digraph lineage \{",
    rf"  (?:graph|node|edge|n\d+|hidden) {_ATTRIBUTES};",
    r"  \{ rank=same; n\d+(?:; n\d+)*; \}",
    rf"  n\d+ -> n\d+ {_ATTRIBUTES};",
    r"\}",
)


def fits(text: str, lines: tuple[str, ...]) -> bool:
    """Whether a text has no line but these. Only a line feed ends one here: the readers know others too."""
    return all(any(re.fullmatch(line, one) for line in lines) for one in text.removesuffix("\n").split("\n"))


def graph(data: str | bytes, syntax: str) -> Graph:
    found = Graph()
    found.parse(data=data, format=syntax)
    return found


def triples(found: Graph) -> set[tuple[str, ...]]:
    return {tuple(one.n3() for one in triple) for triple in found}


def image(picture: Picture) -> ET.Element:
    return ET.fromstring(svg(picture))


def texts(root: ET.Element) -> set[str]:
    return {"".join(one.itertext()) for one in root.iter() if one.tag in (f"{SVG}text", f"{SVG}title")}


@EVERY_FORMAT
def test_turtle_and_json_ld_are_the_same_graph(name: str) -> None:
    picture = EVERY[name]()
    one, other = graph(turtle(picture, BASE), "turtle"), graph(json_ld(picture, BASE), "json-ld")
    assert triples(one) == triples(other)
    assert len(one) > 10


def test_prov_says_derivations_runs_agencies_and_tiers() -> None:
    found = graph(turtle(hidden(), BASE), "turtle")
    a, b = URIRef(f"{BASE}/lineage/ds_a"), URIRef(f"{BASE}/lineage/ds_b")
    assert (a, PROV.wasDerivedFrom, b) in found
    qualified = next(d for d in found.objects(a, PROV.qualifiedDerivation) if (d, PROV.entity, b) in found)
    assert (qualified, PROV.hadActivity, URIRef(f"urn:uuid:{RUN}")) in found
    assert (a, PROV.wasAttributedTo, URIRef(f"{BASE}/id/agency/ag_0")) in found
    assert (a, DCTERMS.accessRights, None) in found
    assert (a, DCTERMS.identifier, Literal("621000/a")) in found
    walk = URIRef(f"{BASE}/lineage/ds_a#walk")
    assert (walk, RDF.type, PROV.Bundle) in found
    own = f"{BASE}/ns#"
    assert {str(o) for o in found.objects(walk, URIRef(f"{own}truncatedBecause"))} == {"DEPTH", "HIDDEN"}
    assert {o.language for o in found.objects(walk, URIRef(f"{own}hiddenBecause")) if isinstance(o, Literal)} == {
        "zh",
        "en",
    }
    # Hidden is said of the walk, and of nothing on it.
    about = {s for s, p, _ in found if "hidden" in str(p)}
    assert about == {walk}


def test_a_field_is_a_column_of_its_dataset() -> None:
    found = graph(turtle(fields(), BASE), "turtle")
    field = URIRef(f"{BASE}/lineage/fd_total")
    assert (field, RDF.type, URIRef("http://www.w3.org/ns/csvw#Column")) in found
    assert (field, DCTERMS.isPartOf, URIRef(f"{BASE}/lineage/ds_a")) in found
    assert (URIRef(f"{BASE}/lineage/xn_t"), RDFS.label, Literal("col")) in found


def check_event(event: Mapping[str, Any]) -> None:
    """What OpenLineage 2-0-2 asks of a run event, and ColumnLineageDatasetFacet 1-2-0 of its facet."""
    assert {"eventType", "eventTime", "producer", "schemaURL", "run", "job"} <= {*event}
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", event["run"]["runId"])
    assert event["schemaURL"] == "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
    named = [event["job"], *event["inputs"], *event["outputs"]]
    for output in event["outputs"]:
        for facet in output["facets"].values():
            assert {"_producer", "_schemaURL"} <= {*facet}
        sources = [
            f for e in output["facets"].get("columnLineage", {}).get("fields", {}).values() for f in e["inputFields"]
        ]
        named += sources + output["facets"].get("lineage", {}).get("inputs", [])
        for one in sources:
            assert one["field"]
            for how in one.get("transformations", []):
                assert how["type"] in ("DIRECT", "INDIRECT")
    for one in named:
        for part in ("namespace", "name"):
            assert 1 <= len(one[part]) <= LONGEST
            assert not re.search(r"[\x00-\x1f\x7f]", one[part])


@EVERY_FORMAT
def test_openlineage_has_every_derivation_once_with_its_run(name: str) -> None:
    picture = EVERY[name]()
    events = run_events(picture, BASE)
    found = []
    for event in events:
        check_event(event)
        for output in event["outputs"]:
            for target, entry in output["facets"].get("columnLineage", {}).get("fields", {}).items():
                found += [(output["name"], target, one["name"], one["field"]) for one in entry["inputFields"]]
            found += [
                (output["name"], None, one["name"], None)
                for one in output["facets"].get("lineage", {}).get("inputs", [])
            ]
    nodes = picture.by_id
    expected = []
    for edge in picture.edges:
        target, source = nodes[edge.target], nodes[edge.source]
        columns = target.field is not None and source.field is not None
        expected.append(
            (target.code, target.field if columns else None, source.code, source.field if columns else None)
        )
    assert sorted(found, key=str) == sorted(expected, key=str)


def test_openlineage_names_entries_by_the_gateway_and_others_as_they_are_named() -> None:
    events = run_events(small(), BASE)
    names = {(one["namespace"], one["name"]) for event in events for one in (*event["inputs"], *event["outputs"])}
    assert ("gateway://data.example.org", "621000/a") in names
    assert ("postgres://host:5432", "public.rows") in names
    masked = [
        how["masking"]
        for event in events
        for output in event["outputs"]
        for one in output["facets"]["lineage"]["inputs"]
        for how in one.get("transformations", ())
        if one["name"] == "621000/d"
    ]
    assert masked == [True]
    assert {event["job"]["name"] for event in events} == {"etl/nightly", "declared by ag_1"}


@EVERY_FORMAT
def test_mermaid_and_dot_have_nothing_but_what_they_should(name: str) -> None:
    picture = EVERY[name]()
    assert fits(mermaid(picture), _MERMAID)
    assert fits(dot(picture), _DOT)
    for text, arrow in ((mermaid(picture), r"n\d+ -\.?->?.* n\d+"), (dot(picture), r"n\d+ -> n\d+")):
        assert len(re.findall(rf"^  {arrow}", text, re.MULTILINE)) == len(picture.edges)


@EVERY_FORMAT
def test_what_is_missing_and_hidden_is_said_in_every_format(name: str) -> None:
    picture = EVERY[name]()
    for format_, form in FORMS.items():
        text = form.write(picture, BASE).decode()
        said = HIDDEN.reason_zh if format_ is not Format.MERMAID else quoted_by_mermaid(HIDDEN.reason_zh)
        if format_ is not Format.OPENLINEAGE:  # which has no place for it: the manifest says it
            assert (said in text) == (picture.hidden is not None), format_
            assert all(one in text for one in picture.truncated), format_


def quoted_by_mermaid(text: str) -> str:
    return "".join(one if one.isalnum() else f"#{ord(one)};" for one in text)


def test_the_hidden_part_is_connected_to_nothing_and_changes_nothing_else() -> None:
    bare, whole = replace(hidden(), hidden=None), hidden()
    assert run_events(bare, BASE) == run_events(whole, BASE)
    for write in (mermaid, dot):
        more = {*write(whole).split("\n")} - {*write(bare).split("\n")}
        assert len(more) == 1
        assert "hidden" in more.pop()
    assert [one.get("d") for one in image(bare).iter(f"{SVG}path") if one.get("marker-end")] == [
        one.get("d") for one in image(whole).iter(f"{SVG}path") if one.get("marker-end")
    ]


_NASTY: Final = (
    '"]; evil', '"] -->n1', "%%{init: {}}%%", "</text><script>alert(1)</script>", "]]>", "&amp;#x3c;", "\\", '\\"',
    "\\N", "\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\u202eevil\u202c", "\u2066", "\x00", "\r\nclick n1 href",
    "\u2028", "#quot;", '"""', "'''", "<http://evil/>", "@prefix", "${x}", "`md`", "；", "\ufffe", "\ud800", "供水",
    "🚰", "ﬂ°°34¶ß", "a" * 2000, "-->", "\n}\n", "{", "}", "|", "_:b0", "^^xsd:int", "\\u0022", "--", "\x85",
    "javascript:alert(1)", "\u200b", "\x7f",
)  # fmt: skip
_HOSTILE: Final = st.lists(st.one_of(st.sampled_from(_NASTY), st.text(max_size=8)), min_size=1, max_size=4).map("".join)


def hostile(text: str) -> Picture:
    """A picture in which everything that anybody can write is that."""
    said, evil = plain(text), text.encode("utf-8", "replace").decode()
    picture = hidden()
    party = Party("ag_0", said)
    nodes = [
        replace(
            one, label=said, home=said, code=said, field=said if one.kind is NodeKind.FIELD else None,
            provider=None if one.provider is None else party,
        )
        for one in picture.nodes
    ]  # fmt: skip
    edges = [
        replace(one, id=f"{i}{evil}", asserter=party, run=said, job=said, transformations=(Transformation(said, said),))
        for i, one in enumerate(picture.edges)
    ]
    return replace(
        picture,
        nodes=nodes,
        edges=edges,
        hidden=HiddenPart(said, said, said, said),
        asked_by=replace(picture.asked_by, agency=party),
    )


@settings(max_examples=40, deadline=None)
@given(_HOSTILE)
@example("".join(_NASTY))
def test_no_text_breaks_out_of_a_format(text: str) -> None:
    picture, clean = hostile(text), plain(text)
    harmless = hostile("harmless")
    one, other = graph(turtle(picture, BASE), "turtle"), graph(json_ld(picture, BASE), "json-ld")
    assert triples(one) == triples(other)
    assert len({*one.subjects()}) == len({*graph(turtle(harmless, BASE), "turtle").subjects()})
    assert (URIRef(f"{BASE}/lineage/ds_a"), DCTERMS.title, Literal(clean)) in one
    assert fits(mermaid(picture), _MERMAID)
    assert fits(dot(picture), _DOT)
    root, bare = image(picture), image(harmless)
    assert [e.tag for e in root.iter() if e.tag != f"{SVG}title"] == [
        e.tag for e in bare.iter() if e.tag != f"{SVG}title"
    ]
    assert any(clean in said for said in texts(root))
    for event in run_events(picture, BASE):
        check_event(json.loads(json.dumps(event)))
    assert len(run_events(picture, BASE)) == len(run_events(harmless, BASE))
    shown = ["".join(piece.text for piece in line) for line in tree(picture)]
    assert len(shown) == len([*tree(harmless)])
    assert all(line.isprintable() or not unsafe(line) for line in shown)


def unsafe(line: str) -> bool:
    return bool(re.search("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]", line))


@given(st.one_of(_HOSTILE, st.text()))
def test_a_plain_text_is_one_line_of_what_can_be_seen(text: str) -> None:
    found = plain(text)
    assert not unsafe(found)
    assert 1 <= len(found) <= LONGEST
    assert plain(found) == found
    found.encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\x1b[31mb\x1b[0m", "ab"), ("\x1b]8;;http://evil\x07link", "link"), ("a\u202eb", "a\ufffdb"), ("\x00", "␀"),
     ("全角　空格", "全角 空格"), (" a \n b ", "a ␊ b"), ("\U000323af", "\U000323af"), ("", "\ufffd"), ("\x7f", "␡")],
)  # fmt: skip
def test_what_steers_goes_and_what_is_invisible_is_seen(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_a_svg_needs_nothing_else_and_runs_nothing() -> None:
    for make in EVERY.values():
        root = image(make())
        assert {one.tag.removeprefix(SVG) for one in root.iter()} <= {
            "svg", "title", "defs", "marker", "pattern", "g", "rect", "path", "circle", "text",
        }  # fmt: skip
        for one in root.iter():
            assert not any(name.startswith("on") or "href" in name or name in ("style", "src") for name in one.attrib)
            assert all("url(" not in value or value.startswith("url(#") for value in one.attrib.values())


def test_truncation_and_long_titles_are_in_the_picture() -> None:
    picture = replace(small(), truncated=(Truncation.NODES,))
    assert any("NODES" in one for one in texts(image(picture)))
    title = "城市运行指标" * 20
    long = replace(picture, nodes=[replace(one, label=plain(title)) for one in picture.nodes])
    found = texts(image(long))
    assert any(one.startswith(f"{title}\n") for one in found)
    assert any(one.endswith("…") and title.startswith(one[:-1]) for one in found)


_DIGESTS: Final = """
import sys; sys.path.insert(0, ".")
from tests.lineage.export.test_formats import digests
print(digests())
"""


def digests() -> str:
    pictures = [hidden(), cyclic()]
    return " ".join(sha256(form.write(p, BASE)).hexdigest() for p in pictures for form in FORMS.values())


def test_the_same_picture_is_always_the_same_bytes() -> None:
    """In another process too, where texts have other hashes."""
    found = digests()
    assert digests() == found
    done = subprocess.run(
        [sys.executable, "-c", _DIGESTS],
        cwd=ROOT,
        env={"PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == found


@EVERY_FORMAT
def test_openlineage_is_read_again_as_the_same_derivations(name: str) -> None:
    """By the rules by which this gateway takes what systems report."""
    picture = EVERY[name]()
    batch = read_events(FORMS[Format.OPENLINEAGE].write(picture, BASE), datetime.now(UTC))
    assert batch.total == len(batch.runs)
    level = FIELDS if name == "fields" else DATASETS
    found = {
        (output.name, item.target, item.name, item.field, item.transformations, item.masking)
        for run in batch.runs
        for output, stated_of, stated in run.content.stated
        if stated_of == level
        for item in stated.items
    }
    nodes, expected = picture.by_id, set()
    for edge in picture.edges:
        target, source = nodes[edge.target], nodes[edge.source]
        how = tuple(sorted(map(str, edge.transformations)))
        masked = edge.masking and (how or ("DIRECT/TRANSFORMATION",))
        fields_ = (target.field or "", source.field or "")
        expected.add((target.code, fields_[0], source.code, fields_[1], masked or how, edge.masking))
    assert found == expected

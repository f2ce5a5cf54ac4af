"""`/lineage/{id}` over HTTP: formats by Accept and by name, what cannot be asked, who may know what, signed exports."""

import io
import re
import zipfile
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import httpx
import orjson
import pytest

from gateway.audit.log import LogFolder
from gateway.audit.tlog import Verifier
from gateway.lineage.export import FORMS, Format
from gateway.lineage.export.checking import verify_lineage
from gateway.sharing.evidence import Against
from gateway.signing import DevelopmentAuthority
from tests.app.process import command_here
from tests.http.served import Served, refusal
from tests.support.logged import logged

OPEN: Final = """
MATCH (d:Dataset {status: 'PUBLISHED', openType: 'OPEN'})-[:DERIVED_FROM]->(e:Dataset {openType: 'OPEN'})
MATCH (e)-[:DERIVED_FROM]->() WITH DISTINCT d ORDER BY d.id LIMIT 1
RETURN d {.id, .identifier, field: head(COLLECT { MATCH (d)-[:HAS_FIELD]->(f) RETURN f.id ORDER BY f.id })}
"""
CLOSED: Final = (
    "MATCH (d:Dataset {status: 'PUBLISHED', shareType: 'NON_SHARED', openType: 'NOT_OPEN'}) RETURN min(d.id)"
)
HIDING: Final = """
MATCH (d:Dataset {openType: 'OPEN'})-[:DERIVED_FROM*1..9]->(:Dataset {shareType: 'NON_SHARED', openType: 'NOT_OPEN'})
RETURN min(d.id)
"""


@pytest.fixture(scope="module")
def open_(served: Served) -> dict[str, Any]:
    """A dataset that is open, and was made from open ones."""
    (found,) = served.cypher(OPEN)
    return dict(found)


def get(served: Served, path: str, who: str | None = None, **headers: str) -> httpx.Response:
    token = {"Authorization": f"Bearer {served.token(who)}"} if who else {}
    return served.client.get(path, headers={**token, **headers})


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "application/ld+json"),
        ("*/*", "application/ld+json"),
        ("text/turtle", "text/turtle"),
        ("text/turtle;q=0.5, image/svg+xml", "image/svg+xml"),
        ("image/*", "image/svg+xml"),
        ("application/json", "application/vnd.openlineage+json"),
        ("text/vnd.graphviz, */*;q=0.1", "text/vnd.graphviz"),
        ("text/vnd.mermaid", "text/vnd.mermaid"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "application/ld+json"),
    ],
)
def test_the_format_is_what_the_client_wants_most(
    served: Served, open_: dict[str, Any], accept: str, media_type: str
) -> None:
    answer = get(served, f"/lineage/{open_['id']}", Accept=accept)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert answer.headers["vary"] == "accept, authorization"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("format_", Format)
def test_the_format_can_be_named(served: Served, open_: dict[str, Any], format_: Format) -> None:
    answer = get(served, f"/lineage/{open_['id']}?format={format_}", Accept="text/html")
    assert answer.headers["content-type"].startswith(FORMS[format_].media_type)
    assert open_["id"] in answer.text or open_["identifier"] in answer.text or format_ in ("svg", "mermaid", "dot")


def test_a_picture_is_confined(served: Served, open_: dict[str, Any]) -> None:
    answer = get(served, f"/lineage/{open_['id']}?format=svg")
    policies = answer.headers.get_list("content-security-policy")
    assert "default-src 'none'; sandbox" in ", ".join(policies)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert ET.fromstring(answer.text).tag.endswith("svg")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("format=pdf", "BAD_PARAMETER"),
        ("direction=SIDEWAYS", "BAD_PARAMETER"),
        ("level=TABLE", "BAD_PARAMETER"),
        ("depth=x", "BAD_PARAMETER"),
        ("depth=", "BAD_PARAMETER"),
        ("depth=%D9%A1", "BAD_PARAMETER"),
        ("depth=-1", "BAD_PARAMETER"),
        ("depth=0", "INVALID_DEPTH"),
        ("depth=51", "INVALID_DEPTH"),
        ("depth=999999999999999999999", "BAD_PARAMETER"),
        ("asOf=yesterday", "INVALID_DATETIME"),
        ("knownAt=2026-01-31", "INVALID_DATETIME"),
        ("depth=1&depth=2", "BAD_PARAMETER"),
        ("first=1", "BAD_PARAMETER"),
        ("asOf=%ff", "BAD_PARAMETER"),
    ],
)
def test_what_cannot_be_asked_says_so(served: Served, open_: dict[str, Any], query: str, code: str) -> None:
    assert refusal(get(served, f"/lineage/{open_['id']}?{query}"), 400)["extensions"]["code"] == code


def test_other_methods_formats_and_tokens_are_refused(served: Served, open_: dict[str, Any]) -> None:
    path = f"/lineage/{open_['id']}"
    assert refusal(get(served, path, Accept="text/html"), 406)["extensions"]["code"] == "NOT_ACCEPTABLE"
    for one in (path, f"{path}/export"):
        answer = served.client.post(one)
        assert refusal(answer, 405)["extensions"]["code"] == "METHOD_NOT_ALLOWED"
        assert answer.headers["allow"] == "GET"
        answer = served.client.get(one, headers={"Authorization": "Bearer x"})
        assert refusal(answer, 401)["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("path", ["", "/export"])
def test_what_may_not_be_known_is_answered_like_what_is_not_there(served: Served, path: str) -> None:
    (closed,) = served.cypher(CLOSED)
    answers = [
        get(served, f"/lineage/{one}{path}").content for one in (closed, "ds_aaaaaaaaaaaaaaaaaaaaaaaaaa", "ag_x", "x")
    ]
    assert len({*answers}) == 1
    assert b"NOT_FOUND" in answers[0]


def test_each_is_told_what_they_may_know_and_that_something_is_hidden(served: Served) -> None:
    (of,) = served.cypher(HIDING)
    path = f"/lineage/{of}?format=json-ld"
    nodes = {who: get(served, path, who).json()["@graph"] for who in (None, "staff@water", "supervisor")}
    walks = {who: next(n for n in found if "prov:Bundle" in n.get("@type", ())) for who, found in nodes.items()}
    assert "gateway:hiddenByRule" in walks["staff@water"]
    assert "gateway:hiddenByRule" not in walks[None]
    assert "gateway:hiddenByRule" not in walks["supervisor"]
    count = {who: sum("dcat:Dataset" in n.get("@type", ()) for n in found) for who, found in nodes.items()}
    assert count[None] <= count["staff@water"] < count["supervisor"]


def test_as_of_an_instant_before_anything_there_is_nothing(served: Served, open_: dict[str, Any]) -> None:
    for name in ("asOf", "knownAt"):
        found = get(served, f"/lineage/{open_['id']}?format=openlineage&{name}=1999-01-01T00:00:00Z")
        assert found.json() == []
    assert get(served, f"/lineage/{open_['id']}?format=openlineage").json()


@pytest.mark.parametrize("who", [None, "staff@water"])
def test_an_export_is_in_the_log_and_holds(served: Served, open_: dict[str, Any], who: str | None) -> None:
    state = served.gateway.state
    answer = get(served, f"/lineage/{open_['id']}/export?direction=BOTH", who)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == f'attachment; filename="lineage-{open_["id"]}.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    authority = DevelopmentAuthority(state)
    key = Verifier.parse((LogFolder(state).public / "key").read_text())
    against = Against(authority.root_file.read_bytes(), authority.timestamp_root_file.read_bytes(), key)
    found: list[str] = []
    assert len(list(verify_lineage(files, against, found.append))) == 5
    assert found == []
    (event,) = [one for one in logged(state) if one["id"] in str([*files])]
    assert event["kind"] == "lineage.exported"
    assert event["about"]["datasets"] == [open_["id"]]
    asked = orjson.loads(files["manifest.json"])["asked"]
    assert (asked["of"], asked["direction"], asked["level"]) == (open_["id"], "BOTH", "DATASET")


def test_an_attempt_on_what_may_not_be_known_is_logged(served: Served) -> None:
    (closed,) = served.cypher("MATCH (d:Dataset {status: 'DRAFT'}) WHERE NOT d.agency IN $own RETURN min(d.id)", own=[])
    before = len(logged(served.gateway.state))
    assert get(served, f"/lineage/{closed}/export", "staff@water").status_code == 404
    (event,) = [one for one in logged(served.gateway.state)[before:] if one["kind"] == "change.refused"]
    assert event["data"] == {"change": "exportLineage", "code": "NOT_FOUND", "target": closed}
    assert event["about"]["hidden"] is True


def test_without_a_seal_nothing_is_exported_and_the_public_asks_so_often(strict: Served, open_: dict[str, Any]) -> None:
    path = f"/lineage/{open_['id']}"
    found = refusal(get(strict, f"{path}/export"), 503)
    assert (found["extensions"]["code"], "GATEWAY_SEAL_KEY" in found["message"]) == ("UNAVAILABLE", True)
    codes = [get(strict, path).status_code for _ in range(20)]
    assert {*codes} == {200, 429}
    answer = get(strict, path)
    if answer.status_code != 200:  # unless a new minute has begun
        assert refusal(answer, 429)["extensions"]["code"] == "TOO_MANY"


def test_the_commands_draw_and_export(served: Served, open_: dict[str, Any], tmp_path: Path) -> None:
    state, at = served.gateway.state, f"{served.address}/graphql"
    for of in (open_["id"], open_["identifier"], open_["field"]):
        done = command_here(state, "lineage", "show", of, "--address", at, "--as", "staff@water")
        assert done.returncode == 0, done.stderr
        assert re.search(r"^\[1\] .* A1 ", done.stdout, re.MULTILINE)
        assert "└─ [" in done.stdout or of == open_["field"]
    done = command_here(
        state, "lineage", "show", open_["id"], "--address", at, "--level", "FIELD", "--direction", "both"
    )
    assert done.returncode == 0, done.stderr
    assert "asked by PUBLIC" in done.stdout
    done = command_here(state, "lineage", "show", "ds_x", "--address", at)
    assert (done.returncode, "no dataset or field" in done.stderr) == (1, True)
    to = tmp_path / "lineage"
    done = command_here(state, "lineage", "export", open_["identifier"], "--to", str(to), "--address", at)
    assert done.returncode == 0, done.stderr
    assert (to / "lineage.svg").read_bytes().startswith(b"<svg")
    assert command_here(state, "lineage", "export", open_["id"], "--to", str(to), "--address", at).returncode == 1

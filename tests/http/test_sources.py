"""What agencies deliver, from `gateway source` to who fetches it, at a gateway that really serves (R12, R23.1)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.app.process import DEMO_ROWS, command_here
from tests.delivery.server import Server, running_server
from tests.http.served import Served, refusal

DATASET: Final = "621000/wjw/xlgl"
"""Open, and not connected in the city as it is loaded."""
COLUMNS: Final = ("total", "category", "period", "value", "cumulative", "growth")
ROW: Final = ("7", "一类", "2026-01", "1.5", "2.5", "0.5")
SOURCE: Final = """
query($i: String!) { dataset(identifier: $i) { title again: source { kind differences { named: column } } source {
  kind connectedAt checkedAt unknown __typename differences { kind column } } } }
"""
MASKS: Final = """
query($i: String!) { dataset(identifier: $i) { fields(first: 50) { nodes {
  name masks { audience name version kind parameter } } } } }
"""


CONNECT: Final = """
mutation($input: ConnectFilesInput!) { connectFiles(input: $input) {
  sourceId differences { kind column } problems { code path } } }
"""
TABLE: Final = """
mutation($input: ConnectTableInput!) { connectTable(input: $input) { sourceId problems { code path } } }
"""
CHECK: Final = """
mutation($input: SourceInput!) { checkSource(input: $input) { differences { kind column } problems { code path } } }
"""
DISCONNECT: Final = "mutation($input: SourceInput!) { removeSource(input: $input) { sourceId problems { code path } } }"


def deliver(served: Served, columns: dict[str, str]) -> str:
    """The delivered file of the health commission."""
    path = served.gateway.state / "deliveries" / "wjw" / "blood.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{','.join(columns)}\n{','.join(columns.values())}\n", "utf-8")
    return "wjw/blood.csv"


def source(served: Served, *words: str, code: int = 0, **variables: str) -> Any:
    """What `gateway source` says: on standard output, and what it finds wrong."""
    done = command_here(served.gateway.state, "source", *words, **variables)
    assert done.returncode == code, done.stderr
    return done


def unfetchable(served: Served) -> Any:
    """Why nothing of the dataset can be fetched."""
    return refusal(served.client.get(f"/data/{DATASET}"), 404)["extensions"]["code"]


@pytest.fixture
def unconnected(served: Served) -> Iterator[None]:
    yield
    served.cypher("MATCH (s:Source)-[:OF]->(:Dataset {identifier: $i}) DETACH DELETE s", i=DATASET)


def test_from_connecting_to_fetching_and_back(served: Served, unconnected: None) -> None:
    address = f"/data/{DATASET}"
    assert unfetchable(served) == "NOT_CONNECTED"
    good = dict(zip(COLUMNS, ROW, strict=True))
    path = deliver(served, {**good, "donor": "王某"})
    added = source(served, "add", DATASET, "--path", path, "--format", "CSV")
    assert "differs from the catalogue: UNKNOWN donor" in added.stderr
    assert added.stdout.strip() in source(served, "list", "--agency", "wjw").stdout
    (row,) = served.client.get(address).json()
    assert row == {"total": 7, "category": "一类", "period": "2026-01", "value": 1.5, "cumulative": 2.5, "growth": 0.5}
    deliver(served, good)
    assert source(served, "check", DATASET).stderr == ""
    deliver(served, {**good, "total": "some"})
    assert "TYPE total" in source(served, "check", DATASET, code=1).stderr
    source(served, "remove", DATASET)
    assert unfetchable(served) == "NOT_CONNECTED"
    assert "not connected" in source(served, "remove", DATASET, code=1).stderr


def test_another_agencys_files_cannot_be_connected(served: Served, unconnected: None) -> None:
    refused = source(served, "add", DATASET, "--path", "water/demo/gssz.csv", "--format", "CSV", code=1)
    assert "below the folder of deliveries in wjw/" in refused.stderr
    refused = source(served, "add", DATASET, "--path", "wjw/../water/demo/gssz.csv", "--format", "CSV", code=1)
    assert "below the folder of deliveries in wjw/" in refused.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--path", "wjw/blood.csv"),
        ("--format", "CSV", "--table", "t"),
        ("--connection", "wjw"),
        ("--connection", "wjw", "--table", "t", "--path", "wjw/blood.csv"),
        (),
    ],
)
def test_half_of_a_source_is_refused(served: Served, words: tuple[str, ...]) -> None:
    assert "are stated with" in source(served, "add", DATASET, *words, code=1).stderr or words[0] == "--connection"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as server:
        yield server


def test_an_agencys_own_database_is_connected_by_a_name(
    served: Served, unconnected: None, server: Server, tmp_path: Path
) -> None:
    with server.connect() as connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS blood (total int, category text, period text, value numeric, "
            "cumulative numeric, growth numeric)"
        )
    connections = tmp_path / "connections.json"
    connections.write_text(json.dumps({"wjw": server.dsn, "water": server.dsn}))
    words = ("add", DATASET, "--schema", "public", "--table", "blood", "--connection")
    assert source(served, *words, "wjw", CONNECTIONS=str(connections)).stderr == ""
    assert (
        "no connection of this agency's" in source(served, *words, "water", code=1, CONNECTIONS=str(connections)).stderr
    )
    assert "nobody has said how to reach" in source(served, *words, "wjw", code=1).stderr
    kept = served.cypher("MATCH (s:Source)-[:OF]->(:Dataset {identifier: $i}) RETURN s {.*}", i=DATASET)
    assert server.dsn not in json.dumps(kept)


def change(served: Served, text: str, who: str | None, key: str, **given: Any) -> Any:
    """What a mutation gives."""
    given = {"identifier": DATASET, "idempotencyKey": key, **given}
    (found,) = served.ask(text, {"input": given}, who).values()
    return found


def test_officers_connect_their_own_agencys_datasets(served: Served, unconnected: None) -> None:
    path = deliver(served, {**dict(zip(COLUMNS, ROW, strict=True)), "donor": "王某"})
    files = {"format": "CSV", "paths": [path]}
    made = change(served, CONNECT, "officer@wjw", "connect-1", **files)
    unknown = [{"kind": "UNKNOWN", "column": "donor"}]
    assert (made["differences"], made["problems"]) == (unknown, [])
    assert change(served, CONNECT, "officer@wjw", "connect-1", **files) == made
    assert len(served.client.get(f"/data/{DATASET}").json()) == 1
    assert change(served, CHECK, "head@wjw", "check-01")["differences"] == unknown
    gone = change(served, DISCONNECT, "officer@wjw", "remove-1")
    assert (gone["sourceId"], gone["problems"]) == (made["sourceId"], [])
    assert unfetchable(served) == "NOT_CONNECTED"


@pytest.mark.parametrize(
    ("who", "given", "code"),
    [
        ("staff@wjw", {}, "NOT_ALLOWED"),
        ("officer@water", {}, "NOT_FOUND"),
        ("officer@water", {"paths": ["water/demo/gssz.csv"]}, "NOT_FOUND"),
        ("center", {}, "NOT_FOUND"),
        ("citizen", {}, "NOT_FOUND"),
        (None, {}, "NOT_FOUND"),
        ("officer@wjw", {"identifier": "621000/wjw/nothing"}, "NOT_FOUND"),
        ("officer@wjw", {"paths": ["water/demo/gssz.csv"]}, "BAD_PATH"),
        ("officer@wjw", {"paths": ["wjw/nothing.csv"]}, "SOURCE_GONE"),
        ("officer@wjw", {"format": "PARQUET"}, "BAD_VALUE"),
        ("officer@wjw", {"idempotencyKey": "x"}, "BAD_IDEMPOTENCY_KEY"),
    ],
)
def test_and_nobody_else_nor_anything_else(
    served: Served, unconnected: None, who: str | None, given: dict[str, Any], code: str
) -> None:
    path = deliver(served, dict(zip(COLUMNS, ROW, strict=True)))
    made = change(served, CONNECT, who, f"refused-{who}-{code}", **{"format": "CSV", "paths": [path], **given})
    assert ([one["code"] for one in made["problems"]], made["sourceId"]) == ([code], None)
    assert unfetchable(served) == "NOT_CONNECTED"


@pytest.mark.parametrize("text", [CHECK, DISCONNECT])
@pytest.mark.parametrize(("who", "code"), [("staff@wjw", "NOT_ALLOWED"), ("officer@gaj", "NOT_FOUND")])
def test_nor_does_anybody_else_check_or_disconnect(
    served: Served, unconnected: None, text: str, who: str, code: str
) -> None:
    path = deliver(served, dict(zip(COLUMNS, ROW, strict=True)))
    source(served, "add", DATASET, "--path", path, "--format", "CSV")
    assert [one["code"] for one in change(served, text, who, f"nobody-{who}")["problems"]] == [code]
    assert len(served.client.get(f"/data/{DATASET}").json()) == 1


def test_a_database_is_connected_by_the_name_that_the_operator_has_for_it(served: Served, unconnected: None) -> None:
    for connection, code in (("wjw", "SOURCE_GONE"), ("water", "BAD_CONNECTION")):
        given = {"connection": connection, "schema": "public", "table": "blood"}
        made = change(served, TABLE, "officer@wjw", f"table-{connection}", **given)
        assert [one["code"] for one in made["problems"]] == [code]


def test_only_those_concerned_see_how_a_delivery_differs(served: Served, unconnected: None) -> None:
    path = deliver(served, {"total": "x", "category": "一类", "period": "2026-01", "value": "1", "cumulative": "1"})
    source(served, "add", DATASET, "--path", path, "--format", "CSV")
    for who in ("staff@wjw", "center", "supervisor"):
        found = served.ask(SOURCE, {"i": DATASET}, who)["dataset"]
        assert found["again"] == {"kind": "FILES", "differences": [{"named": "growth"}, {"named": "total"}]}
        assert found["source"]["connectedAt"] == found["source"]["checkedAt"]
        assert {key: value for key, value in found["source"].items() if not key.endswith("At")} == {
            "kind": "FILES",
            "unknown": 0,
            "__typename": "DataSource",
            "differences": [{"kind": "MISSING", "column": "growth"}, {"kind": "TYPE", "column": "total"}],
        }
    for other in ("officer@gaj", "auditor", "supervisor@621022", None):
        found = served.ask(SOURCE, {"i": DATASET}, other)["dataset"]
        assert found == {"title": found["title"], "again": None, "source": None}
    assert served.ask(SOURCE, {"i": "621000/scj/aqsc/none"}, "center")["dataset"] is None


def test_the_city_delivers_to_the_public_through_masks(served: Served) -> None:
    address = "/data/621000/scj/qydj"
    rows = served.client.get(address, params={"limit": DEMO_ROWS}).json()
    assert len(rows) == DEMO_ROWS
    assert {row["registered_capital"] % 100 for row in rows} == {0}
    assert {row["registered_on"][8:] for row in rows} == {"01"}
    assert "legal_person" not in rows[0]
    shown = served.ask(MASKS, {"i": "621000/scj/qydj"})["dataset"]["fields"]["nodes"]
    masks = {one["name"]: one["masks"] for one in shown if one["masks"]}
    assert masks.pop("legal_person")[0]["kind"] == "TRUNCATE"  # open on conditions: for who is granted it
    assert masks == {
        "registered_capital": [
            {"audience": "OPENING", "name": "hundreds", "version": 1, "kind": "GENERALISE", "parameter": "100"}
        ],
        "registered_on": [
            {"audience": "OPENING", "name": "month-of-registration", "version": 1, "kind": "MONTH", "parameter": None}
        ],
    }


def test_the_city_delivers_whole_files(served: Served) -> None:
    answer = served.client.get(
        "/data/621000/zfb/zfgb", params={"file": "zfb/demo/zfgb/gazette.mp4"}, headers={"Range": "bytes=4-11"}
    )
    assert (answer.status_code, answer.content) == (206, b"ftypisom")

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
query($i: String!) { dataset(identifier: $i) { title again: source { kind } source {
  kind connectedAt checkedAt unknown __typename differences { kind column } } } }
"""
MASKS: Final = """
query($i: String!) { dataset(identifier: $i) { fields(first: 50) { nodes {
  name masks { audience name version kind parameter } } } } }
"""


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


def test_only_those_concerned_see_how_a_delivery_differs(served: Served, unconnected: None) -> None:
    path = deliver(served, {"total": "x", "category": "一类", "period": "2026-01", "value": "1", "cumulative": "1"})
    source(served, "add", DATASET, "--path", path, "--format", "CSV")
    for who in ("staff@wjw", "center", "supervisor"):
        found = served.ask(SOURCE, {"i": DATASET}, who)["dataset"]
        assert found["again"] == {"kind": "FILES"}
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

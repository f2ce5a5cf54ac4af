"""A partner's program at a running gateway: its key, its grant, and a dataset of which a file is delivered."""

import csv
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from gateway.graph import make_id
from tests.app.process import until
from tests.http.desk import Desk
from tests.http.served import Served
from tests.http.test_cases import PREPARE, scope
from tests.verify.making import Key

AGENCY: Final = "water"
ROWS: Final = 3_000
ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
REGISTER: Final = """
mutation($input: RegisterClientInput!) { registerClient(input: $input) { clientId problems { code path } } }
"""
_CONNECT: Final = """
MATCH (d:Dataset {id: $dataset})-[:HAS_FIELD]->(f)
WITH d, f ORDER BY f.position
WITH d, collect([f.name, f.dataType]) AS names
MERGE (s:Source {id: $id})
SET s.kind = 'FILES', s.format = 'CSV', s.paths = [$path], s.unknown = 0, s.documents = ['film.mp4']
MERGE (s)-[:OF]->(d)
RETURN {identifier: d.identifier, names: names,
  fields: COLLECT { MATCH (d)-[:HAS_FIELD]->(f) WHERE f.id IN $fields RETURN f.name ORDER BY f.position }}
"""
_TEXTS: Final = """
MATCH (d:Dataset {status: 'PUBLISHED', shareType: 'UNCONDITIONAL'})-[:PROVIDED_BY]->(a:Agency)
WHERE NOT a.code IN $apart AND NOT EXISTS { (:Source)-[:OF]->(d) }
WITH d, a, COLLECT { MATCH (d)-[:HAS_FIELD]->(f) WHERE f.accessClass = d.accessClass AND f.dataType = 'STRING'
  RETURN f.id ORDER BY f.id } AS fields
WHERE size(fields) >= 2
WITH d, a, fields ORDER BY d.id LIMIT 1
RETURN {dataset: d.id, agency: a.code, fields: fields[..2]}
"""


@dataclass
class Partner:
    """A program of an agency with its key, and the grant that it fetches under."""

    served: Served
    client: str
    key: Key
    grant: str
    entry: dict[str, Any]
    """Identifier of the dataset, names of its fields, and those of them that were granted."""

    @property
    def address(self) -> str:
        return f"/data/{self.entry['identifier']}"

    def assertion(self, **claims: Any) -> str:
        now = int(time.time())
        given = {"iss": self.client, "sub": self.client, "aud": self.served.address, "exp": now + 60, **claims}
        given.setdefault("jti", f"{time.time_ns()}")
        return self.key.sign({"alg": "ES256", "kid": self.key.kid}, given)

    def form(self, **more: str) -> dict[str, str]:
        return {"client_assertion_type": ASSERTION, "client_assertion": self.assertion(), **more}

    def ask(self, headers: Any = None, **more: str) -> httpx.Response:
        details = [{"type": "urn:gateway:grant", "grant": self.grant}]
        form = {"grant_type": "client_credentials", "authorization_details": json.dumps(details), **more}
        return self.served.client.post("/oauth/token", data=self.form(**form), headers=headers or {})

    def token(self) -> str:
        answer = self.ask()
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def fetch(self, token: str, headers: Any = None, **parameters: Any) -> httpx.Response:
        parameters.setdefault("purpose", "SERVICE")
        return self.served.client.get(
            self.address, params=parameters, headers={"Authorization": f"Bearer {token}", **(headers or {})}
        )


def connect(served: Served, dataset: str, fields: list[str]) -> dict[str, Any]:
    """Let a dataset have a delivered file, with values that say where they are from."""
    path = f"{dataset}.csv"
    (found,) = served.cypher(_CONNECT, dataset=dataset, id=make_id("so_", dataset), path=path, fields=fields)
    folder = served.gateway.state / "deliveries"
    with (folder / path).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([name for name, _ in found["names"]])
        writer.writerows([[value(name, of, n) for name, of in found["names"]] for n in range(ROWS)])
    (folder / "film.mp4").write_bytes(bytes(range(256)) * 4)
    return {**found, "names": [name for name, _ in found["names"]], "path": folder / path}


def value(name: str, of: str, n: int) -> str:
    """What a row has in a field, in the order of the rows."""
    match of:
        case "INTEGER":
            return f"{n}"
        case "DECIMAL":
            return f"{n}.5"
        case "DATE":
            return f"{2000 + n // 300}-01-01"
        case "DATETIME":
            return f"{2000 + n // 300}-01-01T00:00:00Z"
        case _:
            return f"{name}值{n:05}"


@contextmanager
def grown(path: Path) -> Iterator[str]:
    """A delivered file that is larger than what lies between here and a client; it is as before in the end."""
    whole = path.read_text("utf-8")
    head, _, rest = whole.partition("\n")
    path.write_text(f"{head}\n{rest * 60}", "utf-8")
    try:
        yield whole
    finally:
        path.write_text(whole, "utf-8")


def registered(consumer: Desk) -> tuple[str, Key]:
    """A new program of an officer's agency, and its key."""
    key = Key()
    program = {"name": "前置机", "jwks": json.dumps(key.jwks), "idempotencyKey": consumer.key()}
    made = consumer.ask(REGISTER, input=program)
    assert made["problems"] == []
    return str(made["clientId"]), key


def partner_of(served: Served, consumer: Desk) -> Partner:
    """A program with a grant for two fields that are shared unconditionally, which has begun in the log."""
    (entry,) = served.cypher(_TEXTS, apart=[AGENCY])
    grant = consumer.file(consumer.prepared(PREPARE, **scope(dict(entry))))["grant"]["id"]
    client, key = registered(consumer)
    begun = "MATCH (g:Grant {id: $id}) RETURN g.logIndex IS NOT NULL"
    until(lambda: served.cypher(begun, id=grant) == [True], 5, "the grant is in the log")
    connected = connect(served, entry["dataset"], entry["fields"])
    return Partner(served, client, key, grant, {**connected, "agency": entry["agency"]})

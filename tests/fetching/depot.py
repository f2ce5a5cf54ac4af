"""Files that a provider has delivered, and short ways to fetch what is in them."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from gateway.delivery import DeliveryError, Engine, Form
from gateway.fetching import Admission, BadWish, Caller, Desk, Handout, NotAdmitted, Quotas, Sources, Wanted
from gateway.graph import make_id
from gateway.identity import PUBLIC, Subject
from gateway.oauth.clients import Client
from gateway.verify import Verified
from tests.oauth.partners import Partners
from tests.sharing.city import DATASETS, City

ROWS: Final = tuple({"n": n, "text": f"值{n % 7}"} for n in range(40))
_CONNECT: Final = """
MATCH (d:Dataset {id: $dataset})
MERGE (s:Source {id: $id})
SET s.kind = 'FILES', s.format = 'CSV', s.paths = [$path], s.unknown = 0, s.documents = $documents
MERGE (s)-[:OF]->(d)
"""


class Depot:
    """The desk, and who comes to it."""

    def __init__(self, city: City, engine: Engine, partners: Partners) -> None:
        self.city = city
        self.partners = partners
        self.folder = city.state / "deliveries"
        self.engine = engine
        self.quotas = Quotas(city.graph, 1_000, 100_000)
        self.desk = self.made(self.quotas)

    def made(self, quotas: Quotas) -> Desk:
        return Desk(
            Admission(self.city.graph, self.city.policy),
            self.engine,
            self.city.ledger.recorder,
            quotas,
            Sources(self.folder, {}),
            secret=b"s" * 32,
            clock=self.partners.clock,
        )

    async def deliver(self, dataset: str, documents: Sequence[str] = ()) -> Path:
        """The delivered file of a dataset: a value of each field for each row, which says what it is of."""
        names = [field.name for field in DATASETS[dataset].fields]
        path = self.folder / f"{dataset}.csv"
        draft = path.with_suffix(".draft")
        with draft.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            writer.writerows([[value(name, n) for name in names] for n in range(len(ROWS))])
        draft.replace(path)
        identifier = DATASETS[dataset].identifier
        given = {"dataset": make_id("ds_", identifier), "id": make_id("so_", identifier), "path": path.name}
        await self.city.graph.run(_CONNECT, {**given, "documents": list(documents)})
        return path

    async def holding(self, *fields: str, client: Client | None = None, **scope: Any) -> Verified:
        """A token of a program for a new grant of fields of the free entry."""
        client = client or await self.partners.program()
        grant = await self.partners.declared(*(fields or ("a", "b")), **scope)
        return await self.token(client, grant)

    async def token(self, client: Client, grant: str, **asked: Any) -> Verified:
        return await self.partners.verified((await self.partners.issue(client, grant, **asked)).token)

    async def begin(
        self, who: Verified | Subject, dataset: str = "free", *, desk: Desk | None = None, **wanted: Any
    ) -> Handout:
        caller = Caller(who) if isinstance(who, Subject) else Caller(PUBLIC, who)
        if isinstance(who, Verified):
            wanted.setdefault("purpose", who.purpose)
        asked = Wanted(**{"form": Form.JSON, **wanted})
        identifier = DATASETS[dataset].identifier if dataset in DATASETS else dataset
        return await (desk or self.desk).begin(caller, identifier, asked, "request-1")

    async def fetch(self, who: Verified | Subject, dataset: str = "free", **wanted: Any) -> Any:
        """What somebody gets, in JSON."""
        handout = await self.begin(who, dataset, **wanted)
        data = b"".join([piece async for piece in self.desk.pieces(handout)])
        await self.desk.end(handout, None)
        return json.loads(data)

    async def refused(self, who: Verified | Subject, dataset: str = "free", **wanted: Any) -> str:
        """Why somebody gets nothing."""
        try:
            await self.begin(who, dataset, **wanted)
        except (NotAdmitted, DeliveryError, BadWish) as problem:
            return problem.code
        raise AssertionError("something was handed out")


def value(field: str, row: int) -> str:
    """What a row has in a field."""
    return f"{field}{row % 7}"


def rows_of(*fields: str) -> list[dict[str, str]]:
    """All rows with these fields."""
    return [{name: value(name, n) for name in fields} for n in range(len(ROWS))]

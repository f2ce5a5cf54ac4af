"""Short ways to register receivers, to let something happen in a case, and to deliver at a moment."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from neo4j import AsyncManagedTransaction

from gateway.audit.event import GATEWAY, About, Cause
from gateway.audit.kinds import CaseMoved
from gateway.audit.outbox import Parcel
from gateway.graph import make_id
from gateway.notices import Courier, NoticeKey, Notices, Outcome, Webhooks, receivers_trust
from tests.notices.receiving import Certificates, Receiver
from tests.sharing.city import City

CAUSE = Cause(GATEWAY, "0" * 64)


async def nearby(host: str, port: int) -> list[str]:
    """Every name leads to this machine."""
    return ["127.0.0.1"]


class Telling:
    """A city, and who delivers there."""

    def __init__(self, city: City, certificates: Certificates) -> None:
        self.city = city
        self.graph = city.graph
        self.now = datetime.now(UTC) + timedelta(minutes=1)  # notices are written by the real clock
        self.chance = 1.0
        self.outcomes: list[Outcome] = []
        self.courier = Courier(receivers_trust(certificates.root), loopback=True, resolve=nearby)
        self.key = NoticeKey.load(city.state)
        self.webhooks = Webhooks(city.ledger, loopback=True)
        self.notices = self.deliverer()

    def deliverer(self) -> Notices:
        """One more of those who may deliver."""
        return Notices(
            self.graph,
            self.city.outbox,
            self.courier,
            self.key,
            lambda: CAUSE,
            self.outcomes.append,
            lambda: self.now,
            lambda: self.chance,
        )

    async def register(self, receiver: Receiver, code: str = "water") -> str:
        """Tell an agency there."""
        made = await self.webhooks.register(CAUSE, code, receiver.url, self.city.key())
        return str(made["webhook"])

    async def remove(self, receiver: Receiver, code: str = "water") -> None:
        await self.webhooks.remove(CAUSE, code, receiver.url, self.city.key())

    async def happens(self, case: str, times: int = 1, *agencies: str) -> list[str]:
        """Something happens in a case of some agencies; the events' ids."""
        events, parcels = await self.written(case, times, *agencies)
        await self.city.outbox.deliver(parcels)
        await self.released()
        return events

    async def written(self, case: str, times: int = 1, *agencies: str) -> tuple[list[str], list[Parcel]]:
        """The same, but its events are not in the log yet."""
        about = About(tuple(make_id("ag_", code) for code in agencies or ("water",)), case=case)
        events = [moved(about, n) for n in range(1, times + 1)]

        async def work(tx: AsyncManagedTransaction) -> list[Parcel]:
            return await self.city.outbox.put(tx, {case: events})

        return [one.id for one in events], await self.graph.write(work)

    async def released(self) -> None:
        """Wait until the graph knows what is in the log."""
        async with asyncio.timeout(5):
            while await self.graph.read("MATCH (n:Notice) WHERE n.index IS NULL RETURN count(n)"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def waiting(self) -> list[dict[str, Any]]:
        """The notices that are left, in their order."""
        found: list[dict[str, Any]] = await self.graph.read(
            "MATCH (n:Notice) WITH n ORDER BY n.caseId, n.seq RETURN collect(n {.*})"
        )
        return found

    async def sweep(self, after: timedelta = timedelta(0)) -> None:
        """Deliver what is due some time later."""
        self.now += after
        await self.notices.sweep()


def moved(about: About, n: int) -> CaseMoved:
    return CaseMoved(
        cause=CAUSE,
        about=about,
        procedure="APPLICATION",
        act="APPLY",
        before=None,
        after="SUBMITTED",
        n=n,
        document=None,
        signature=None,
        due=None,
    )

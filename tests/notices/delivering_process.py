"""Somebody who delivers in a process of their own, so that a test can kill them.

Run as `python -m tests.notices.delivering_process STATE ROOT`, with the database's address as JSON in the first line
of its input. It ends with its input, if nobody kills it before.
"""

import asyncio
import json
import sys
from pathlib import Path

from pydantic import SecretStr

from gateway.audit.outbox import Outbox
from gateway.audit.recorder import Recorder
from gateway.graph import Address, open_graph
from gateway.notices import Courier, NoticeKey, Notices, receivers_trust
from tests.notices.telling import CAUSE, nearby
from tests.support.database import DatabaseSettings


async def main() -> None:
    state, root = Path(sys.argv[1]), Path(sys.argv[2])
    given = json.loads(sys.stdin.readline())
    address = Address(given["uri"], given["user"], SecretStr(given["password"]))
    courier = Courier(receivers_trust(root), loopback=True, resolve=nearby)
    async with (
        open_graph(DatabaseSettings(state), address) as graph,
        Recorder(state, "other.example/log") as recorder,
        Outbox(graph, recorder) as outbox,
        Notices(graph, outbox, courier, NoticeKey.load(state), lambda: CAUSE),
    ):
        await asyncio.to_thread(sys.stdin.read)  # until who started it has gone


if __name__ == "__main__":
    asyncio.run(main())

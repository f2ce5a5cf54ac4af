"""A stand-in for a gateway in a process of its own, so that a test can kill it: starts Neo4j, says so, waits.

Run as `python -m tests.graph.gateway_process STATE`.
"""

import json
import signal
import sys
from pathlib import Path

from gateway.graph import EmbeddedNeo4j
from tests.support.database import DatabaseSettings


def main() -> None:
    server = EmbeddedNeo4j(DatabaseSettings(state=Path(sys.argv[1])))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.start()
    try:
        print(json.dumps({"java": server.pid}), flush=True)
        signal.pause()
    finally:
        server.stop()


if __name__ == "__main__":
    main()

"""Generated data, made by the project's own `gateway seed --scale` and kept between runs; and who asks for it."""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.processes import ROOT, Unusable, free_port, running
from gateway.graph import open_graph
from gateway.graph.options import Address
from gateway.graph.state import StateDirectory
from gateway.identity import Profile
from gateway.identity.development import ISSUER, development_token
from gateway.policy.store import PolicyStore
from gateway.settings import Settings, load_settings
from gateway.vocabulary import FOREVER, Action, AgencyKind, Relation, Role

MEMORY: Final = {"GATEWAY_NEO4J_HEAP": "1g", "GATEWAY_NEO4J_PAGECACHE": "3g"}
"""The same for everybody and for every size: those who are measured on a world share its Neo4j, and all of 200,000
datasets with their fields (1.9 GB) fits the page cache, as an operator would have it.
"""

STAFF: Final = "bench"
"""Somebody of an agency that provides nothing, so that lists of classes say all about what they may see."""

_CALLER: Final = """
MATCH (j:Jurisdiction) WITH j ORDER BY j.code LIMIT 1
MERGE (a:Agency {code: 'bench'})
  ON CREATE SET a.id = 'ag_benchaaaaaaaaaaaaaaaaaaaaa', a.name = '测试单位', a.kind = $kind, a.origin = 'NATIVE',
    a.jurisdiction = j.id
MERGE (a)-[:IN]->(j)
MERGE (i:Identity {iss: $iss, sub: $sub})
MERGE (p:Person {id: 'pe_benchaaaaaaaaaaaaaaaaaaaaa', name: '测试员'})
MERGE (p)-[:KNOWN_AS]->(i)
MERGE (p)-[:HOLDS]->(h:Appointment {id: 'ap_benchaaaaaaaaaaaaaaaaaaaaa'})
  SET h.role = $role, h.validFrom = $from, h.recordedFrom = $from, h.validTo = $forever, h.recordedTo = $forever
MERGE (h)-[:AT]->(a)
"""
_ENTRY_CLASS: Final = """
MATCH (d:Dataset)-[:HAS_FIELD]->(f:Field) WHERE f.entryClass IS NULL
CALL (d, f) { SET f.entryClass = d.accessClass } IN TRANSACTIONS OF 10000 ROWS
"""


@dataclass(frozen=True, slots=True)
class World:
    """`n` datasets with `fields` fields each; of which the public may know `public_share`, None for the city's own."""

    n: int
    fields: int = 10
    public_share: float | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """A world with a gateway on it."""

    world: World
    settings: Settings
    url: str
    address: Address
    callers: dict[str, dict[str, list[str]]]
    tokens: dict[str, str]

    @property
    def neo4j(self) -> dict[str, str]:
        """What another server on the same Neo4j finds in its environment."""
        return {
            "BENCH_NEO4J_URI": self.address.uri,
            "BENCH_NEO4J_USER": self.address.user,
            "BENCH_NEO4J_PASSWORD": self.address.password.get_secret_value(),
        }

    @property
    def gateway(self) -> dict[str, str]:
        """The environment of a further gateway process on this world."""
        return {**MEMORY, "GATEWAY_STATE": str(self.settings.state)}


def _recipe() -> str:
    """Changes with whatever makes the data, so that a world of yesterday's making is not taken for today's."""
    made_by = [
        *ROOT.glob("graph_seed/**/*.p*"),
        *ROOT.glob("gateway/graph/migrations/*.py"),
        ROOT / "gateway/classes.py",
    ]
    text = hashlib.sha256()
    for path in sorted(p for p in made_by if p.suffix in (".py", ".psv")):
        text.update(path.read_bytes())
    return text.hexdigest()[:8]


def _state(work: Path, world: World) -> Path:
    share = "" if world.public_share is None else f"-public{world.public_share:g}"
    return work / f"world-{world.n}x{world.fields}{share}-{_recipe()}"


def _ensure(state: Path, world: World) -> None:
    done = state / "complete.json"
    if done.exists():
        return
    argv = [sys.executable, "-m", "gateway.cli", "seed", "--scale", str(world.n), "--fields", str(world.fields)]
    if world.public_share is not None:
        argv += ["--public-share", str(world.public_share)]
    print(f"making a world of {world.n:,} datasets with {world.fields} fields …", flush=True)
    began = time.perf_counter()
    env = {**os.environ, **MEMORY, "GATEWAY_STATE": str(state)}
    result = subprocess.run(
        argv, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise Unusable(f"gateway seed failed:\n{result.stderr[-2000:]}")
    seconds = time.perf_counter() - began
    nodes = world.n * (world.fields + 2)
    done.write_text(json.dumps({"seconds": seconds}), "utf-8")
    print(f"  {nodes:,} nodes in {seconds:.0f} s, with Neo4j's start: {nodes / seconds:,.0f} nodes/s", flush=True)


@contextmanager
def served(work: Path, world: World) -> Iterator[Served]:
    """The world, made when it is not there yet, behind `gateway serve` as a user would start it."""
    state, port = _state(work, world), free_port()
    _ensure(state, world)
    env = {**MEMORY, "GATEWAY_STATE": str(state), "GATEWAY_PORT": str(port)}
    argv = [sys.executable, "-m", "gateway.cli", "serve"]
    url = f"http://127.0.0.1:{port}"
    with running("the gateway", argv, env, work / "logs" / f"gateway-{state.name}.log", f"{url}/readyz"):
        settings = load_settings(state=state)
        address = StateDirectory(state).address()
        if address is None:
            raise Unusable("the gateway serves, but its Neo4j is not to be found in its state directory")
        asyncio.run(_introduce(settings))
        tokens = {
            name: development_token(state, settings.audience, subject, lifetime=86_400)
            for name, subject in (("staff", STAFF), ("center", "center"))
        }
        yield Served(world, settings, f"{url}/graphql", address, _callers(settings), tokens)


async def _introduce(settings: Settings) -> None:
    given = {
        "iss": ISSUER,
        "sub": STAFF,
        "role": Role.STAFF,
        "kind": AgencyKind.ADMINISTRATIVE,
        "from": "2020-01-01T00:00:00.000Z",
        "forever": FOREVER,
    }
    async with open_graph(settings) as graph:
        await graph.run(_CALLER, given)


async def prepare_for_peer(settings: Settings) -> None:
    """Give every Field its Dataset's class too, which spares the peer a join; nobody else reads it."""
    async with open_graph(settings) as graph:
        await graph.run(_ENTRY_CLASS, timeout=600)


def _callers(settings: Settings) -> dict[str, dict[str, list[str]]]:
    """The classes that each caller may discover and inspect, asked of the policy itself."""
    store = PolicyStore(settings.policy_dir)
    profiles = {
        "staff": Profile(frozenset({Role.STAFF}), AgencyKind.ADMINISTRATIVE),
        "center": Profile(frozenset({Role.CENTER}), AgencyKind.ADMINISTRATIVE),
    }
    found: dict[str, dict[str, list[str]]] = {}
    for name, profile in profiles.items():
        table = store.table_for(profile)
        anyone = frozenset({Relation.ANYONE})
        found[name] = {
            "discover": sorted(table.allowed(Action.DISCOVER, anyone)),
            "inspect": sorted(table.allowed(Action.INSPECT, anyone)),
        }
    return found


async def ask(settings: Settings, statement: str, **parameters: Any) -> Any:
    """One value, straight from the world's Neo4j."""
    async with open_graph(settings) as graph:
        return await graph.run(statement, parameters, timeout=600)

"""The servers of the race on one world: this gateway, the ceiling, the peer, and ordinary resolvers."""

import json
import secrets
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from joserfc import jwt
from joserfc.jwk import OctKey

from bench import queries
from bench.processes import ROOT, Unusable, free_port, running, uvicorn
from bench.queries import Server
from bench.worlds import Served

PEER: Final = ROOT / "bench" / "peer"


def post(server: Server, op: str, caller: str, variables: dict[str, Any], text: str | None = None) -> Any:
    """What one request gives back under the alias `r`.

    Raises:
        Unusable: it was refused.
    """
    body = json.dumps({"query": text or server.texts[op], "operationName": op, "variables": variables}).encode()
    headers = {"content-type": "application/json", **server.headers(op, caller)}
    with urllib.request.urlopen(urllib.request.Request(server.url, body, headers), timeout=120) as response:
        answer = json.loads(response.read())
    if answer.get("errors"):
        raise Unusable(f"{server.name} refuses {op}: {answer['errors']}")
    return answer["data"]["r"]


def gateway(world: Served, name: str = "gateway", url: str | None = None) -> Server:
    """The gateway on this world; its cursors' beginnings are learnt from cursors that it gave out."""

    def headers(op: str, caller: str) -> Mapping[str, str]:
        del op
        return {"authorization": f"Bearer {world.tokens[caller]}"} if caller in world.tokens else {}

    bare = Server(name, url or world.url, headers, queries.GATEWAY, queries.plain_variables, queries.gateway)
    begins = []
    for order in ("ID", "MODIFIED, direction: DESC"):
        edges = "edges { cursor node { id modified } }"
        text = f"query C {{ r: datasets(first: 1, orderBy: {{field: {order}}}) {{ {edges} }} }}"
        edge = post(bare, "C", "center", {}, text)["edges"][0]
        ident = edge["node"]["id"]
        begins.append(edge["cursor"].partition(ident)[0])
        if ident not in edge["cursor"]:
            raise Unusable("the gateway's cursors have another form than bench/servers.py knows")
    variables = queries.cursor_variables(begins[0], begins[1])
    return Server(name, bare.url, headers, queries.GATEWAY, variables, queries.gateway)


@contextmanager
def rivals(world: Served, work: Path) -> Iterator[list[Server]]:
    """The other three, started on the same Neo4j."""
    install_peer()
    callers = work / "callers.json"
    callers.write_text(json.dumps(world.callers), "utf-8")
    env = {**world.neo4j, "BENCH_CALLERS": str(callers)}
    secret = secrets.token_hex(32)
    found = []
    with ExitStack() as stack:
        for name in ("ceiling", "naive"):
            port = free_port()
            log, url = work / "logs" / f"{name}.log", f"http://127.0.0.1:{port}/graphql"
            stack.enter_context(running(name, uvicorn(f"bench.{name}:create_app", port), env, log, url))
            found.append(Server(name, url, _named, queries.PLAIN, queries.plain_variables, queries.plain))
        port = free_port()
        url = f"http://127.0.0.1:{port}/graphql"
        env = {**world.neo4j, "BENCH_SECRET": secret, "PORT": str(port), "NODE_ENV": "production"}
        argv = ["node", str(PEER / "peer.mjs")]
        stack.enter_context(running("the peer", argv, env, work / "logs" / "peer.log", url))
        tokens = _peer_tokens(world.callers, secret)

        def headers(op: str, caller: str) -> Mapping[str, str]:
            # Who orders by a value sees only rows whose value they may read: for the peer, a narrower token.
            return {"authorization": f"Bearer {tokens[caller, op == 'Q3']}"}

        found.append(Server("yoga+jit", url, headers, queries.PEER, queries.plain_variables, queries.peer))
        yield found


def _named(op: str, caller: str) -> Mapping[str, str]:
    del op
    return {"x-caller": caller}


def _peer_tokens(callers: dict[str, dict[str, list[str]]], secret: str) -> dict[tuple[str, bool], str]:
    key, until = OctKey.import_key(secret), int(time.time()) + 86_400
    return {
        (name, narrow): jwt.encode(
            {"alg": "HS256"},
            {
                "sub": name,
                "exp": until,
                "discover": lists["inspect"] if narrow else lists["discover"],
                "inspect": lists["inspect"],
            },
            key,
        )
        for name, lists in callers.items()
        for narrow in (False, True)
    }


def install_peer() -> None:
    """Install the peer's pinned packages into its own folder, unless they are there.

    Raises:
        Unusable: npm is missing or failed.
    """
    lock, done = PEER / "package-lock.json", PEER / "node_modules" / ".package-lock.json"
    if done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
        return
    if shutil.which("npm") is None:
        raise Unusable("the peer needs node and npm; install node 20 or later")
    print("installing the peer's packages …", flush=True)
    argv = ["npm", "ci", "--no-audit", "--no-fund", "--silent"]
    result = subprocess.run(argv, cwd=PEER, capture_output=True, text=True, check=False)
    if result.returncode:
        raise Unusable(f"npm ci failed in {PEER}:\n{result.stderr[-2000:]}")

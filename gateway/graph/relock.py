"""Writes `neo4j.lock` anew: `python -m gateway.graph.relock`, after changing `NEO4J_VERSION`. Takes two minutes.

The one place where a dependency tree is resolved. Read the difference before you commit it.
"""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from jgo.maven import MavenContext, PythonResolver

from gateway.graph.jars import PARALLEL, fetch
from gateway.graph.lockfile import LOCK, NEO4J_VERSION, Artefact, sha256_of


def resolve(cache: Path) -> list[Artefact]:
    """Every jar that Neo4j needs at run time, natives of all platforms included, without digests."""
    resolver = PythonResolver()
    context = MavenContext(repo_cache=cache, resolver=resolver, timeout=60)
    root = context.create_dependency(f"org.neo4j:neo4j:{NEO4J_VERSION}")
    inputs, transitive = resolver.resolve([root])
    return [
        Artefact(found.groupId, found.artifactId, found.version, found.classifier, "")
        for found in (*inputs, *transitive)
        if found.type == "jar" and found.scope in {"compile", "runtime", None}
    ]


def main() -> None:
    """Resolve, fetch, hash, write."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(PARALLEL) as pool:
        cache = Path(folder)
        artefacts = resolve(cache)
        digests = pool.map(lambda artefact: sha256_of(fetch(artefact, cache)), artefacts)
        locked = [replace(artefact, sha256=digest) for artefact, digest in zip(artefacts, digests, strict=True)]
    LOCK.write_text("".join(f"{a.coordinate} {a.sha256}\n" for a in sorted(locked)), "ascii")


if __name__ == "__main__":
    main()

"""Putting a signed export together: what is drawn is signed, what is signed is logged, and then it is handed out."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from gateway.audit.event import About, Cause
from gateway.audit.kinds import LineageExported
from gateway.audit.prove import Evidence, NoSuchEvent, prove_entry
from gateway.audit.recorder import Recorder
from gateway.graph import Graph
from gateway.lineage.export import package
from gateway.lineage.export.picture import Picture
from gateway.signing import Seal

_HELD: Final = """
OPTIONAL MATCH (d:Dataset {id: $of})
OPTIONAL MATCH (:Field {id: $of})<-[:HAS_FIELD]-(h:Dataset)
WITH coalesce(d, h) AS d WHERE d IS NOT NULL
RETURN [d.id, d.agency,
  COLLECT { MATCH (:Jurisdiction {id: d.jurisdiction})-[:PART_OF*0..16]->(j) RETURN j.id ORDER BY j.id }]
"""
_ATTEMPTS: Final = 40
_PAUSE: Final = 0.25
_FIELD: Final = "fd_"


class NotYetProven(Exception):
    """The log has the event and has not published a checkpoint over it yet."""


@dataclass(frozen=True, slots=True)
class Exporting:
    """Makes exports."""

    graph: Graph
    recorder: Recorder
    seal: Callable[[], Seal]
    base: str

    async def export(self, picture: Picture, cause: Cause) -> dict[str, bytes]:
        """The files of an export. It is in the log before anything of it is given out.

        Raises:
            SigningError: the gateway has no seal that it can use, or no timestamp.
            LogUnavailable: the log cannot be written.
            NotYetProven: not even after some seconds.
        """
        files, document = await asyncio.to_thread(self._sealed, picture)
        about = await self.about(picture.question.of)
        said = package.asked(picture)
        event = LineageExported(
            cause=cause,
            about=about,
            of=said["of"],
            direction=said["direction"],
            level=said["level"],
            depth=said["depth"],
            as_of=said["asOf"],
            known_at=said["knownAt"],
            manifest=hashlib.sha256(document).hexdigest(),
        )
        (index,) = await self.recorder.record(event)
        return {**files, **package.proven(await self._proof(index))}

    async def about(self, of: str, *, hidden: bool = False) -> About:
        """What the event of an export, or of a refused one, concerns."""
        found: Any = await self.graph.read(_HELD, {"of": of})
        if found is None:
            return About()
        dataset, agency, jurisdictions = found
        return About((agency,), tuple(jurisdictions), (dataset,), (of,) if of.startswith(_FIELD) else (), hidden=hidden)

    def _sealed(self, picture: Picture) -> tuple[dict[str, bytes], bytes]:
        files = package.drawn(picture, self.base)
        document = package.manifest(picture, self.base, files)
        return {**files, package.MANIFEST: document, **package.signed(document, self.base, self.seal())}, document

    async def _proof(self, index: int) -> Evidence:
        for _ in range(_ATTEMPTS):
            try:
                return await asyncio.to_thread(prove_entry, self.recorder.folder, index)
            except NoSuchEvent:
                await asyncio.sleep(_PAUSE)
        raise NotYetProven("the export is in the log, which has not published its proof yet; try again in a moment")

"""Writing one batch of an import: everything that has to stay true together changes in one transaction.

INVARIANT: a Dataset's `accessClass`, its one `Class_…` label, the classes of its Fields and the `Tally` counts are
written here together or not at all, so that an import which is killed leaves nothing half done.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from neo4j import AsyncManagedTransaction

from gateway.catalog import statements as catalog_statements
from gateway.catalog.tallies import Place, place, tally_rows
from gateway.classes import UNPUBLISHED, access_class, class_label
from gateway.federation import statements
from gateway.federation.mapping import ImportedEntry
from gateway.graph.ids import make_id
from gateway.graph.times import now as clock
from gateway.vocabulary import FOREVER, Origin, Status

_WITHDRAWN: Final = Status.WITHDRAWN.value


class Batch:
    """One transaction of one source. `work` methods may run again after a conflict: they read before they write."""

    def __init__(self, source: str, jurisdiction: str) -> None:
        self._source = source
        self._jurisdiction = jurisdiction

    async def write(self, tx: AsyncManagedTransaction, entries: Sequence[ImportedEntry]) -> set[str]:
        """Create or change entries, each with a new version; returns the identifiers that belong to others."""
        moment, before = await self._begin(tx, [entry.identifier for entry in entries])
        taken = {identifier for identifier, entry in before.items() if not entry["ours"]}
        todo = [entry for entry in entries if entry.identifier not in taken and _differs(entry, before)]
        if not todo:
            return taken
        tally: Counter[Place] = Counter()
        rows = [self._row(entry, before.get(entry.identifier), moment, tally) for entry in todo]
        identifiers = [entry.identifier for entry in todo]
        await _run(tx, statements.CLOSE_VERSIONS, identifiers=identifiers, now=moment, forever=FOREVER)
        await _run(tx, statements.WRITE_ENTRIES, rows=rows, now=moment, forever=FOREVER)
        await _run(tx, statements.CLEAR_PARTS, identifiers=identifiers, unpublished=UNPUBLISHED)
        fields = [row for entry in todo for row in _field_rows(entry)]
        await _run(tx, statements.WRITE_FIELDS, rows=fields, forever=FOREVER)
        distributions = [row for entry in todo for row in _distribution_rows(entry)]
        await _run(tx, statements.WRITE_DISTRIBUTIONS, rows=distributions)
        await _tally(tx, tally, self._jurisdiction)
        return taken

    async def withdraw(self, tx: AsyncManagedTransaction, identifiers: Sequence[str]) -> None:
        """Take entries out of the published catalogue; their description and versions stay."""
        moment, before = await self._begin(tx, identifiers)
        gone = [entry for entry in before.values() if entry["ours"] and entry["status"] != _WITHDRAWN]
        tally: Counter[Place] = Counter()
        for entry in gone:
            tally[place(entry)] -= 1
            tally[place(entry | {"accessClass": UNPUBLISHED})] += 1
        rows = [{"identifier": entry["identifier"], "oldLabels": [class_label(entry["accessClass"])]} for entry in gone]
        names = [row["identifier"] for row in rows]
        await _run(tx, statements.CLOSE_VERSIONS, identifiers=names, now=moment, forever=FOREVER)
        await _run(tx, statements.WITHDRAW, rows=rows, unpublished=UNPUBLISHED, label=class_label(UNPUBLISHED))
        await _tally(tx, tally, self._jurisdiction)

    async def _begin(
        self, tx: AsyncManagedTransaction, identifiers: Sequence[str]
    ) -> tuple[str, dict[str, dict[str, Any]]]:
        moment = clock()
        lock = {"id": make_id("so_", self._source), "source": self._source, "now": moment}
        await _run(tx, statements.LOCK_SOURCE, **lock)
        record = await (await tx.run(statements.BEFORE, identifiers=list(identifiers), source=self._source)).single(
            strict=True
        )
        return moment, {entry["identifier"]: entry for entry in record[0]}

    def _row(
        self, entry: ImportedEntry, before: dict[str, Any] | None, moment: str, tally: Counter[Place]
    ) -> dict[str, Any]:
        version = (before["version"] or 0) + 1 if before else 1
        key = access_class(entry.tier, published=True)
        properties = {
            **entry.properties,
            "status": Status.PUBLISHED.value,
            "origin": Origin.IMPORTED.value,
            "accessClass": key,
            "agency": make_id("ag_", entry.agency),
            "jurisdiction": self._jurisdiction,
            "modified": entry.modified or moment,
            "recordDigest": entry.digest,
            "version": version,
        }
        if before:
            tally[place(before)] -= 1
        tally[place(properties)] += 1
        return {
            "identifier": entry.identifier,
            "id": make_id("ds_", entry.identifier),
            "properties": properties,
            "label": class_label(key),
            "oldLabels": [class_label(before["accessClass"])] if before else [],
            "version": {
                "id": make_id("dv_", entry.identifier, str(version)),
                "n": version,
                "digest": entry.digest,
                "snapshot": entry.snapshot,
            },
        }


def _differs(entry: ImportedEntry, before: Mapping[str, Mapping[str, Any]]) -> bool:
    held = before.get(entry.identifier)
    return held is None or held["digest"] != entry.digest or held["status"] == _WITHDRAWN


async def _tally(tx: AsyncManagedTransaction, changes: Counter[Place], jurisdiction: str) -> None:
    homes = {where[0]: jurisdiction for where in changes}
    await _run(tx, catalog_statements.TALLY, rows=tally_rows(changes, homes))


def _field_rows(entry: ImportedEntry) -> list[dict[str, Any]]:
    """Fields carry their dataset's tier: these catalogues state none of their own."""
    tier = {
        "shareType": entry.tier.share.value,
        "openType": entry.tier.open.value,
        "sensitivity": sorted(ground.value for ground in entry.tier.sensitivity),
    }
    own = {
        "ownShareType": tier["shareType"],
        "ownOpenType": tier["openType"],
        "ownSensitivity": tier["sensitivity"],
        "accessClass": access_class(entry.tier, published=True),
    }
    rows = []
    for position, field in enumerate(entry.fields):
        identity = {"id": make_id("fd_", entry.identifier, field["name"]), "position": position}
        rows.append(
            {
                "identifier": entry.identifier,
                "id": identity["id"],
                "properties": {**field, **tier, **own, **identity},
                "snapshot": json.dumps({**field, **tier}, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
            }
        )
    return rows


def _distribution_rows(entry: ImportedEntry) -> list[dict[str, Any]]:
    return [
        {
            "identifier": entry.identifier,
            "properties": {**item, "id": make_id("di_", entry.identifier, str(position)), "position": position},
        }
        for position, item in enumerate(entry.distributions)
    ]


async def _run(tx: AsyncManagedTransaction, statement: str, **parameters: Any) -> None:
    if parameters.get("rows") == [] or parameters.get("identifiers") == []:
        return
    await (await tx.run(statement, parameters)).consume()

"""Equal treatment (R21): of two applications of one class, who decides must not accept one and refuse the other unseen.

A class is what is asked for: dataset, fields, rows and purpose; who asks is no part of it. A different answer is not
forbidden, for there may be a ground; it is shown to the provider, the center, and who supervises the provider.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from neo4j import AsyncManagedTransaction

from gateway.audit.event import Cause, Event, canonical
from gateway.audit.kinds import TreatmentDiffered
from gateway.sharing.cases import about_case
from gateway.sharing.words import CaseState

_MOST: Final = 100
_YES: Final = [CaseState.ACCEPTED, CaseState.AUTHORISED, CaseState.OPENED]
OTHERWISE: Final = {
    CaseState.REFUSED: _YES,
    **{state: [CaseState.REFUSED] for state in _YES},
}
"""The states of cases that were answered differently than one in such a state."""

# The center is shown both from here on; the dataset's lock lets only one answer of a class be given at a time.
_DIFFERING: Final = """
MATCH (d:Dataset {id: $dataset})
SET d.writing = true REMOVE d.writing
WITH d
MATCH (c:Case {treatment: $treatment}) WHERE c.id <> $id AND c.state IN $otherwise
WITH c ORDER BY c.filedAt, c.id LIMIT $most
SET c.center = true
WITH collect(c.id) AS others
MATCH (c:Case {id: $id}) WHERE size(others) > 0
SET c.center = true
RETURN others
"""


def treatment_of(content: Mapping[str, Any]) -> str:
    """The class of an application, by what it asks for."""
    asked = {
        "dataset": content["dataset"]["id"],
        "fields": sorted(field["id"] for field in content["fields"]),
        "rows": content["rows"],
        "purpose": content["purpose"],
    }
    return hashlib.sha256(canonical(asked)).hexdigest()


async def differing(
    tx: AsyncManagedTransaction, cause: Cause, case: Mapping[str, Any], answered: CaseState
) -> list[Event]:
    """The event of an answer that differs from others' of its class; none where all are alike."""
    given = {
        "id": case["id"],
        "dataset": case["dataset"],
        "treatment": case["treatment"],
        "otherwise": OTHERWISE[answered],
        "most": _MOST,
    }
    record = await (await tx.run(_DIFFERING, given)).single()
    if record is None:
        return []
    about = replace(about_case(case), agencies=(case["provider"],))
    return [TreatmentDiffered(cause=cause, about=about, other=record[0][0], count=len(record[0]))]

"""A world of the city's shape at any size, made while it is written: memory does not grow with it."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final

from gateway.classes import access_class, class_label
from gateway.graph import make_id
from gateway.graph.times import instant
from gateway.vocabulary import FOREVER, Origin, Period, Status
from graph_seed import reading, wording
from graph_seed.rows import EPOCH, DatasetRow, Row, field_row, tier_of, tier_properties

_SOURCES: Final = 3
_REACH: Final = 500
"""An entry derives from up to three of the 500 before it."""


@dataclass(frozen=True, slots=True)
class World:
    """`n` entries, each a copy of one of the city's lines with its own number."""

    n: int
    seed: int
    public_share: float | None
    fields: int

    def identifier(self, i: int) -> str:
        """资源代码 of entry `i`."""
        return f"scaled/{i:07}"

    def entries(self) -> Iterator[DatasetRow]:
        """The entries in the order of their numbers."""
        rnd = random.Random(self.seed)
        lines, agencies = reading.datasets(), reading.agencies()
        groups = reading.field_groups()
        wide = [line for line in lines if line.tier[1] != "N"]
        hidden = [line for line in lines if line.tier[1] == "N"]
        flat = {line.key: [f for g in line.groups.split() for f in groups[g]] for line in lines}
        for i in range(self.n):
            if self.public_share is None:
                line = rnd.choice(lines)
            else:
                line = rnd.choice(wide if rnd.random() < self.public_share else hidden)
            agency, tier = rnd.choice(agencies), tier_of(line.tier)
            status = Status.DRAFT if self.public_share is None and rnd.random() < 0.03 else Status.PUBLISHED
            identifier, at = self.identifier(i), instant(EPOCH + timedelta(seconds=rnd.randrange(50_000_000)))
            fields = []
            for position in range(self.fields):
                source = flat[line.key][position % len(flat[line.key])]
                own = tier_of(source.tier) if source.tier else tier
                more = {"title": source.title, "dataType": source.data_type, "description": source.description}
                name = f"{source.name}_{position}"
                fields.append(field_row(identifier, position, name, own=own, entry=tier, status=status, more=more))
            key = access_class(tier, published=status is Status.PUBLISHED)
            properties: Row = {
                "id": make_id("ds_", identifier),
                "identifier": identifier,
                "title": f"{line.title}{i}",
                "titleEn": f"{line.title_en} {i}",
                "status": status,
                "origin": Origin.NATIVE,
                "agency": make_id("ag_", agency.code),
                "jurisdiction": make_id("ju_", agency.adcode),
                "theme": line.theme,
                "legalBasis": wording.legal_basis(tier),
                "description": f"{agency.name}{line.title}",
                "keywords": line.category.split("/"),
                "formats": line.formats.split(","),
                "accrualPeriodicity": Period(line.period),
                "modified": at,
                "staleAt": FOREVER,
                "missingElements": [],
                "version": 1,
                "accessClass": key,
                **tier_properties(tier),
            }
            version = {
                "id": make_id("dv_", identifier, "1"),
                "n": 1,
                "digest": sha256(identifier.encode()).hexdigest(),
                "snapshot": "{}",
                "validFrom": at,
                "validTo": FOREVER,
                "recordedFrom": at,
                "recordedTo": FOREVER,
            }
            yield DatasetRow(class_label(key), properties, version, fields)

    def derivations(self) -> Iterator[Row]:
        """Up to three sources per entry, always from before it."""
        rnd = random.Random(self.seed + 1)
        start = instant(EPOCH)
        times = {"validFrom": start, "validTo": FOREVER, "recordedFrom": start, "recordedTo": FOREVER, "observed": True}
        for i in range(_SOURCES, self.n):
            for source in sorted({rnd.randrange(max(0, i - _REACH), i) for _ in range(_SOURCES)}):
                target, origin = make_id("ds_", self.identifier(i)), make_id("ds_", self.identifier(source))
                yield {"target": target, "source": origin, "p": {"id": f"{i}<-{source}", **times}}

"""A small catalogue graph as plain data: built from a seed, changed at will (`tests.support.loading` writes it).

Rows hold the properties exactly as the graph stores them. Keys that begin with an underscore are links, not properties:
`_parent`, `_agency`, `_dataset`, `_person`, `_to`, each the id of another row.
"""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.classes import TIERS, Tier, access_class
from gateway.graph import make_id
from gateway.vocabulary import (
    FOREVER,
    PUBLISHED_STATES,
    AgencyKind,
    DataType,
    Element,
    Format,
    Mode,
    OpenType,
    Origin,
    Period,
    Role,
    Sensitivity,
    ShareType,
    Status,
    Theme,
)

Row = dict[str, Any]

PAST: Final = "2024-01-01T00:00:00.000Z"
ENDED: Final = "2025-01-01T00:00:00.000Z"
UNIT: Final = "\x1f"
MASKS: Final = (
    '{"OPENING":{"kind":"DROP","name":"none","version":7},'
    '"SHARING":{"kind":"TRUNCATE","length":3,"name":"few","version":1}}'
)
"""What some fields keep: rules by which their values leave changed."""

WORDS: Final = (
    "供水",
    "供电",
    "水质",
    "企业",
    "登记",
    "人口",
    "公交",
    "线路",
    "地图",
    "水",
    "water",
    "Bus",
    "gas2",
    "user_id",
)
"""Few enough that random searches often find something."""


@dataclass(slots=True)
class Derivation:
    """One DERIVED_FROM edge between two Datasets or two Fields, by their ids: it leads from `source` to `target`."""

    label: str
    source: str
    target: str
    valid_from: str = PAST
    valid_to: str = FOREVER
    recorded_to: str = FOREVER
    recorded_from: str = PAST
    observed: bool = False
    asserter: str = ""


@dataclass(slots=True)
class World:
    """Everything that clients can see, as rows by kind."""

    jurisdictions: list[Row] = field(default_factory=list)
    agencies: list[Row] = field(default_factory=list)
    people: list[Row] = field(default_factory=list)
    appointments: list[Row] = field(default_factory=list)
    datasets: list[Row] = field(default_factory=list)
    fields: list[Row] = field(default_factory=list)
    versions: list[Row] = field(default_factory=list)
    distributions: list[Row] = field(default_factory=list)
    derivations: list[Derivation] = field(default_factory=list)
    grants: list[Row] = field(default_factory=list)

    def tallies(self) -> list[Row]:
        """The Tally rows that these datasets call for: per agency and theme, per agency, and per theme."""
        tiers = ("accessClass", "shareType", "openType")
        homes = {a["id"]: a["jurisdiction"] for a in self.agencies}
        rows = []
        for per, kept in (("AGENCY_THEME", ("agency", "theme")), ("AGENCY", ("agency",)), ("THEME", ("theme",))):
            names = (*kept, *tiers)
            for values, n in Counter(tuple(d[name] for name in names) for d in self.datasets).items():
                row = {"key": "|".join((per, *values)), "per": per, "n": n, **dict(zip(names, values, strict=True))}
                rows.append({**row, "jurisdiction": homes[row["agency"]]} if "agency" in row else row)
        return rows

    def classes(self) -> dict[str, int]:
        """Number of Datasets of each access class."""
        return dict(Counter(d["accessClass"] for d in self.datasets))


def build_world(rnd: random.Random, datasets: int = 12) -> World:
    """A world of `datasets` entries in every tier and state, with fields, lineage with cycles, versions and grants."""
    world = World()
    _institutions(rnd, world)
    for i in range(datasets):
        _dataset(rnd, world, i)
    _lineage(rnd, world)
    _flow(world)
    return world


def _flow(world: World) -> None:
    """Whose dataset it is says what it was made from, and fields are as strict as what they were made from (R17.2)."""
    homes = {d["id"]: d["agency"] for d in world.datasets}
    homes |= {f["id"]: homes[f["_dataset"]] for f in world.fields}
    for edge in world.derivations:
        edge.asserter = homes[edge.source]
    held = [e for e in world.derivations if (e.valid_to, e.recorded_to) == (FOREVER, FOREVER)]
    own = {f["id"]: _tier_in(f) for f in world.fields}
    found, before = dict(own), dict[str, Tier]()
    while found != before:
        before = dict(found)
        for edge in held:
            if edge.label == "Field":
                found[edge.source] = found[edge.source].stricter(found[edge.target])
    for row in world.fields:
        if found[row["id"]] != own[row["id"]]:
            row["lineageTier"] = str(found[row["id"]].key)


def _tier_in(row: Row) -> Tier:
    return Tier(ShareType(row["shareType"]), OpenType(row["openType"]), frozenset(map(Sensitivity, row["sensitivity"])))


def _institutions(rnd: random.Random, world: World) -> None:
    for code, name, level, parent in (
        ("621000", "庆阳市", "CITY", None),
        ("621002", "西峰区", "COUNTY", "621000"),
        ("621021", "庆城县", "COUNTY", "621000"),
        ("x-test", "Elsewhere", "EXTERNAL", None),
    ):
        above = make_id("ju_", parent) if parent else None
        world.jurisdictions.append(
            {"id": make_id("ju_", code), "code": code, "name": name, "level": level, "_parent": above}
        )
    for i in range(6):
        home = world.jurisdictions[(0, 1, 2, 0, 3, 3)[i]]
        row = {
            "id": make_id("ag_", f"a{i}"),
            "code": f"a{i}",
            "name": f"机构{i}",
            "kind": rnd.choice(list(AgencyKind)).value,
            "origin": (Origin.IMPORTED if i > 3 else Origin.NATIVE).value,
            "jurisdiction": home["id"],
            "_parent": make_id("ag_", "a4") if i == 5 else None,
        }
        world.agencies.append(_some(rnd, row, {"nameEn": f"Agency {i}", "duty": "供水"}))
    for i, agency in enumerate(world.agencies[:4]):
        person = {"id": make_id("pe_", f"p{i}"), "name": f"人{i}"}
        world.people.append(person)
        for n, role in enumerate((Role.STAFF, Role.OFFICER)[: 1 + i % 2]):
            world.appointments.append(
                {
                    "id": make_id("ap_", f"p{i}", str(n)),
                    "role": role.value,
                    "validFrom": PAST,
                    "validTo": ENDED if n else FOREVER,
                    "recordedFrom": PAST,
                    "recordedTo": FOREVER,
                    "_person": person["id"],
                    "_agency": agency["id"],
                }
            )


def _some(rnd: random.Random, row: Row, optional: Row) -> Row:
    """`row` with each of the optional properties there or absent."""
    return {**row, **{k: v for k, v in optional.items() if rnd.random() < 0.6}}


def _text(rnd: random.Random, most: int = 3) -> str:
    return " ".join(rnd.choice(WORDS) for _ in range(rnd.randint(1, most)))


def _several(rnd: random.Random, values: Iterable[Any], most: int = 3) -> list[str]:
    found = list(values)
    return [str(v) for v in rnd.sample(found, rnd.randint(0, min(most, len(found))))]


def _moment(rnd: random.Random) -> str:
    return f"2025-0{rnd.randint(1, 3)}-0{rnd.randint(1, 3)}T00:00:00.000Z"


def _tier_of(tier: Tier) -> Row:
    return {"shareType": tier.share.value, "openType": tier.open.value, "sensitivity": sorted(tier.sensitivity)}


def _dataset(rnd: random.Random, world: World, number: int) -> None:
    agency, tier = rnd.choice(world.agencies), TIERS[rnd.choice(list(TIERS))]
    if rnd.random() < 0.4:
        # Half of all classes are of three grounds together; the common ones should be common here too.
        tier = Tier(rnd.choice(list(ShareType)), rnd.choice([OpenType.OPEN, OpenType.CONDITIONAL]))
    status = rnd.choice([Status.PUBLISHED, Status.PUBLISHED, Status.UPDATE_DUE, rnd.choice(list(Status))])
    published = status in PUBLISHED_STATES
    identifier = f"621000/{number:03}"
    row = {
        "id": make_id("ds_", identifier),
        "identifier": identifier,
        "title": _text(rnd),
        "status": status.value,
        "origin": agency["origin"],
        "accessClass": str(access_class(tier, published=published)),
        "agency": agency["id"],
        "jurisdiction": agency["jurisdiction"],
        **_tier_of(tier),
        "theme": rnd.choice([Theme.ENER, Theme.ENVI, Theme.TRAN]).value,
        "legalBasis": [f"办法{UNIT}第十六条", f"条例{UNIT}"][: rnd.randint(0, 2)],
        "keywords": [_text(rnd, 1) for _ in range(rnd.randint(0, 2))],
        "formats": _several(rnd, [Format.CSV, Format.JSON, Format.VIDEO]),
        "shareMode": _several(rnd, Mode),
        "openMode": _several(rnd, Mode),
        "missingElements": _several(rnd, Element),
        "modified": _moment(rnd),
        "staleAt": rnd.choice([ENDED, FOREVER]),
        "version": 1,
    }
    optional = {
        "titleEn": _text(rnd, 2),
        "category": "甲/乙",
        "description": _text(rnd),
        "accrualPeriodicity": rnd.choice([Period.DAILY, Period.ANNUAL]).value,
        "shareConditions": "同意",
        "openConditions": "登记",
        "usagePolicy": "不得转让",
        "dutyBasis": "供水条例",
        "attributes": "属性",
        "landingPage": "https://example.org/1",
        "license": "CC0",
        "rights": "all",
        "accessLevel": "public",
        "importRule": "default",
        "issued": _moment(rnd),
        "refreshedAt": _moment(rnd),
    }
    world.datasets.append(_some(rnd, row, optional))
    _parts(rnd, world, row, tier, published=published)


def _parts(rnd: random.Random, world: World, dataset: Row, tier: Tier, *, published: bool) -> None:
    identifier = dataset["identifier"]
    for position in range(rnd.randint(0, 4)):
        name = f"f{position}_{rnd.choice(['water', 'Bus', 'id'])}"
        own = tier.stricter(TIERS[rnd.choice(list(TIERS))]) if rnd.random() < 0.4 else tier
        world.fields.append(
            _some(
                rnd,
                {
                    "id": make_id("fd_", identifier, name),
                    "name": name,
                    "position": position,
                    **_tier_of(own),
                    "accessClass": str(access_class(own, published=published)),
                    **({"masks": MASKS} if position == 1 else {}),
                    "_dataset": dataset["id"],
                },
                {
                    "title": _text(rnd, 2),
                    "dataType": rnd.choice(list(DataType)).value,
                    "description": _text(rnd),
                    "unit": "m3",
                    "format": "\\d+",
                },
            )
        )
    for n in range(1, rnd.randint(1, 3)):
        last = n == 1 or rnd.random() < 0.8
        world.versions.append(
            {
                "id": make_id("dv_", identifier, str(n)),
                "n": n,
                "digest": f"{n:064x}",
                "snapshot": "{}",
                "validFrom": PAST,
                "validTo": FOREVER,
                "recordedFrom": PAST,
                "recordedTo": FOREVER if last else ENDED,
                "_dataset": dataset["id"],
            }
        )
        if n > 1 and last:
            world.versions[-2]["recordedTo"] = ENDED
    for position in range(rnd.randint(0, 2)):
        world.distributions.append(
            _some(
                rnd,
                {
                    "id": make_id("di_", identifier, str(position)),
                    "format": Format.CSV.value,
                    "position": position,
                    "_dataset": dataset["id"],
                },
                {"title": "下载", "mediaType": "text/csv", "downloadURL": "https://example.org/1.csv"},
            )
        )
    if rnd.random() < 0.3:
        mine = [f["id"] for f in world.fields if f["_dataset"] == dataset["id"]]
        world.grants.append(
            {
                "id": make_id("gr_", identifier),
                "status": rnd.choice(["ACTIVE", "ACTIVE", "REVOKED"]),
                "fields": mine[: rnd.randint(0, 2)],
                "purpose": "供水",
                "validFrom": PAST,
                "validTo": rnd.choice([FOREVER, FOREVER, ENDED]),
                "_dataset": dataset["id"],
                "_to": rnd.choice([*world.agencies[:4], *world.people])["id"],
            }
        )


def _lineage(rnd: random.Random, world: World) -> None:
    for label, rows in (("Dataset", world.datasets), ("Field", world.fields)):
        if not rows:
            continue
        for _ in range(len(rows) * 2):
            source, target = rnd.choice(rows), rnd.choice(rows)
            ended = rnd.random()
            world.derivations.append(
                Derivation(
                    label,
                    source["id"],
                    target["id"],
                    valid_to=ENDED if ended < 0.15 else FOREVER,
                    recorded_to=ENDED if ended > 0.85 else FOREVER,
                )
            )

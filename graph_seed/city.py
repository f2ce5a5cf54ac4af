"""The demonstration city as rows: agencies, persons, entries with fields, and lineage."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gateway.catalog.staleness import LENGTHS, stale_at
from gateway.classes import Tier
from gateway.graph import make_id
from gateway.graph.times import instant
from gateway.identity.development import ISSUER
from gateway.masks import Audience, kept_text
from gateway.vocabulary import FOREVER, Format, Mode, OpenType, Origin, Period, Role, Sensitivity, ShareType, Status
from graph_seed import reading, wording
from graph_seed.people import people
from graph_seed.reading import AgencyLine, DatasetLine
from graph_seed.rows import EPOCH, DatasetRow, Row, dataset_row, field_row, tier_of

SEED: Final = 20210330
"""The day on which the regulation came into force."""

YEARS: Final = (2021, 2022, 2023, 2024)

_UPDATED: Final = {
    Period.REALTIME: "实时",
    Period.HOURLY: "每小时",
    Period.DAILY: "每日",
    Period.WEEKLY: "每周",
    Period.MONTHLY: "每月",
    Period.QUARTERLY: "每季度",
    Period.ANNUAL: "每年",
    Period.IRREGULAR: "不定期",
    Period.NEVER: "不再",
}
_MODES: Final = {
    Format.API: Mode.API,
    Format.DATABASE: Mode.DATABASE,
    Format.STREAM: Mode.STREAM,
    Format.VIDEO: Mode.STREAM,
}
_UNUSUAL: Final = (Status.DRAFT, Status.SUBMITTED, Status.RETURNED, Status.WITHDRAWN, Status.UPDATE_DUE)


@dataclass(frozen=True, slots=True)
class Variant:
    """One entry that a line stands for: the whole line, or its copy for a year or a county."""

    line: DatasetLine
    agency: AgencyLine
    suffix: str
    title: str
    title_en: str
    status: Status = Status.PUBLISHED

    @property
    def identifier(self) -> str:
        """资源代码: the agency's jurisdiction, its code, the entry and the variant."""
        return f"{self.agency.adcode}/{self.agency.code}/{self.line.key}{self.suffix}"


def variants() -> Iterator[Variant]:
    """Every entry of the city, in a fixed order; some are not, or no longer, published."""
    by_code = {a.code: a for a in reading.agencies()}
    names = {j.adcode: j.name for j in reading.jurisdictions()}
    counties = [a for a in reading.agencies() if a.adcode != reading.jurisdictions()[0].adcode]
    for number, line in enumerate(reading.datasets()):
        agency = by_code[line.agency]
        if line.variants == "county":
            for county in counties:
                title = f"{names[county.adcode]}{line.title}"
                yield Variant(line, county, "", title, f"{line.title_en}, {county.name_en.split(' Data')[0]}")
        else:
            yield Variant(line, agency, "", line.title, line.title_en)
        if line.variants == "years":
            for year in YEARS:
                yield Variant(line, agency, f"/{year}", f"{line.title}({year}年)", f"{line.title_en}, {year}")
        if number % 6 == 0:
            status = _UNUSUAL[number // 6 % len(_UNUSUAL)]
            yield Variant(line, agency, "/rev", f"{line.title}(修订)", f"{line.title_en}, revised", status)


def _fields(variant: Variant, entry: Tier) -> Iterator[Row]:
    groups = reading.field_groups()
    lines = {f.name: f for group in variant.line.groups.split() for f in groups[group]}
    for position, line in enumerate(lines.values()):
        # A field that has no tier of its own has the widest that its dataset allows: the dataset's.
        own = tier_of(line.tier) if line.tier else entry
        named = (variant.line.key, line.name)
        masks = {Audience(one.audience): one.mask for one in reading.masks() if (one.key, one.field) == named}
        more = {"title": line.title, "dataType": line.data_type, "description": line.description}
        if (kept := kept_text(masks)) is not None:
            more["masks"] = kept
        yield field_row(variant.identifier, position, line.name, own=own, entry=entry, status=variant.status, more=more)


TODAY: Final = EPOCH + timedelta(days=700)
"""The day that the city is described as of, where nobody says another."""

LATE: Final = 0.12
"""Share of entries whose update is late (R10)."""


def _refreshed(period: Period, today: datetime, rnd: random.Random) -> datetime:
    """When the data was last refreshed: mostly in time, as of `today`."""
    late = rnd.random() < LATE
    length = LENGTHS.get(period, timedelta(days=200))
    return today - length * (rnd.uniform(1.2, 6.0) if late else rnd.uniform(0.0, 0.7))


def entry(variant: Variant, rnd: random.Random, today: datetime) -> DatasetRow:
    """One entry with all ten basic elements of article 8."""
    line, agency = variant.line, variant.agency
    tier, period = tier_of(line.tier), Period(line.period)
    fields = list(_fields(variant, tier))
    formats = [Format(f) for f in line.formats.split(",")]
    attributes = "、".join(f["title"] for f in fields[:6])
    modified = EPOCH + timedelta(seconds=rnd.randrange(600 * 86_400))
    refreshed = instant(_refreshed(period, today, rnd))
    modes = sorted({_MODES.get(f, Mode.FILE) for f in formats})
    properties: Row = {
        "identifier": variant.identifier,
        "title": variant.title,
        "titleEn": variant.title_en,
        "status": variant.status,
        "origin": Origin.NATIVE,
        "agency": make_id("ag_", agency.code),
        "jurisdiction": make_id("ju_", agency.adcode),
        "theme": line.theme,
        "category": line.category,
        "legalBasis": wording.legal_basis(tier),
        "description": wording.description(variant.title, agency.name, attributes, _UPDATED[period]),
        "keywords": [*line.category.split("/"), *(w.lower() for w in line.title_en.split()[:2])],
        "formats": formats,
        "accrualPeriodicity": period,
        "shareMode": modes if tier.share is not ShareType.NON_SHARED else [Mode.OFFLINE],
        "openMode": [Mode.ONLINE, *modes] if tier.open == "OPEN" else [Mode.OFFLINE],
        "shareConditions": wording.share_conditions(tier, agency.name),
        "openConditions": wording.open_conditions(tier),
        "usagePolicy": wording.usage_policy(tier),
        "dutyBasis": f"{agency.duty}",
        "attributes": attributes,
        "modified": instant(modified),
        "issued": instant(modified - timedelta(days=30)),
        "refreshedAt": refreshed,
        "staleAt": stale_at(refreshed, period),
        "missingElements": [],
    }
    return dataset_row(properties, tier, fields, modified)


def entries(today: datetime = TODAY) -> list[DatasetRow]:
    """All entries of the city, refreshed as of a day: the same for the same day."""
    rnd = random.Random(SEED)
    return [entry(variant, rnd, today) for variant in variants()]


LAX: Final = "621000/scj/xzcf"
"""An entry of which fields are stated less strictly than what they were made from, so that there is one (R17.2)."""


_WITNESSES: Final = ("center", "fgw")


def _tiers(variant: Variant) -> dict[str, Tier]:
    """The tiers of an entry's fields, by name."""
    return {
        row["name"]: Tier(
            ShareType(row["shareType"]), OpenType(row["openType"]), frozenset(map(Sensitivity, row["sensitivity"]))
        )
        for row in _fields(variant, tier_of(variant.line.tier))
    }


def derivations() -> tuple[list[Row], list[Row]]:
    """Lineage between entries and between their fields: 8 levels and more, with diamonds and a cycle."""
    found = {v.identifier: v for v in variants()}
    by_key: dict[str, list[Variant]] = {}
    for variant in found.values():
        by_key.setdefault(variant.line.key, []).append(variant)
    datasets, fields = [], []
    for variant in found.values():
        for key in variant.line.upstream.split():
            sources = [s for s in by_key[key] if s.suffix == variant.suffix] or by_key[key][:1]
            own = [s for s in sources if s.agency.code == variant.agency.code]
            source = (own or sources)[0]
            datasets.append(_edge("ds_", (variant.identifier,), (source.identifier,), variant.agency.code))
            made, of = _tiers(variant), _tiers(source)
            for name in sorted(made.keys() & of.keys()):
                lax = made[name].stricter(of[name]) != made[name] and variant.identifier != LAX
                asserter = _witness(variant, source) if lax else variant.agency.code
                fields.append(_edge("fd_", (variant.identifier, name), (source.identifier, name), asserter))
    return datasets, fields


def _witness(variant: Variant, source: Variant) -> str:
    """Who but its provider says of a field that it was made from a stricter one: that tightens nothing (R17.2)."""
    return next(code for code in (source.agency.code, *_WITNESSES) if code != variant.agency.code)


def _edge(prefix: str, target: tuple[str, ...], source: tuple[str, ...], asserter: str) -> Row:
    start = instant(EPOCH)
    return {
        "target": make_id(prefix, *target),
        "source": make_id(prefix, *source),
        "p": {
            "id": "/".join((*target, "<-", *source)),
            "validFrom": start,
            "validTo": FOREVER,
            "recordedFrom": start,
            "recordedTo": FOREVER,
            "asserter": make_id("ag_", asserter),
            "observed": False,
        },
    }


def jurisdiction_rows() -> list[Row]:
    """The city and its counties; `parent` is an id."""
    city = reading.jurisdictions()[0]
    return [
        {
            "p": {"id": make_id("ju_", j.adcode), "code": j.adcode, "name": j.name, "level": j.level},
            "parent": None if j is city else make_id("ju_", city.adcode),
        }
        for j in reading.jurisdictions()
    ]


def agency_rows() -> list[Row]:
    """The agencies."""
    return [
        {
            "id": make_id("ag_", a.code),
            "code": a.code,
            "name": a.name,
            "nameEn": a.name_en,
            "kind": a.kind,
            "origin": Origin.NATIVE,
            "jurisdiction": make_id("ju_", a.adcode),
            "duty": a.duty,
        }
        for a in reading.agencies()
    ]


def people_rows() -> list[Row]:
    """Persons with the identity they sign in with and their appointment, if they hold one."""
    return [
        {
            "p": {"id": make_id("pe_", ISSUER, p.sub), "name": p.name},
            "sub": p.sub,
            "iss": ISSUER,
            "offices": [] if p.agency is None else [_office(p.sub, p.agency, p.role)],
        }
        for p in people(SEED)
    ]


def _office(sub: str, agency: str, role: Role) -> Row:
    start = instant(EPOCH)
    times = {"validFrom": start, "validTo": FOREVER, "recordedFrom": start, "recordedTo": FOREVER}
    return {
        "agency": make_id("ag_", agency),
        "a": {"id": make_id("ap_", sub, agency, role), "role": role, **times},
    }

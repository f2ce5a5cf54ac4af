"""Entries for tests: one that has everything, and the ground that it stands on."""

from dataclasses import replace
from typing import Any, Final

from gateway.catalog import (
    AgencySpec,
    DistributionSpec,
    Entry,
    FieldSpec,
    JurisdictionSpec,
    LegalBasis,
    write_agencies,
    write_jurisdictions,
)
from gateway.classes import Tier
from gateway.graph import Graph
from gateway.vocabulary import (
    AgencyKind,
    DataType,
    Format,
    Mode,
    OpenType,
    Period,
    Sensitivity,
    ShareType,
    Status,
    Theme,
)

PERSONAL: Final = Tier(ShareType.CONDITIONAL, OpenType.NOT_OPEN, frozenset({Sensitivity.PERSONAL}))

ENTRY: Final = Entry(
    identifier="621000/water/001",
    title="供水水质监测",
    agency="water",
    share_type=ShareType.UNCONDITIONAL,
    open_type=OpenType.OPEN,
    status=Status.PUBLISHED,
    theme=Theme.ENVI,
    title_en="Water quality",
    category="生态/供水",
    legal_basis=(LegalBasis("城市供水条例", "第二十条"),),
    description="每日监测",
    keywords=("水质", "供水"),
    formats=(Format.CSV, Format.VIDEO),
    period=Period.DAILY,
    share_mode=(Mode.API,),
    open_mode=(Mode.FILE,),
    usage_policy="注明来源",
    duty_basis="城市供水条例第二十条",
    refreshed_at="2026-01-01T00:00:00.000Z",
    fields=(
        FieldSpec("station", "站点", DataType.STRING),
        FieldSpec("inspector", "检测员", DataType.STRING, tier=PERSONAL),
    ),
    distributions=(DistributionSpec(Format.CSV, download_url="https://example.org/water.csv"),),
)

CITY: Final = JurisdictionSpec("621000", "庆阳市", "CITY")
COUNTY: Final = JurisdictionSpec("621002", "西峰区", "COUNTY", "621000")
WATER: Final = AgencySpec("water", "供水公司", AgencyKind.PUBLIC_SERVICE, "621000", duty="供水")
POWER: Final = AgencySpec("power", "供电公司", AgencyKind.PUBLIC_SERVICE, "621002")


def entry(number: int = 1, **changes: Any) -> Entry:
    """The complete entry under its own number, with changes."""
    return replace(ENTRY, identifier=f"621000/water/{number:03}", **changes)


async def ground(graph: Graph) -> None:
    """The jurisdictions and agencies of the entries."""
    await write_jurisdictions(graph, [COUNTY, CITY])
    await write_agencies(graph, [WATER, POWER])

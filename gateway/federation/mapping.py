"""A `Harvested` record and the import rule, made into a catalogue entry.

What the source does not say stays empty and is listed among the missing elements: an import never fills in what an
agency would have to answer for (R8.1). The one exception is the sharing tier, which the rule gives and the entry names.
"""

from typing import Final

from gateway.catalog import DistributionSpec, Entry, LegalBasis
from gateway.federation.harvested import Harvested
from gateway.federation.rule import ImportRule
from gateway.vocabulary import Element, Format, Mode, OpenType, Origin, Period, ShareType, Status, Theme

_SAYS_NOTHING: Final = frozenset({"true", "false", "null", "none", "na", "n/a", "not available", "public", "yes", "no"})
"""What real inventories write into `rights` without saying anything about use. Kept as rights, but no requirement."""

_ASK_PROVIDER: Final = "向提供单位申请。Apply to the provider: the imported record states no condition."


def to_entry(harvested: Harvested, rule: ImportRule, *, source: str, agency: str, prefix: str = "") -> Entry:
    """Apply the rule to a record; `agency` is the code of its publisher."""
    tier = rule.tier(harvested.access_level, harvested.rights)
    return Entry(
        identifier=prefix + harvested.identifier,
        title=harvested.title,
        agency=agency,
        share_type=tier.share,
        open_type=tier.open,
        sensitivity=tier.sensitivity,
        status=Status.PUBLISHED,
        origin=Origin.IMPORTED,
        theme=harvested.theme or Theme.OP_DATPRO,
        category="; ".join(harvested.themes) or None,
        legal_basis=tuple(LegalBasis(title, citation) for title, citation in rule.basis),
        description=harvested.description,
        keywords=harvested.keywords,
        formats=_formats(harvested),
        period=harvested.period,
        open_mode=_open_mode(harvested),
        share_conditions=_conditions(harvested) if tier.share is ShareType.CONDITIONAL else None,
        open_conditions=_conditions(harvested) if tier.open is OpenType.CONDITIONAL else None,
        usage_policy=use_requirements(harvested),
        attributes="\n".join(_remarks(harvested)) or None,
        landing_page=harvested.landing_page,
        license=harvested.license,
        rights=harvested.rights,
        access_level=harvested.access_level.value if harvested.access_level else None,
        modified=harvested.modified or harvested.issued,
        issued=harvested.issued,
        refreshed_at=harvested.modified,
        import_rule=rule.applied(harvested.access_level),
        source=source,
        missing=frozenset(missing_elements(harvested)),
        fields=harvested.fields,
        distributions=harvested.distributions,
    )


def use_requirements(harvested: Harvested) -> str | None:
    """使用要求: what the record says about use, if it says anything."""
    texts = (harvested.license, harvested.rights)
    return "\n".join(text for text in texts if text and text.casefold() not in _SAYS_NOTHING) or None


def missing_elements(harvested: Harvested) -> tuple[Element, ...]:
    """Which of the ten basic elements the source does not state (R8.1); how data is shared, it never does."""
    stated = {
        Element.CATEGORY: harvested.themes or harvested.theme,
        Element.RESPONSIBLE_PARTY: harvested.publishers,
        Element.FORMAT: _formats(harvested),
        Element.ATTRIBUTES: harvested.fields or harvested.remarks,
        Element.UPDATE_LIMIT: harvested.period not in {None, Period.UNKNOWN},
        Element.OPEN_TYPE: harvested.access_level,
        Element.OPEN_MODE: _open_mode(harvested),
        Element.USE_REQUIREMENTS: use_requirements(harvested),
    }
    return tuple(element for element in Element if not stated.get(element))


def _conditions(harvested: Harvested) -> str:
    """A conditional tier needs its condition (R15): the record's own words, or that one has to ask."""
    rights = harvested.rights
    return rights if rights and rights.casefold() not in _SAYS_NOTHING else _ASK_PROVIDER


def _remarks(harvested: Harvested) -> list[str]:
    part_of = [f"isPartOf: {harvested.part_of}"] if harvested.part_of else []
    return [*harvested.remarks, *part_of]


def _formats(harvested: Harvested) -> tuple[Format, ...]:
    found = {distribution.format for distribution in harvested.distributions} - {Format.OTHER}
    return tuple(item for item in Format if item in found)


def _open_mode(harvested: Harvested) -> tuple[Mode, ...]:
    """开放方式: how the record's own addresses hand the data over."""
    found = {mode for distribution in harvested.distributions for mode in _modes(distribution)}
    return tuple(mode for mode in Mode if mode in found)


def _modes(distribution: DistributionSpec) -> set[Mode]:
    modes = {Mode.FILE} if distribution.download_url else set[Mode]()
    if distribution.access_url:
        kinds = {Format.API: Mode.API, Format.STREAM: Mode.STREAM}
        modes.add(kinds.get(distribution.format, Mode.ONLINE))
    return modes

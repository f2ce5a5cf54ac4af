"""What an entry must satisfy before it is written. Every fault is named, not only the first."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from gateway.catalog.model import Entry
from gateway.catalog.problems import Code, Problem
from gateway.catalog.texts import text_faults
from gateway.classes import ImpossibleTier
from gateway.vocabulary import DataType, Element, Origin, Period, ShareType, Status

_UNFINISHED: Final = frozenset({Status.DRAFT, Status.RETURNED, Status.WITHDRAWN})
"""States in which an entry may still lack what a submission needs."""

_NAMES: Final = {
    Element.CATEGORY: ("category", "分类", "a category"),
    Element.RESPONSIBLE_PARTY: ("agency", "责任方", "a responsible party"),
    Element.FORMAT: ("formats", "格式", "a format"),
    Element.ATTRIBUTES: ("attributes", "属性", "attributes or fields"),
    Element.UPDATE_LIMIT: ("accrualPeriodicity", "更新时限", "an update limit"),
    Element.SHARE_TYPE: ("shareType", "共享类型", "a share type"),
    Element.SHARE_MODE: ("shareMode", "共享方式", "a share mode"),
    Element.OPEN_TYPE: ("openType", "开放类型", "an open type"),
    Element.OPEN_MODE: ("openMode", "开放方式", "an open mode"),
    Element.USE_REQUIREMENTS: ("usagePolicy", "使用要求", "use requirements"),
}


def missing_elements(entry: Entry) -> tuple[Element, ...]:
    """Which of the ten basic elements the entry does not state, in the order of article 8 (R8.1)."""
    stated = {
        Element.CATEGORY: entry.category,
        Element.RESPONSIBLE_PARTY: entry.agency,
        Element.FORMAT: entry.formats,
        Element.ATTRIBUTES: entry.fields or entry.attributes,
        Element.UPDATE_LIMIT: entry.period not in {None, Period.UNKNOWN},
        Element.SHARE_TYPE: entry.share_type,
        Element.SHARE_MODE: entry.share_mode,
        Element.OPEN_TYPE: entry.open_type,
        Element.OPEN_MODE: entry.open_mode,
        Element.USE_REQUIREMENTS: entry.usage_policy,
    }
    return tuple(e for e in Element if e in entry.missing or not stated[e])


def validate(entry: Entry) -> tuple[Problem, ...]:
    """Every reason why this entry cannot be written in the state that it gives itself; empty when it can.

    A draft may be incomplete. From SUBMITTED on, the grounds for its tiers must be there (R15, R16.3a), and an entry
    that an agency compiled here must have the ten elements (R8.1) and a duty basis (R2.2). Imported entries only
    list what they lack.
    """
    found = [*text_faults(entry), *_tiers(entry), *_masks(entry)]
    if entry.status not in _UNFINISHED:
        found += _grounds(entry)
        if entry.origin is Origin.NATIVE:
            found += _submission(entry)
    return tuple(found)


def validate_all(entries: Sequence[Entry]) -> tuple[Problem, ...]:
    """`validate` for a batch, in which no identifier may come twice."""
    return (*(p for e in entries for p in validate(e)), *_twice(entries))


def _submission(entry: Entry) -> Iterator[Problem]:
    for element in missing_elements(entry):
        path, zh, en = _NAMES[element]
        message = f"缺少基本要素“{zh}”. The entry does not state {en}, one of the ten basic elements (R8.1)"
        yield Problem(entry.identifier, Code.ELEMENT_MISSING, path, message, element)
    if not (entry.duty_basis or "").strip():
        message = "state the duty in whose performance the data arise (R2.2)"
        yield Problem(entry.identifier, Code.DUTY_BASIS_MISSING, "dutyBasis", message)


def _grounds(entry: Entry) -> Iterator[Problem]:
    if entry.share_type is ShareType.CONDITIONAL and not (entry.share_conditions or "").strip():
        message = "shareType CONDITIONAL needs its conditions (R15)"
        yield Problem(entry.identifier, Code.CONDITIONS_MISSING, "shareConditions", message)
    if entry.share_type is ShareType.NON_SHARED and not any(b.citation.strip() for b in entry.legal_basis):
        message = "shareType NON_SHARED needs a legal basis with its citation (R16.3a)"
        yield Problem(entry.identifier, Code.CITATION_MISSING, "legalBasis", message)


def _tiers(entry: Entry) -> Iterator[Problem]:
    # A draft without tiers could not be given an access class, so even a draft states both.
    for path, value in (("shareType", entry.share_type), ("openType", entry.open_type)):
        if value is None and (entry.status in _UNFINISHED or entry.origin is Origin.IMPORTED):
            yield Problem(entry.identifier, Code.TIER_MISSING, path, "no entry can be kept without its tiers")
    try:
        if entry.share_type is not None and entry.open_type is not None:
            _ = entry.tier
    except ImpossibleTier as impossible:
        yield Problem(entry.identifier, Code.TIER_IMPOSSIBLE, "openType", str(impossible))


def _masks(entry: Entry) -> Iterator[Problem]:
    for i, field in enumerate(entry.fields):
        for audience, mask in field.masks.items():
            # What states no type is delivered as text.
            for fault in mask.faults(field.data_type or DataType.STRING):
                yield Problem(entry.identifier, Code.MASK_UNFIT, f"fields[{i}].masks.{audience}", f"{fault} (R23.1)")


def _twice(entries: Iterable[Entry]) -> Iterator[Problem]:
    seen: set[str] = set()
    for entry in entries:
        if entry.identifier in seen:
            yield Problem(entry.identifier, Code.DUPLICATE, "identifier", "stands twice in one batch")
        seen.add(entry.identifier)

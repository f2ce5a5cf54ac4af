"""Sentences of catalogue entries: descriptions, conditions, bases. Believable, and never the same for two tiers."""

from typing import Final

from gateway.classes import Tier
from gateway.vocabulary import OpenType, Sensitivity, ShareType

REGULATION: Final = "庆阳市公共数据资源管理办法(试行)(庆政办发〔2021〕34号)"
SEPARATOR: Final = "\x1f"

_SHARE_ARTICLE: Final = {
    ShareType.UNCONDITIONAL: "第十六条第一项",
    ShareType.CONDITIONAL: "第十六条第二项",
    ShareType.NON_SHARED: "第十六条第三项",
}
_GROUND: Final = {
    Sensitivity.PERSONAL: ("中华人民共和国个人信息保护法", "第二十八条"),
    Sensitivity.COMMERCIAL: ("中华人民共和国反不正当竞争法", "第九条"),
    Sensitivity.BY_LAW: ("中华人民共和国数据安全法", "第二十一条"),
}
_USE: Final = {
    ShareType.UNCONDITIONAL: "使用单位应当登记使用范围和用途,不得提供给第三方。",
    ShareType.CONDITIONAL: "仅限经批准的范围和用途使用,不得提供给第三方,使用后按约定销毁。",
    ShareType.NON_SHARED: "原则上不予共享;因履行职责确需使用的,与提供单位协商,单次使用。",
}


def legal_basis(tier: Tier) -> list[str]:
    """The articles that put an entry where it is, as stored: title and citation (R1, R16.3a, R22)."""
    found = [f"{REGULATION}{SEPARATOR}{_SHARE_ARTICLE[tier.share]}"]
    if tier.open is not OpenType.OPEN:
        found.append(f"{REGULATION}{SEPARATOR}第二十二条")
    return found + [f"{title}{SEPARATOR}{article}" for s in sorted(tier.sensitivity) for title, article in [_GROUND[s]]]


def description(title: str, agency: str, attributes: str, period: str) -> str:
    """What an entry is, in one paragraph."""
    return f"{title}由{agency}在履行职责过程中采集和产生,包括{attributes}等信息项,{period}更新。"


def share_conditions(tier: Tier, duty: str) -> str | None:
    """What a consumer has to show, where sharing is conditional (R15)."""
    if tier.share is not ShareType.CONDITIONAL:
        return None
    return f"仅向因履行法定职责需要的行政机关共享,申请时说明依据、用途和所需信息项;提供单位({duty})七个工作日内答复。"


def open_conditions(tier: Tier) -> str | None:
    """What an applicant has to show, where opening is conditional (R24.2)."""
    if tier.open is not OpenType.CONDITIONAL:
        return None
    return "申请人说明用途和安全保障措施,脱敏后提供,十五个工作日内答复。"


def usage_policy(tier: Tier) -> str:
    """What a user has to keep to (R17)."""
    return _USE[tier.share]

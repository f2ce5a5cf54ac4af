"""The closed vocabularies, with the legal Chinese term of each in its description."""

from enum import Enum
from typing import Any

import strawberry

from gateway.audit.event import ActorKind, Outcome, Stage
from gateway.delivery import FileFormat
from gateway.lineage import (
    LineageAct,
    LineageDirection,
    LineageLevel,
    LineageNameState,
    TransformationType,
    Truncation,
)
from gateway.masks import Audience, MaskKind
from gateway.schema import terms
from gateway.sharing.words import Act, CaseState, Party, Procedure, Purpose, RowOperator
from gateway.vocabulary import (
    Action,
    AgencyKind,
    DataType,
    Element,
    Format,
    Mode,
    NextStep,
    OpenType,
    Origin,
    Period,
    Relation,
    Role,
    Sensitivity,
    ShareType,
    SourceFault,
    SourceKind,
    Status,
    Theme,
)


def _enum(cls: type[Enum], description: str, terms: dict[str, str] | None = None) -> None:
    """Declares a vocabulary as a GraphQL enum whose values and names are the same."""
    described: Any = strawberry.enum(cls, name=cls.__name__, description=description)
    if terms:
        for value in described.__strawberry_definition__.values:
            value.description = terms[value.name]


_enum(
    Action,
    "What somebody wants to do with an entry.",
    {
        "DISCOVER": "Know that it exists: identifier, title, provider, theme, tiers and legal basis.",
        "INSPECT": "Read the rest of the description, its fields and its lineage.",
        "FETCH": "Obtain rows.",
    },
)
_enum(
    Relation,
    "How somebody stands to an entry. Several can hold at once.",
    {
        "ANYONE": "Everybody does.",
        "OWNER": "提供单位. They act for the agency that provides it.",
        "JURISDICTION": "They oversee the provider's jurisdiction.",
        "GRANTED": "授权. They hold an active grant on it.",
    },
)
_enum(
    Audience,
    "For whom the values of a field leave changed.",
    {
        "SHARING": "共享. Agencies (article 15).",
        "OPENING": "开放. The public (article 22, article 23).",
    },
)
_enum(
    MaskKind,
    "脱敏. What is left of a value that leaves changed (article 23).",
    {
        "DROP": "Nothing: the column does not leave.",
        "HASH": "HMAC-SHA-256 of its text, with a key of the grant: equal values stay equal within one grant.",
        "GENERALISE": "The lower bound of the interval of a certain width that a number lies in.",
        "TRUNCATE": "Its first characters.",
        "MONTH": "The first day of its month.",
    },
)
_enum(
    FileFormat,
    "Formats of delivered files with rows.",
    {
        "CSV": "RFC 4180 in UTF-8, with a header.",
        "PARQUET": "Apache Parquet.",
    },
)
_enum(
    SourceKind,
    "Where the rows of a dataset are (article 12).",
    {
        "FILES": "Delivered as files.",
        "POSTGRES": "In the agency's own database.",
    },
)
_enum(
    SourceFault,
    "How a delivery differs from the catalogue (article 12).",
    {
        "MISSING": "It has no column of a field's name.",
        "UNKNOWN": "It has a column that the catalogue does not know. That never leaves.",
        "TYPE": "A column is of another type than its field, or holds a value that is not of its type.",
        "UNREADABLE": "Nothing of it can be read.",
    },
)
_enum(
    AgencyKind,
    "The kinds of agency that the regulation binds (article 2, article 36).",
    {
        "ADMINISTRATIVE": "行政机关. An administrative organ.",
        "PUBLIC_SERVICE": "公共服务单位. A public service unit: water, power, gas, heating, transport and the like.",
        "BY_REFERENCE": "参照执行单位. A central or provincial unit that applies the regulation by reference.",
    },
)
_enum(
    ShareType,
    "共享类型. The tier of sharing between agencies (article 16).",
    {
        "UNCONDITIONAL": "无条件共享. For every agency, once it has declared scope and purpose.",
        "CONDITIONAL": "有条件共享. On application, answered within 7 working days.",
        "NON_SHARED": "不予共享. Not shared; what a duty requires is negotiated case by case.",
    },
)
_enum(
    OpenType,
    "开放类型. The tier of opening towards the public (article 22).",
    {
        "OPEN": "无条件开放. For everybody, without application.",
        "CONDITIONAL": "有条件开放. On application, answered within 15 working days.",
        "NOT_OPEN": "不予开放. Not open, on a ground of article 22.",
    },
)
_enum(
    Sensitivity,
    "The grounds of article 22 for not opening.",
    {
        "PERSONAL": "个人隐私. Personal privacy.",
        "COMMERCIAL": "商业秘密. Trade secrets.",
        "BY_LAW": "法律法规. Laws or regulations.",
    },
)
_enum(
    Role,
    "Whom somebody acts as.",
    {
        "PUBLIC": "公民、法人和其他组织. Everybody without an appointment.",
        "STAFF": "工作人员. Staff of an agency.",
        "OFFICER": "数据专员. The officer who answers applications for an agency.",
        "HEAD": "主要负责人. The head, first responsible for the agency's data (article 5).",
        "CENTER": "市大数据中心. The big-data center that runs catalogue and platform (article 4).",
        "SUPERVISOR": "主管部门. The supervising bureau of a jurisdiction (article 4).",
        "AUDITOR": "审计. An auditor of a jurisdiction.",
    },
)
_enum(Status, "The state of a catalogue entry (article 8).", terms.STATUS)
_enum(Origin, "Whether the entry was compiled here or read from another catalogue.", terms.ORIGIN)
_enum(
    Theme,
    "分类. The theme, in the terms of the EU data-theme authority table.",
    {
        "AGRI": "农业、渔业、林业和食品. Agriculture, fisheries, forestry and food.",
        "ECON": "经济和金融. Economy and finance.",
        "EDUC": "教育、文化和体育. Education, culture and sport.",
        "ENER": "能源. Energy.",
        "ENVI": "环境. Environment.",
        "GOVE": "政府和公共部门. Government and public sector.",
        "HEAL": "卫生. Health.",
        "INTR": "国际事务. International issues.",
        "JUST": "司法和公共安全. Justice, legal system and public safety.",
        "REGI": "区域和城市. Regions and cities.",
        "SOCI": "人口和社会. Population and society.",
        "TECH": "科学技术. Science and technology.",
        "TRAN": "交通. Transport.",
        "OP_DATPRO": "待分类. Provisional: not yet classified.",
    },
)
_enum(Format, "格式. A format of delivery; video and streams are public data too (article 2).", terms.FORMAT)
_enum(Period, "更新时限. How often the provider undertakes to update (article 8, article 10).", terms.PERIOD)
_enum(DataType, "The type of a field's values.", terms.DATA_TYPE)
_enum(Element, "The ten basic elements of a catalogue entry (article 8).", terms.ELEMENT)
_enum(Mode, "共享方式, 开放方式. How data is handed over.", terms.MODE)
_enum(
    NextStep,
    "What somebody can do after a decision.",
    {
        "USE": "Go ahead.",
        "APPLY": "Apply, or declare scope and purpose.",
        "NEGOTIATE": "Ask the provider to negotiate (article 16).",
        "SIGN_IN": "Sign in: agencies see more than the public.",
        "NOTHING": "Nothing leads further.",
    },
)

_enum(
    ActorKind,
    "What kind of actor caused an event.",
    {
        "PERSON": "Somebody who signed in.",
        "PUBLIC": "Somebody who did not.",
        "SYSTEM": "A program of an agency, which proved a key of its own.",
        "OPERATOR": "Whoever runs the gateway's commands on its machine.",
        "GATEWAY": "The gateway itself.",
    },
)
_enum(
    Outcome,
    "Whether what was asked for was done.",
    {"DONE": "It was done.", "REFUSED": "It was refused, and nothing was changed."},
)
_enum(
    Stage,
    "The part of the regulation's scope that an event belongs to (article 3).",
    {
        "COLLECTION": "采集. Collecting data and keeping it up to date.",
        "AGGREGATION": "归集. Bringing it into the catalogue and onto the platform.",
        "SHARING": "共享. Sharing between agencies.",
        "OPENING": "开放. Opening to the public.",
        "BUILDING": "建设. Building and running the platform.",
        "SECURITY": "安全. Security and supervision.",
    },
)

_enum(
    LineageDirection,
    "Which way a walk along lineage goes.",
    {
        "UPSTREAM": "上游. To what something was made from.",
        "DOWNSTREAM": "下游. To what was made from it.",
        "BOTH": "Both ways, each by itself.",
    },
)
_enum(
    LineageLevel,
    "Between what derivations are followed.",
    {"DATASET": "Between datasets.", "FIELD": "Between fields."},
)
_enum(
    Truncation,
    "Why an answer is not all that there is for the caller to know.",
    {
        "DEPTH": "There is more beyond the depth that was asked for.",
        "NODES": "There is more than may be in one walk (GATEWAY_LINEAGE_NODES).",
        "EDGES": "There are more derivations between the nodes of this page than may be in one.",
        "GRANTS": "There are more grants than may be in one answer.",
        "PATHS": "There are more paths than were asked for, or than could be looked for.",
        "TIME": "A shallower walk was answered: the one that was asked for took too long.",
        "UNMATCHED": "Something is known by a name only, which no entry of the catalogue has.",
        "HIDDEN": "Something takes part of which the caller may know that it exists, and not more.",
    },
)
_enum(LineageAct, "What an agency does to lineage by a signed document.", terms.LINEAGE_ACT)
_enum(
    TransformationType,
    "How values come into others, as OpenLineage names it.",
    {"DIRECT": "Values come from values.", "INDIRECT": "They decide on some, as by a filter."},
)
_enum(Procedure, "The ways in which data is asked for, and what becomes of a grant.", terms.PROCEDURE)
_enum(CaseState, "Where a case or a grant stands.", terms.CASE_STATE)
_enum(Act, "What somebody does in a procedure.", terms.ACT)
_enum(Party, "The sides of a case.", terms.PARTY)
_enum(Purpose, "使用用途. What data is wanted for (article 17).", terms.PURPOSE)
_enum(RowOperator, "How a row condition compares a field with its values.", terms.ROW_OPERATOR)
_enum(
    LineageNameState,
    "Whether a name stands for an entry.",
    {
        "MAPPED": "The agency has said which entry of its own it is.",
        "UNMATCHED": "Its systems have reported it, and it stands for no entry.",
    },
)


@strawberry.enum(description="The direction of an order.")
class OrderDirection(Enum):
    """Ascending or descending."""

    ASC = strawberry.enum_value("ASC", description=terms.DIRECTION["ASC"])
    DESC = strawberry.enum_value("DESC", description=terms.DIRECTION["DESC"])


__all__ = [
    "Act",
    "Action",
    "ActorKind",
    "AgencyKind",
    "Audience",
    "CaseState",
    "DataType",
    "Element",
    "FileFormat",
    "Format",
    "LineageAct",
    "LineageDirection",
    "LineageLevel",
    "LineageNameState",
    "MaskKind",
    "Mode",
    "NextStep",
    "OpenType",
    "OrderDirection",
    "Origin",
    "Outcome",
    "Party",
    "Period",
    "Procedure",
    "Purpose",
    "Relation",
    "Role",
    "RowOperator",
    "Sensitivity",
    "ShareType",
    "SourceFault",
    "SourceKind",
    "Stage",
    "Status",
    "Theme",
    "TransformationType",
    "Truncation",
]

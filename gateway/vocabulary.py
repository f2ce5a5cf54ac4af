"""The closed vocabularies of the regulation, as the graph stores them and as clients see them.

Every room may import this module; it imports nothing of ours. A value is its own name, so that the graph,
GraphQL and the policy file all spell it the same way. Chinese terms are given because they are the legal ones.
"""

from enum import StrEnum
from typing import Final

FOREVER: Final = "9999-12-31T23:59:59.999Z"
"""The open end of an interval. A real value keeps `from <= t < to` one index-friendly comparison, with no null case."""


class Action(StrEnum):
    """What a caller wants to do with an entry (design section 4)."""

    DISCOVER = "DISCOVER"
    """Know that it exists: identifier, title, provider, theme, tiers, legal basis."""
    INSPECT = "INSPECT"
    """Read the rest of the description, the fields and the lineage."""
    FETCH = "FETCH"
    """Obtain rows."""


class Relation(StrEnum):
    """How a caller stands to one row. Several can hold at once; `ANYONE` always does."""

    ANYONE = "ANYONE"
    OWNER = "OWNER"
    JURISDICTION = "JURISDICTION"
    GRANTED = "GRANTED"


class Role(StrEnum):
    """Roles of an appointment; `PUBLIC` is everybody without one (R2.1, R4, R5.2)."""

    PUBLIC = "PUBLIC"
    STAFF = "STAFF"
    OFFICER = "OFFICER"
    HEAD = "HEAD"
    CENTER = "CENTER"
    SUPERVISOR = "SUPERVISOR"
    AUDITOR = "AUDITOR"


OVERSEERS: Final = frozenset({Role.SUPERVISOR, Role.AUDITOR})
"""Roles whose rights reach over the subtree of their agency's jurisdiction (design section 4)."""


class AgencyKind(StrEnum):
    """行政机关, 公共服务单位, 参照执行单位 (R2.1, R36)."""

    ADMINISTRATIVE = "ADMINISTRATIVE"
    PUBLIC_SERVICE = "PUBLIC_SERVICE"
    BY_REFERENCE = "BY_REFERENCE"


class ShareType(StrEnum):
    """共享类型: the tier between agencies, from the widest to the strictest (R15, R16)."""

    UNCONDITIONAL = "UNCONDITIONAL"
    CONDITIONAL = "CONDITIONAL"
    NON_SHARED = "NON_SHARED"


class OpenType(StrEnum):
    """开放类型: the tier towards the public, from the widest to the strictest (R22)."""

    OPEN = "OPEN"
    CONDITIONAL = "CONDITIONAL"
    NOT_OPEN = "NOT_OPEN"


class Sensitivity(StrEnum):
    """Grounds of article 22 for not opening. State secrets never enter the catalogue (R14.2)."""

    PERSONAL = "PERSONAL"
    COMMERCIAL = "COMMERCIAL"
    BY_LAW = "BY_LAW"


class Status(StrEnum):
    """States of a catalogue entry (state machine 1)."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    RETURNED = "RETURNED"
    APPROVED = "APPROVED"
    PUBLISHED = "PUBLISHED"
    UPDATE_DUE = "UPDATE_DUE"
    WITHDRAWN = "WITHDRAWN"


PUBLISHED_STATES: Final = frozenset({Status.PUBLISHED, Status.UPDATE_DUE})
"""States in which an entry stands in the published catalogue; an overdue update does not take it out."""


class Origin(StrEnum):
    """Whether an agency compiled the entry here or it was read from another catalogue."""

    NATIVE = "NATIVE"
    IMPORTED = "IMPORTED"


class Theme(StrEnum):
    """The EU data-theme authority table, which DCAT-AP prescribes for `dcat:theme`."""

    AGRI = "AGRI"
    ECON = "ECON"
    EDUC = "EDUC"
    ENER = "ENER"
    ENVI = "ENVI"
    GOVE = "GOVE"
    HEAL = "HEAL"
    INTR = "INTR"
    JUST = "JUST"
    REGI = "REGI"
    SOCI = "SOCI"
    TECH = "TECH"
    TRAN = "TRAN"
    OP_DATPRO = "OP_DATPRO"
    """Provisional: not yet classified."""


class Format(StrEnum):
    """Formats of delivery; video and streams are public data too (R2.1)."""

    CSV = "CSV"
    JSON = "JSON"
    NDJSON = "NDJSON"
    XML = "XML"
    XLSX = "XLSX"
    PARQUET = "PARQUET"
    GEOJSON = "GEOJSON"
    SHAPEFILE = "SHAPEFILE"
    DATABASE = "DATABASE"
    API = "API"
    PDF = "PDF"
    DOCX = "DOCX"
    HTML = "HTML"
    TEXT = "TEXT"
    IMAGE = "IMAGE"
    VIDEO = "VIDEO"
    STREAM = "STREAM"
    ARCHIVE = "ARCHIVE"
    OTHER = "OTHER"


class Period(StrEnum):
    """更新时限: how often the provider undertakes to update (`dct:accrualPeriodicity`, R8.1, R10)."""

    REALTIME = "REALTIME"
    HOURLY = "HOURLY"
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    QUARTERLY = "QUARTERLY"
    SEMIANNUAL = "SEMIANNUAL"
    ANNUAL = "ANNUAL"
    IRREGULAR = "IRREGULAR"
    NEVER = "NEVER"
    UNKNOWN = "UNKNOWN"


class DataType(StrEnum):
    """Type of a field's values."""

    STRING = "STRING"
    INTEGER = "INTEGER"
    DECIMAL = "DECIMAL"
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    DATETIME = "DATETIME"
    GEOMETRY = "GEOMETRY"
    BINARY = "BINARY"
    OTHER = "OTHER"


class Element(StrEnum):
    """The ten basic elements of a catalogue entry (article 8, R8.1)."""

    CATEGORY = "CATEGORY"
    RESPONSIBLE_PARTY = "RESPONSIBLE_PARTY"
    FORMAT = "FORMAT"
    ATTRIBUTES = "ATTRIBUTES"
    UPDATE_LIMIT = "UPDATE_LIMIT"
    SHARE_TYPE = "SHARE_TYPE"
    SHARE_MODE = "SHARE_MODE"
    OPEN_TYPE = "OPEN_TYPE"
    OPEN_MODE = "OPEN_MODE"
    USE_REQUIREMENTS = "USE_REQUIREMENTS"


class Mode(StrEnum):
    """共享方式 and 开放方式: how the data is handed over."""

    API = "API"
    FILE = "FILE"
    DATABASE = "DATABASE"
    STREAM = "STREAM"
    ONLINE = "ONLINE"
    OFFLINE = "OFFLINE"


class SourceKind(StrEnum):
    """Where the rows of a dataset are."""

    FILES = "FILES"
    """Delivered to the gateway as files."""
    POSTGRES = "POSTGRES"
    """In its agency's own database."""


class SourceFault(StrEnum):
    """How what is delivered differs from what the catalogue says (R12)."""

    MISSING = "MISSING"
    """The delivery has no column of a field's name."""
    UNKNOWN = "UNKNOWN"
    """The delivery has a column that the catalogue does not know: it never leaves."""
    TYPE = "TYPE"
    """A column is of another type than its field, or holds a value that is not of its type."""
    UNREADABLE = "UNREADABLE"
    """Nothing of it can be read."""


class NextStep(StrEnum):
    """What a caller can do after a decision."""

    USE = "USE"
    APPLY = "APPLY"
    NEGOTIATE = "NEGOTIATE"
    SIGN_IN = "SIGN_IN"
    NOTHING = "NOTHING"


class TallyPer(StrEnum):
    """What a Tally counts the Datasets of; each also distinguishes class and tiers."""

    AGENCY_THEME = "AGENCY_THEME"
    AGENCY = "AGENCY"
    THEME = "THEME"

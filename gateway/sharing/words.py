"""The closed vocabularies of the procedures, as the graph stores them and clients see them."""

from enum import StrEnum


class Procedure(StrEnum):
    """How data is asked for, one for each way of the regulation; and what becomes of a grant."""

    DECLARATION = "DECLARATION"
    """无条件共享: a declaration of scope and purpose, and the grant at once (16.1, 17)."""
    APPLICATION = "APPLICATION"
    """有条件共享: an application that the provider answers (16.2)."""
    NEGOTIATION = "NEGOTIATION"
    """不予共享: both parties negotiate, and when that fails the center coordinates with the provider (16.3)."""
    OPENING = "OPENING"
    """有条件开放: anybody applies, the provider authorises the center, and the center opens (24.2)."""
    GRANT = "GRANT"
    """What becomes of a grant after it was given."""


class CaseState(StrEnum):
    """Where a case or a grant stands. That an answer is overdue follows from the clock and is no state."""

    DECLARED = "DECLARED"
    SUBMITTED = "SUBMITTED"
    APPROVED = "APPROVED"
    PARTIALLY_APPROVED = "PARTIALLY_APPROVED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"
    REQUESTED = "REQUESTED"
    NEGOTIATING = "NEGOTIATING"
    AGREEMENT_PROPOSED = "AGREEMENT_PROPOSED"
    FAILURE_PROPOSED = "FAILURE_PROPOSED"
    AGREED = "AGREED"
    FAILED = "FAILED"
    COORDINATING = "COORDINATING"
    SHARE_PROPOSED = "SHARE_PROPOSED"
    RESOLVED_SHARE = "RESOLVED_SHARE"
    RESOLVED_NO_SHARE = "RESOLVED_NO_SHARE"
    ACCEPTED = "ACCEPTED"
    AUTHORISED = "AUTHORISED"
    OPENED = "OPENED"
    PENDING_SIGNATURE = "PENDING_SIGNATURE"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"


class Act(StrEnum):
    """What somebody does in a procedure."""

    DECLARE = "DECLARE"
    APPLY = "APPLY"
    APPROVE = "APPROVE"
    APPROVE_PARTLY = "APPROVE_PARTLY"
    REFUSE = "REFUSE"
    WITHDRAW = "WITHDRAW"
    REQUEST = "REQUEST"
    NEGOTIATE = "NEGOTIATE"
    STATE_POSITION = "STATE_POSITION"
    PROPOSE_AGREEMENT = "PROPOSE_AGREEMENT"
    PROPOSE_FAILURE = "PROPOSE_FAILURE"
    COUNTERSIGN = "COUNTERSIGN"
    COORDINATE = "COORDINATE"
    PROPOSE_SHARE = "PROPOSE_SHARE"
    RESOLVE_NO_SHARE = "RESOLVE_NO_SHARE"
    ACCEPT = "ACCEPT"
    AUTHORISE = "AUTHORISE"
    OPEN = "OPEN"
    SUSPEND = "SUSPEND"
    SUSPEND_ON_CHANGE = "SUSPEND_ON_CHANGE"
    RESUME = "RESUME"
    REVOKE = "REVOKE"


class Party(StrEnum):
    """On which side somebody stands."""

    CONSUMER = "CONSUMER"
    """使用单位."""
    PROVIDER = "PROVIDER"
    """提供单位."""
    CENTER = "CENTER"
    """市大数据中心."""
    GATEWAY = "GATEWAY"
    """The gateway itself, where something follows without anybody's doing."""


class Purpose(StrEnum):
    """使用用途: what data is wanted for, as the regulation's duties name it (R17.1)."""

    SERVICE = "SERVICE"
    """政务服务: a service for citizens or companies."""
    SUPERVISION = "SUPERVISION"
    """监督管理."""
    STATISTICS = "STATISTICS"
    """统计分析."""
    DECISION = "DECISION"
    """决策支持."""
    EMERGENCY = "EMERGENCY"
    """应急处置."""
    RESEARCH = "RESEARCH"
    """科学研究."""


class RowOperator(StrEnum):
    """How a row condition compares a field with its values."""

    IN = "IN"
    """The value is one of these."""
    FROM = "FROM"
    """The value is this or greater."""
    BEFORE = "BEFORE"
    """The value is less than this."""

"""Every kind of event there is, in one place. Their documentation is generated from here, and tests pin their bytes.

A kind's fields are part of what was signed for: to change one, raise its `version` and keep reading the old one.
"""

from enum import EnumType
from types import NoneType, UnionType
from typing import Any, Final, get_args, get_origin, get_type_hints

from gateway.audit.event import Event, camel, data_fields
from gateway.audit.kinds.catalogue import (
    Change,
    CitySeeded,
    DataRefreshed,
    EntryChanged,
    InventoryImported,
    SourceChecked,
    SourceRegistered,
    SourceRemoved,
)
from gateway.audit.kinds.lineage import (
    DerivationsDeclared,
    DerivationsEnded,
    LineageNameMapped,
    LineageNameUnmapped,
    LineageRecorded,
    MaskApproved,
    MaskWithdrawn,
    Redistribution,
    RedistributionChanged,
    ReportingTokenIssued,
    TiersLoosened,
    TiersTightened,
)
from gateway.audit.kinds.procedures import (
    CaseMoved,
    CertificateRegistered,
    CertificateRevoked,
    ChangeRefused,
    DeadlineEscalated,
    DeadlineRecounted,
    EvidenceExported,
    GrantMoved,
    GrantSuspended,
    HeadAppointed,
    TreatmentDiffered,
)
from gateway.audit.kinds.running import (
    BackupMade,
    BackupRestored,
    BodyErased,
    GatewayStarted,
    GatewayStopped,
    LogKeyMade,
    LogKeyRetired,
    NoticeAbandoned,
    PolicyLoaded,
    PolicyRefused,
    TokensRefused,
    WebhookRegistered,
    WebhookRemoved,
)
from gateway.audit.kinds.use import (
    ClientRegistered,
    ClientRemoved,
    DataFetched,
    FetchEnded,
    FetchRefused,
    LineageExported,
    TokenIssued,
    TokenKeyMade,
    TokenRefused,
    TokenRevoked,
)

__all__ = [
    "KINDS",
    "BackupMade",
    "BackupRestored",
    "BodyErased",
    "CaseMoved",
    "CertificateRegistered",
    "CertificateRevoked",
    "Change",
    "ChangeRefused",
    "CitySeeded",
    "ClientRegistered",
    "ClientRemoved",
    "DataFetched",
    "DataRefreshed",
    "DeadlineEscalated",
    "DeadlineRecounted",
    "DerivationsDeclared",
    "DerivationsEnded",
    "EntryChanged",
    "EvidenceExported",
    "FetchEnded",
    "FetchRefused",
    "GatewayStarted",
    "GatewayStopped",
    "GrantMoved",
    "GrantSuspended",
    "HeadAppointed",
    "InventoryImported",
    "LineageExported",
    "LineageNameMapped",
    "LineageNameUnmapped",
    "LineageRecorded",
    "LogKeyMade",
    "LogKeyRetired",
    "MaskApproved",
    "MaskWithdrawn",
    "NoticeAbandoned",
    "PolicyLoaded",
    "PolicyRefused",
    "Redistribution",
    "RedistributionChanged",
    "ReportingTokenIssued",
    "SourceChecked",
    "SourceRegistered",
    "SourceRemoved",
    "TiersLoosened",
    "TiersTightened",
    "TokenIssued",
    "TokenKeyMade",
    "TokenRefused",
    "TokenRevoked",
    "TokensRefused",
    "TreatmentDiffered",
    "WebhookRegistered",
    "WebhookRemoved",
    "kinds_table",
]

KINDS: Final[dict[str, type[Event]]] = {
    one.kind: one
    for one in (
        GatewayStarted,
        GatewayStopped,
        LogKeyMade,
        LogKeyRetired,
        BodyErased,
        BackupMade,
        BackupRestored,
        PolicyLoaded,
        PolicyRefused,
        TokensRefused,
        CitySeeded,
        EntryChanged,
        InventoryImported,
        DataRefreshed,
        SourceRegistered,
        SourceChecked,
        SourceRemoved,
        LineageRecorded,
        LineageNameMapped,
        LineageNameUnmapped,
        TiersTightened,
        TiersLoosened,
        RedistributionChanged,
        DerivationsDeclared,
        DerivationsEnded,
        MaskApproved,
        MaskWithdrawn,
        ClientRegistered,
        ClientRemoved,
        TokenKeyMade,
        TokenIssued,
        TokenRefused,
        TokenRevoked,
        ReportingTokenIssued,
        DataFetched,
        FetchEnded,
        FetchRefused,
        LineageExported,
        CertificateRegistered,
        CertificateRevoked,
        HeadAppointed,
        CaseMoved,
        DeadlineEscalated,
        DeadlineRecounted,
        GrantMoved,
        GrantSuspended,
        TreatmentDiffered,
        EvidenceExported,
        WebhookRegistered,
        WebhookRemoved,
        NoticeAbandoned,
        ChangeRefused,
    )
}
"""Every kind, by its name."""


_WORDS: Final[dict[Any, str]] = {str: "text", int: "number", NoneType: "null"}


def kinds_table() -> str:
    """The kinds as a Markdown table, for the documentation."""
    rows = ["| kind | version | stage | when | data |", "|---|---|---|---|---|"]
    for kind in KINDS.values():
        when = (kind.__doc__ or "").split("\n")[0]
        hints = get_type_hints(kind)
        data = ", ".join(f"`{camel(name)}`: {_said(hints[name])}" for name in data_fields(kind)) or "–"
        rows.append(f"| `{kind.kind}` | {kind.version} | {kind.stage} | {when} | {data} |")
    return "\n".join(rows) + "\n"


def _said(hint: Any) -> str:
    """A type in a reader's words."""
    if isinstance(hint, UnionType):
        return " or ".join(_said(one) for one in get_args(hint))
    if get_origin(hint) is dict:
        return f"{_WORDS[get_args(hint)[1]]}s by text"
    if get_origin(hint) is tuple:
        return f"a list of {_WORDS[get_args(hint)[0]]}s"
    if isinstance(hint, EnumType):
        return " or ".join(hint.__members__)
    return _WORDS[hint]

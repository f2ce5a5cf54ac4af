"""One event of every kind, with nothing left to chance, and simple ones in any number."""

from datetime import UTC, datetime, timedelta

from gateway.audit.event import About, Actor, ActorKind, Cause, Event, Outcome
from gateway.audit.kinds import (
    BackupMade,
    BackupRestored,
    BodyErased,
    CaseMoved,
    CertificateRegistered,
    CertificateRevoked,
    Change,
    ChangeRefused,
    CitySeeded,
    ClientRegistered,
    ClientRemoved,
    DataFetched,
    DataRefreshed,
    DeadlineEscalated,
    DeadlineRecounted,
    EntryChanged,
    EvidenceExported,
    FetchEnded,
    FetchRefused,
    GatewayStarted,
    GatewayStopped,
    GrantMoved,
    GrantSuspended,
    HeadAppointed,
    InventoryImported,
    LogKeyMade,
    LogKeyRetired,
    NoticeAbandoned,
    PolicyLoaded,
    PolicyRefused,
    TokenIssued,
    TokenKeyMade,
    TokenRefused,
    TokenRevoked,
    TokensRefused,
    TreatmentDiffered,
    WebhookRegistered,
    WebhookRemoved,
)
from gateway.audit.log import Sealed
from gateway.vocabulary import Role

MOMENT = datetime(2026, 11, 25, 1, 2, 3, 456_000, UTC)
PERSON = Actor(ActorKind.PERSON, "pe_a", "ag_a", Role.OFFICER, "ap_a", ("ju_a", "ju_root"))
CAUSE = Cause(PERSON, "0" * 64, "request-1")
SYSTEM = Cause(Actor(ActorKind.SYSTEM, agency="ag_a", jurisdictions=("ju_a", "ju_root")), "0" * 64, "request-1")
GATEWAY = Cause(Actor(ActorKind.GATEWAY), "0" * 64)
ABOUT = About(("ag_b",), ("ju_b", "ju_root"), ("ds_b",), ("fd_b",))


def of_every_kind() -> list[Event]:
    return [
        GatewayStarted(cause=GATEWAY, moment=MOMENT, id="ev_1", release="0.1.0", repaired=17),
        GatewayStopped(cause=GATEWAY, moment=MOMENT, id="ev_2"),
        LogKeyMade(cause=GATEWAY, moment=MOMENT, id="ev_3", vkey="localhost/log+00000000+AA=="),
        LogKeyRetired(cause=GATEWAY, moment=MOMENT, id="ev_15", vkey="localhost/log+00000000+AA=="),
        BodyErased(cause=GATEWAY, moment=MOMENT, id="ev_16", event="ev_8", index=7, reason="个人信息"),
        BackupMade(
            cause=GATEWAY,
            moment=MOMENT,
            id="ev_12",
            nodes=3,
            relationships=2,
            digests={"graph/nodes.jsonl.gz": "0" * 64, "graph/relationships.jsonl.gz": "1" * 64},
        ),
        BackupRestored(
            cause=GATEWAY, moment=MOMENT, id="ev_13", made="2026-01-02T03:04:05.678Z", entries=7, root="2" * 64
        ),
        PolicyLoaded(cause=GATEWAY, moment=MOMENT, id="ev_4", before=None),
        PolicyRefused(cause=GATEWAY, moment=MOMENT, id="ev_5", faults=2),
        TokensRefused(
            cause=GATEWAY,
            moment=MOMENT,
            id="ev_6",
            count=3,
            since="2026-11-25T01:02:00.000Z",
            reasons={"b": 1, "a": 2},
        ),
        CitySeeded(cause=GATEWAY, moment=MOMENT, id="ev_7", datasets=440),
        EntryChanged(
            cause=CAUSE,
            about=ABOUT,
            moment=MOMENT,
            id="ev_8",
            identifier="供水/1",
            change=Change.CREATED,
            n=1,
            digest="d",
        ),
        InventoryImported(
            cause=GATEWAY,
            moment=MOMENT,
            id="ev_9",
            source="philadelphia",
            digest="d",
            total=402,
            loaded=400,
            updated=0,
            withdrawn=0,
            rejected=2,
        ),
        DataRefreshed(cause=CAUSE, about=ABOUT, moment=MOMENT, id="ev_10", refreshed_at="2026-11-24T00:00:00.000Z"),
        DataFetched(
            cause=CAUSE,
            about=ABOUT,
            moment=MOMENT,
            id="ev_14",
            purpose="事项办理",
            grant="gr_x",
            client="sy_a",
            n=3,
            source="s1",
            query="q",
        ),
        CertificateRegistered(
            cause=GATEWAY,
            moment=MOMENT,
            id="ev_17",
            person="pe_a",
            fingerprint="0" * 64,
            until="2027-11-25T00:00:00.000Z",
        ),
        CertificateRevoked(
            cause=GATEWAY,
            moment=MOMENT,
            id="ev_18",
            person="pe_a",
            fingerprint="0" * 64,
            since="2026-11-26T00:00:00.000Z",
        ),
        CaseMoved(
            cause=CAUSE,
            about=ABOUT,
            moment=MOMENT,
            id="ev_19",
            procedure="APPLICATION",
            act="APPLY",
            before=None,
            after="SUBMITTED",
            n=1,
            document="3" * 64,
            signature="4" * 64,
            due="2026-12-04T15:59:59.999Z",
        ),
        DeadlineEscalated(
            cause=GATEWAY, about=ABOUT, moment=MOMENT, id="ev_21", escalation="SOON", due="2026-12-04T15:59:59.999Z"
        ),
        DeadlineRecounted(
            cause=GATEWAY,
            about=ABOUT,
            moment=MOMENT,
            id="ev_22",
            before="2026-12-04T15:59:59.999Z",
            due="2026-12-07T15:59:59.999Z",
        ),
        GrantMoved(
            cause=CAUSE,
            about=ABOUT,
            moment=MOMENT,
            id="ev_20",
            grant="gr_x",
            act="SUSPEND",
            before="ACTIVE",
            after="SUSPENDED",
            document="3" * 64,
            signature="4" * 64,
        ),
        GrantSuspended(
            cause=GATEWAY, about=ABOUT, moment=MOMENT, id="ev_23", grant="gr_x", changes={"fd_b": "NON_SHARED"}
        ),
        HeadAppointed(
            cause=GATEWAY,
            about=ABOUT,
            moment=MOMENT,
            id="ev_25",
            person="pe_b",
            former=None,
            since="2026-12-01T00:00:00.000Z",
        ),
        TreatmentDiffered(cause=CAUSE, about=ABOUT, moment=MOMENT, id="ev_24", other="cs_y", count=2),
        EvidenceExported(cause=CAUSE, about=ABOUT, moment=MOMENT, id="ev_26", digest="5" * 64),
        WebhookRegistered(cause=CAUSE, about=ABOUT, moment=MOMENT, id="ev_27", webhook="wh_a", host="agency.example"),
        WebhookRemoved(cause=CAUSE, about=ABOUT, moment=MOMENT, id="ev_28", webhook="wh_a", waiting=2),
        NoticeAbandoned(
            cause=GATEWAY,
            about=ABOUT,
            moment=MOMENT,
            id="ev_29",
            webhook="wh_a",
            event="ev_20",
            case="cs_a",
            attempts=21,
            reason="TIMEOUT",
        ),
        ChangeRefused(
            cause=CAUSE,
            about=ABOUT,
            moment=MOMENT,
            id="ev_11",
            outcome=Outcome.REFUSED,
            change="recordRefresh",
            code="NOT_ALLOWED",
            target="ds_b",
        ),
        ClientRegistered(
            cause=CAUSE, about=ABOUT, moment=MOMENT, id="ev_30", client="sy_a", name="前置机", keys=("k1", "k2")
        ),
        ClientRemoved(cause=CAUSE, about=ABOUT, moment=MOMENT, id="ev_31", client="sy_a"),
        TokenKeyMade(cause=GATEWAY, moment=MOMENT, id="ev_32", key="k2", before="k1"),
        TokenIssued(
            cause=SYSTEM,
            about=ABOUT,
            moment=MOMENT,
            id="ev_33",
            token="t1",
            client="sy_a",
            grant="gr_x",
            purpose="SERVICE",
            until="2026-11-25T01:17:03.456Z",
            bound=None,
        ),
        TokenRefused(
            cause=SYSTEM,
            about=ABOUT,
            moment=MOMENT,
            id="ev_34",
            outcome=Outcome.REFUSED,
            client="sy_a",
            grant="gr_x",
            code="SUSPENDED",
        ),
        TokenRevoked(cause=SYSTEM, about=ABOUT, moment=MOMENT, id="ev_35", token="t1", client="sy_a", grant="gr_x"),
        FetchEnded(
            cause=SYSTEM,
            about=ABOUT,
            moment=MOMENT,
            id="ev_36",
            fetch="ev_14",
            grant="gr_x",
            rows=7,
            size=70,
            reason=None,
        ),
        FetchRefused(
            cause=SYSTEM,
            about=ABOUT,
            moment=MOMENT,
            id="ev_37",
            outcome=Outcome.REFUSED,
            identifier="621000/gaj/jdc",
            grant="gr_x",
            client="sy_a",
            purpose="RESEARCH",
            code="WRONG_PURPOSE",
        ),
    ]


def event(i: int = 0) -> Event:
    """A small event, `i` seconds after the others began."""
    return DataRefreshed(cause=CAUSE, about=ABOUT, moment=MOMENT + timedelta(seconds=i), refreshed_at=f"{i}")


def sealed(i: int = 0) -> Sealed:
    one = event(i)
    return Sealed(one.id, one.body)

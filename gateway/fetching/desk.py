"""One fetch, from what is asked to the last row: admitted, opened, logged, handed out, counted, and logged again."""

import hashlib
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field, replace
from typing import Final

from gateway.audit.event import Cause, Outcome
from gateway.audit.kinds import DataFetched, FetchEnded, FetchRefused
from gateway.audit.recorder import Recorder
from gateway.delivery import (
    Column,
    DeliveryError,
    Engine,
    Fetch,
    Form,
    OpenFile,
    Rows,
    SourceGone,
    open_file,
)
from gateway.fetching.admission import Admission, Admitted, Caller, NotAdmitted, actor_of, mask_of
from gateway.fetching.hashing import hash_key
from gateway.fetching.quotas import Quotas
from gateway.fetching.wanted import Place, Wanted
from gateway.masks import BadMask
from gateway.sources import Sources
from gateway.vocabulary import DataType

_LONGEST: Final = 100
_ASKED_AGAIN: Final = 1.0
"""Seconds after which it is asked again, in the middle of a stream, whether its caller may have it."""


@dataclass
class Handout:
    """Rows, or a file, that leave. Whoever has it ends it."""

    event: DataFetched
    caller: Caller
    wanted: Wanted
    admitted: Admitted
    source: str | None
    """The version of the source."""
    etag: str
    """Names what leaves; empty where nobody can say that it is the same."""
    content_type: str
    order: str = ""
    """In which order rows leave, in words of the request."""
    rows: Rows | None = None
    file: OpenFile | None = None
    sent: int = 0
    """Rows that have left."""
    size: int = 0
    """Bytes that have left."""
    asked: float = 0.0
    """When it was last asked whether its caller may have it, in seconds since the epoch."""
    following: Callable[[int], str] = field(default=lambda _: "")
    """The cursor of the page behind so many rows more."""


class Stopped(DeliveryError):
    """In the middle of a stream its caller may have no more of it. `code` says why, as at its beginning."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code  # type: ignore[misc]  # of other problems it is the kind's


class Desk:
    """Hands out rows. One per process."""

    def __init__(
        self,
        admission: Admission,
        engine: Engine,
        recorder: Recorder,
        quotas: Quotas,
        sources: Sources,
        *,
        secret: bytes,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take what it needs.

        Args:
            admission: who may have what.
            engine: reads rows.
            recorder: the log.
            quotas: how much a grant allows a day.
            sources: where sources are.
            secret: what the keys of hashing masks are made of.
            clock: the time, in seconds since the epoch.
        """
        self._admission = admission
        self._engine = engine
        self._recorder = recorder
        self._quotas = quotas
        self._sources = sources
        self._secret = secret
        self._clock = clock

    async def begin(self, caller: Caller, identifier: str, wanted: Wanted, request: str) -> Handout:
        """Let rows leave, which are in the log before the first of them.

        Args:
            caller: who asks.
            identifier: the code of the dataset.
            wanted: what they ask for.
            request: the id of the request.

        Raises:
            NotAdmitted: they may not have it; that is in the log.
            DeliveryError: it cannot be read, or not like this; that is in the log.
            BadWish: the cursor is no good.
            LogUnavailable: the log cannot be written, so nothing leaves.
            GraphUnavailable: Neo4j is away.
        """
        self._recorder.check()
        place, now = wanted.place(), self._clock()
        try:
            admitted = await self._admission.admit(caller, identifier, wanted, now)
            await self._check_quota(admitted, now)
        except NotAdmitted as refused:
            await self._refuse(caller, identifier, wanted, request, refused)
            raise
        event = DataFetched(
            cause=Cause(admitted.actor, self._admission.policy.current.digest, request),
            about=admitted.about,
            purpose=admitted.purpose,
            grant=admitted.grant,
            client=admitted.client,
            n=admitted.version,
            query=wanted.asked,
        )
        try:
            handout = await self._opened(caller, admitted, wanted, place, event)
        except NotAdmitted as refused:
            await self._refuse(caller, identifier, wanted, request, refused)
            raise
        except DeliveryError as problem:
            unread = NotAdmitted(problem.code, str(problem), admitted.about)
            await self._refuse(caller, identifier, wanted, request, unread)
            raise
        handout.asked = now
        try:
            await self._recorder.record(handout.event)
        except BaseException:
            await self._let_go(handout)
            raise
        return handout

    async def pieces(self, handout: Handout) -> AsyncGenerator[bytes]:
        """What leaves, in order. Each is counted before it leaves, and said to have left when the next is asked for.

        Raises:
            DeliveryError: there are no more, although this is not the end.
        """
        assert handout.rows is not None
        grant = handout.admitted.grant
        async for piece in handout.rows:
            await self.check(handout)
            if grant is not None and not self._quotas.take(grant, self._clock(), rows=piece.rows):
                raise Stopped("QUOTA", f"all {self._quotas.rows} rows of this grant that leave in a day have left")
            yield piece.data
            handout.sent += piece.rows
            handout.size += len(piece.data)

    async def end(self, handout: Handout, reason: str | None) -> None:
        """Say what has left. `reason` is null where all of it has.

        Raises:
            LogUnavailable: the log cannot be written now; what has left stays counted.
        """
        await self._let_go(handout)
        await self._recorder.record(
            FetchEnded(
                cause=handout.event.cause,
                about=handout.event.about,
                fetch=handout.event.id,
                grant=handout.admitted.grant,
                rows=handout.sent,
                size=handout.size,
                reason=reason,
            )
        )

    async def check(self, handout: Handout) -> None:
        """Stop what leaves, where its grant or tier is another by now. That is asked once a second.

        Raises:
            Stopped: its caller may have no more of it.
            GraphUnavailable: Neo4j is away.
        """
        now = self._clock()
        if now - handout.asked < _ASKED_AGAIN:
            return
        handout.asked = now
        try:
            await self._admission.admit(handout.caller, handout.admitted.identifier, handout.wanted, now)
        except NotAdmitted as refused:
            raise Stopped(refused.code, str(refused)) from None

    async def _let_go(self, handout: Handout) -> None:
        if handout.rows is not None:
            await handout.rows.aclose()
        if handout.file is not None:
            handout.file.close()

    async def _check_quota(self, admitted: Admitted, now: float) -> None:
        """Take one of today's requests of a grant.

        Raises:
            NotAdmitted: `QUOTA`: there is none left, or no row.
        """
        if admitted.grant is None:
            return
        left = await self._quotas.left(admitted.grant, now)
        if left.rows <= 0 or not self._quotas.take(admitted.grant, now, requests=1):
            what = f"{self._quotas.rows} rows" if left.rows <= 0 else f"{self._quotas.requests} requests"
            text = f"{what} of this grant have left today, which is all that leave in a day; come back tomorrow"
            raise NotAdmitted("QUOTA", text, admitted.about)

    async def _opened(
        self, caller: Caller, admitted: Admitted, wanted: Wanted, place: Place | None, event: DataFetched
    ) -> Handout:
        if admitted.source is None:
            text = "this dataset is not connected: its provider has delivered nothing yet"
            raise NotAdmitted("NOT_CONNECTED", text, admitted.about)
        if wanted.file is not None:
            return self._file(caller, admitted, wanted, wanted.file, event)
        assert wanted.form is not None
        fetch = self._fetch(admitted, wanted, wanted.form, place)
        rows = await self._engine.open(fetch)
        handout = Handout(
            replace(event, source=rows.version),
            caller,
            wanted,
            admitted,
            rows.version,
            _etag(rows.version, admitted, wanted),
            rows.content_type,
            _order(fetch),
            rows=rows,
        )
        start = fetch.position
        handout.following = lambda n: wanted.following(start + n, rows.version)
        return handout

    def _file(self, caller: Caller, admitted: Admitted, wanted: Wanted, path: str, event: DataFetched) -> Handout:
        """A whole file: documents, images and video (R2.1). Only for who may have everything of the entry."""
        assert admitted.source is not None
        if not admitted.whole:
            text = "files of a dataset are for who may have all of its fields and rows"
            raise NotAdmitted("NOT_WHOLE", text, admitted.about)
        if path not in (admitted.source.get("documents") or ()):
            raise NotAdmitted("NO_FILE", f"the dataset has no file {path!r:.60}", admitted.about)
        file = open_file(self._sources.deliveries, path)
        return Handout(
            replace(event, source=file.version),
            caller,
            wanted,
            admitted,
            file.version,
            f'"{file.version}"',
            "application/octet-stream",
            file=file,
        )

    def _fetch(self, admitted: Admitted, wanted: Wanted, form: Form, place: Place | None) -> Fetch:
        source = admitted.source
        assert source is not None
        try:
            leaving = tuple(Column(one.name, one.data_type or DataType.STRING, mask_of(one)) for one in admitted.fields)
        except BadMask as problem:
            raise SourceGone(f"a mask of this dataset cannot be applied: {problem}") from None
        shown = {column.name for column in leaving}
        hidden = tuple(
            Column(name, admitted.names.get(name) or DataType.STRING, delivered=False)
            for name in dict.fromkeys(one.field for one in admitted.rows)
            if name not in shown
        )
        return Fetch(
            self._sources.of(source),
            (*leaving, *hidden),
            form,
            granted=admitted.rows,
            filter=wanted.filter,
            order=wanted.order,
            order_as_delivered=admitted.whole and not source.get("unknown"),
            limit=wanted.limit,
            position=0 if place is None else place.position,
            version=(place.version or None) if place is not None else None,
            hash_key=hash_key(self._secret, admitted.grant or admitted.dataset),
        )

    async def _refuse(
        self, caller: Caller, identifier: str, wanted: Wanted, request: str, refused: NotAdmitted
    ) -> None:
        token = caller.token
        await self._recorder.record(
            FetchRefused(
                cause=Cause(actor_of(caller), self._admission.policy.current.digest, request),
                about=refused.about,
                outcome=Outcome.REFUSED,
                identifier=identifier[:_LONGEST],
                grant=None if token is None else token.grant,
                client=None if token is None else token.client,
                purpose=(wanted.purpose or "")[:_LONGEST],
                code=refused.code,
            )
        )


def _order(fetch: Fetch) -> str:
    """The order as a request states it: all other columns follow what is asked for, so that ties are equal rows."""
    asked = [f"-{one.field}" if one.descending else one.field for one in fetch.order]
    if fetch.order_as_delivered and not asked:
        return "(as delivered)"
    named = {one.field for one in fetch.order}
    return ",".join([*asked, *(column.name for column in fetch.leaving if column.name not in named)])


def _etag(version: str | None, admitted: Admitted, wanted: Wanted) -> str:
    """Names what leaves: another grant, mask, question or version is another thing. Empty where nobody can say."""
    if version is None:
        return ""
    masks = "/".join(f"{one.name}{one.mask or ''}" for one in admitted.fields)
    text = f"{version}/{admitted.grant}/{wanted.asked}/{masks}/{admitted.rows}"
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'

"""Two steps for whatever has legal weight: prepare a document, and file it with the signature that was made of it.

Preparing has no effect but a document that waits to be signed for a day. Filing checks everything again under the locks
of what it changes, and then does all of it in one transaction, or nothing.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
from neo4j import AsyncManagedTransaction

from gateway.audit.event import Cause
from gateway.audit.ledger import Denied, Key, Ledger, Made
from gateway.graph import random_id
from gateway.graph.times import instant
from gateway.identity import Subject
from gateway.policy.table import AccessTable
from gateway.rules import day_of
from gateway.sharing.acts import Opening, Request
from gateway.sharing.cases import find_case
from gateway.sharing.clocks import Rules
from gateway.sharing.document import Document
from gateway.sharing.draft import Asking, Paper, step_now
from gateway.sharing.drafting import draft_of
from gateway.sharing.keeping import Keeper, Thing, policy_of, revocation_of, rules_of
from gateway.sharing.matters import Foreign, Matter
from gateway.sharing.office import Office, find_office
from gateway.sharing.procedure import is_receipt
from gateway.sharing.signatures import Signed, check_seal, check_signature
from gateway.sharing.taking import Taking, move_case
from gateway.sharing.words import Act, Procedure
from gateway.signing import Responders, RevocationUnavailable, Seal, SigningError, Trust, ask_responders

PREPARE: Final = "prepare"
FILE: Final = "fileSigned"
APPLY: Final = "applyForOpening"
WITHDRAW: Final = "withdrawApplication"
WAITS: Final = timedelta(days=1)
"""How long a prepared document waits for its signature."""
_MOST: Final = 100
"""Prepared documents of one person; the oldest are let go."""

_KEEP: Final = """
CREATE (:Preparation {id: $id, person: $person, digest: $digest, bytes: $bytes, preparedAt: $now})
WITH 1 AS one
MATCH (old:Preparation {person: $person})
WITH old ORDER BY old.preparedAt DESC, old.id SKIP $most
DELETE old
"""
_TAKE: Final = """
OPTIONAL MATCH (p:Preparation {id: $id, person: $person})
SET p.locked = true REMOVE p.locked
RETURN {prepared: p {.*}, filed: EXISTS { MATCH (:Document {id: $id, person: $person}) }}
"""


@dataclass(frozen=True, slots=True)
class Presented:
    """A signature for a prepared document, and whose it has to be."""

    data: bytes
    seal: Seal | None = None
    """The gateway's own, where it is a receipt's; otherwise it has to be that of who files it."""

    async def check(
        self,
        tx: AsyncManagedTransaction,
        office: Office,
        document: bytes,
        trust: Trust,
        prepared: datetime,
        now: datetime,
    ) -> Signed:
        """Verify it. See `check_signature` and `check_seal`."""
        if self.seal is not None:
            return await check_seal(document, self.data, self.seal, trust, prepared=prepared, now=now)
        return await check_signature(tx, office, document, self.data, trust, prepared=prepared, now=now)


@dataclass(frozen=True, slots=True)
class Filing:
    """Makes and takes documents. One per process; the clock is what tests turn."""

    ledger: Ledger
    rules: Rules
    trust: Callable[[], Trust]
    seal: Callable[[], Seal]
    """What the gateway signs receipts with; raises `SigningError` where there is nothing."""
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    responders: Responders | None = None
    """Who is asked about a certificate before a signature of it counts."""
    keeper: Keeper = field(default_factory=Keeper)
    matters: Mapping[str, Matter] = field(default_factory=dict)
    """What other rooms have signed, by the word that their documents have for their procedure."""

    async def prepare(
        self, subject: Subject, table: AccessTable, cause: Cause, request: Request | Foreign, key: str
    ) -> Mapping[str, Any]:
        """The document that a request has to be signed as.

        Returns:
            `{signing, document, digest}`: an id, the canonical text, and its SHA-256.

        Raises:
            Denied: it cannot be signed as it is.
            LogError: see `Ledger.change`.
        """

        async def work(tx: AsyncManagedTransaction) -> Made:
            now, office = self.clock(), await find_office(tx, subject)
            paper = await self._paper(tx, Asking(subject, table, office, now), request)
            signing = random_id("sg_")
            await self.keeper.keep(tx, policy)
            document = self._document(signing, paper, office, table, now)
            given = {
                "id": signing,
                "person": subject.id,
                "digest": document.digest,
                "bytes": document.data.decode(),
                "now": instant(now),
                "most": _MOST,
            }
            await (await tx.run(_KEEP, given)).consume()
            return Made({"signing": signing, "document": document.data.decode(), "digest": document.digest}, {})

        policy = policy_of(table)
        asked = orjson.loads(orjson.dumps(asdict(request)))
        made = await self.ledger.change(Key(str(subject.id), PREPARE, key, asked), cause, work)
        self.keeper.kept(policy)
        return made

    async def _paper(self, tx: AsyncManagedTransaction, asking: Asking, request: Request | Foreign) -> Paper:
        if isinstance(request, Foreign):
            return await self.matters[request.matter].draft(tx, asking, request)
        draft = await draft_of(tx, asking, request)
        if draft.step.starts is not None:  # whether it can be said until when an answer is due
            self.rules.deadline(draft.step.starts, draft.content["provider"]["code"], asking.now, draft.about)
        return draft.paper

    async def file(
        self, subject: Subject, table: AccessTable, cause: Cause, signing: str, signature: bytes, key: str
    ) -> Mapping[str, Any]:
        """File a prepared document with its signature: what it says takes effect.

        Returns:
            `{case, grant}`: ids, null where there is none; of another room's document, what that gives.

        Raises:
            Denied: it does not, and nothing was changed.
            LogError: see `Ledger.change`.
        """
        asked = {"signing": signing, "signature": hashlib.sha256(signature).hexdigest()}
        claim = Key(str(subject.id), FILE, key, asked)
        return await self._file(subject, table, cause, signing, Presented(signature), claim)

    async def apply_for_opening(
        self, subject: Subject, table: AccessTable, cause: Cause, opening: Opening, key: str
    ) -> Mapping[str, Any]:
        """Apply for data that is open on conditions: the gateway signs the receipt, for citizens have no certificate.

        Returns:
            `{case, grant}`: the case's id, and null.

        Raises:
            Denied: as `prepare` and `file`; `NO_SEAL`, where this gateway has nothing to sign receipts with.
            LogError: see `Ledger.change`.
        """
        prepared = await self.prepare(subject, table, cause, opening, key)
        presented: Presented | Denied
        try:
            presented = await asyncio.to_thread(self._sealed, prepared["document"].encode())
        except SigningError as problem:
            text = f"the receipt of this application cannot be signed at the moment: {problem}"
            presented = Denied("NO_SEAL", text, target=opening.scope.dataset)
        claim = Key(str(subject.id), APPLY, key, {"signing": prepared["signing"]})
        return await self._file(subject, table, cause, prepared["signing"], presented, claim)

    def _sealed(self, document: bytes) -> Presented:
        seal = self.seal()
        return Presented(seal.signature(document), seal)

    async def _file(
        self,
        subject: Subject,
        table: AccessTable,
        cause: Cause,
        signing: str,
        presented: Presented | Denied,
        key: Key,
    ) -> Mapping[str, Any]:
        async def work(tx: AsyncManagedTransaction) -> Made:
            now, office = self.clock(), await find_office(tx, subject)
            taken = (await (await tx.run(_TAKE, {"id": signing, "person": subject.id})).single(strict=True))[0]
            document, prepared = _taken(taken, office, signing, now)
            # Told only now, for a change that was made before is answered whoever is away.
            if isinstance(trust, Denied):
                raise trust
            if isinstance(presented, Denied):
                raise presented
            signed = await presented.check(tx, office, document.data, trust, prepared, now)
            matter = self.matters.get(document.stated["procedure"])
            _check_kind(signed, receipt=matter is None and is_receipt(document.stated))
            things[:] = [*policy_of(table), rules_of(self.rules.book), *revocation_of(signed.verified.known)]
            await self.keeper.keep(tx, things)
            taking = Taking(tx, subject, table, office, cause, document, signed, now, self.rules)
            return await (taking.made() if matter is None else matter.take(taking))

        things: list[Thing] = []
        trust = await self._trust(subject, presented)
        made = await self.ledger.change(key, cause, work)
        self.keeper.kept(things)
        return made

    async def _trust(self, subject: Subject, presented: Presented | Denied) -> Trust | Denied:
        """Whom to trust about a signature, or why that cannot be said now.

        Responders are asked here, before the transaction, so that nobody waits for them at a lock; and never by who
        can sign nothing.
        """
        trust = self.trust()
        if self.responders is None or isinstance(presented, Denied):
            return trust
        if subject.appointment is None and presented.seal is None:
            return trust
        try:
            return await asyncio.to_thread(ask_responders, presented.data, trust, self.responders, self.clock())
        except RevocationUnavailable as problem:
            return Denied("REVOCATION_UNAVAILABLE", f"{problem}. Nothing was changed; try again.", path="signature")

    async def withdraw(
        self, subject: Subject, cause: Cause, identifier: str, version: int, key: str
    ) -> Mapping[str, Any]:
        """Take an application back that is not answered yet.

        Returns:
            `{case, grant}`: the case's id, and null.

        Raises:
            Denied: it is not theirs, or answered.
            LogError: see `Ledger.change`.
        """

        async def work(tx: AsyncManagedTransaction) -> Made:
            office = await find_office(tx, subject)
            case = await find_case(tx, subject, identifier)
            taken = step_now(office, case, Procedure(case["kind"]), Act.WITHDRAW, version)
            event = await move_case(tx, cause, case, taken, instant(self.clock()))
            return Made({"case": case["id"], "grant": None}, {case["id"]: [event]})

        asked = {"case": identifier, "version": version}
        return await self.ledger.change(Key(str(subject.id), WITHDRAW, key, asked), cause, work)

    def _document(self, signing: str, paper: Paper, office: Office, table: AccessTable, now: datetime) -> Document:
        return Document.of(
            {
                "signing": signing,
                "procedure": str(paper.procedure),
                "act": str(paper.act),
                "case": paper.case,
                "version": paper.version,
                "by": office.stated,
                "preparedAt": instant(now),
                "rules": list(self.rules.book.in_force(day_of(now))),
                "policy": table.digest,
                "content": paper.content,
            }
        )


def _taken(taken: Mapping[str, Any], office: Office, signing: str, now: datetime) -> tuple[Document, datetime]:
    """A prepared document that can be filed now, and when it was prepared."""
    prepared = taken["prepared"]
    if prepared is None:
        if taken["filed"]:
            raise Denied("ALREADY_FILED", "this document was filed; its signature counts once", path="signing")
        text = f"nothing waits for your signature under {signing!r:.60}; prepare it anew"
        raise Denied("NOT_FOUND", text, path="signing", target=signing)
    began = datetime.fromisoformat(prepared["preparedAt"])
    if now - began > WAITS:
        raise Denied(
            "PREPARATION_EXPIRED", "this document has waited for more than a day; prepare it anew", path="signing"
        )
    document = Document(prepared["bytes"].encode())
    if document.stated["by"] != office.stated:
        text = "this was prepared in another office of yours, or it has changed; act in that one, or prepare it anew"
        raise Denied("OTHER_APPOINTMENT", text, path="signing")
    return document, began


def _check_kind(signed: Signed, *, receipt: bool) -> None:
    """Whether it is signed by whom the table says: the gateway signs receipts, and nothing that an officer has to."""
    if receipt is not signed.sealed:
        raise Denied("OTHER_SIGNER", "this document is not for you to sign", path="signature")

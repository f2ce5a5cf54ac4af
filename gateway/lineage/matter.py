"""Lineage as `Filing` has it signed: which document goes to whom."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from neo4j import AsyncManagedTransaction

from gateway.audit.ledger import Made
from gateway.lineage.approving import Approvals, Withdrawals
from gateway.lineage.declaring import Declarations
from gateway.lineage.stating import Derivations, MaskApproval, MaskWithdrawal
from gateway.lineage.words import LineageAct
from gateway.sharing.draft import Asking, Paper
from gateway.sharing.taking import Taking


@dataclass(frozen=True, slots=True)
class LineageMatter:
    """What the room of lineage has signed. The clock is what tests turn."""

    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    async def draft(self, tx: AsyncManagedTransaction, asking: Asking, request: Any) -> Paper:
        """The draft of a request.

        Raises:
            Denied: it cannot be signed as it is.
        """
        match request:
            case Derivations():
                return await Declarations(self.clock).draft(tx, asking, request)
            case MaskApproval():
                return await Approvals(self.clock).draft(tx, asking, request)
            case MaskWithdrawal():
                return await Withdrawals(self.clock).draft(tx, asking, request)
        raise TypeError(f"{type(request).__name__} is no statement on lineage")

    async def take(self, taking: Taking) -> Made:
        """What a signed document changes.

        Raises:
            Denied: it changes nothing.
        """
        match LineageAct(taking.document.stated["act"]):
            case LineageAct.DECLARE_DERIVATIONS | LineageAct.END_DERIVATIONS:
                return await Declarations(self.clock).take(taking)
            case LineageAct.APPROVE_MASK:
                return await Approvals(self.clock).take(taking)
            case LineageAct.WITHDRAW_MASK:
                return await Withdrawals(self.clock).take(taking)

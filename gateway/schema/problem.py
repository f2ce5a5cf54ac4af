"""Expected refusals of a change, in its payload."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import strawberry

from gateway.audit.errors import KeyReused, LogPending, LogUnavailable
from gateway.audit.ledger import LONGEST_KEY, Denied


@strawberry.type(description="Why a change was not made, or not made yet, for whoever has to act on it.")
class Problem:
    """One refusal."""

    code: str = strawberry.field(description="A stable code.")
    message: str = strawberry.field(description="What was wrong, and what would be right.")
    path: list[str] = strawberry.field(description="The field of the input that it is about; empty for the whole.")


def check_key(key: str) -> Problem | None:
    """What is wrong with an idempotency key."""
    if 8 <= len(key) <= LONGEST_KEY and key.isprintable():
        return None
    text = f"give each change a key of its own, 8 to {LONGEST_KEY} printable characters, and the same again for a retry"
    return Problem(code="BAD_IDEMPOTENCY_KEY", message=text, path=["idempotencyKey"])


async def attempt(
    change: Awaitable[Mapping[str, Any]], more: Callable[[Denied], Awaitable[str]] | None = None
) -> tuple[Mapping[str, Any] | None, list[Problem]]:
    """What a change gave, and its problems. With `LOG_PENDING` there are both.

    Args:
        change: what was asked for.
        more: what is to be said of a refusal besides.
    """
    try:
        return await change, []
    except Denied as denied:
        path = [denied.path] if denied.path else []
        text = _sentence(denied) + ("" if more is None else await more(denied))
        return None, [Problem(code=denied.code, message=text, path=path)]
    except KeyReused as reused:
        return None, [Problem(code="IDEMPOTENCY_KEY_REUSED", message=_sentence(reused), path=["idempotencyKey"])]
    except LogPending as pending:
        text = "The change was made; its record is not in the log yet. Send it again with the same key to wait for it."
        return pending.result, [Problem(code="LOG_PENDING", message=text, path=[])]
    except LogUnavailable as problem:
        text = f"{_sentence(problem)} Nothing was changed; try again later."
        return None, [Problem(code="LOG_UNAVAILABLE", message=text, path=[])]


def _sentence(problem: Exception) -> str:
    text = str(problem)
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."

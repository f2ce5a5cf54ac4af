"""Asking what another role may do leaves a line in the log: who asked, as whom, about what (design section 9)."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog

from gateway.plan import BadInput
from gateway.schema.context import Context
from gateway.vocabulary import Role

_log = structlog.get_logger("gateway.as_role")

_ID: Final = re.compile(r"[a-z]{2}_[a-z2-7]{26}")
"""What is logged of a target: ids are ours and say nothing by themselves, anything else is whatever a client typed."""


@contextmanager
def logged(context: Context, target: str, role: Role | None) -> Iterator[None]:
    """Writes the line when the question was answered or refused; without a role there is nothing to say."""
    outcome = "failed"
    try:
        yield
        outcome = "answered"
    except BadInput:
        outcome = "refused"
        raise
    finally:
        if role is not None:
            subject = context.asker.subject
            _log.info(
                "access asked for another role",
                request_id=context.request_id,
                person=subject.id,
                agency=subject.agency,
                role=role.value,
                target=target if _ID.fullmatch(target) else None,
                outcome=outcome,
            )

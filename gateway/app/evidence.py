"""`/evidence/{case}`: what proves a case, as a zip file, for both parties and for who oversees either.

Everybody else is told that there is no such case. Each file is in the log before its first byte leaves.
"""

import asyncio
import hashlib
from typing import Final

from starlette.types import Receive, Scope, Send

from gateway.app.replies import RETRY_AFTER, Code, refuse
from gateway.audit.errors import LogUnavailable
from gateway.audit.event import About, Event, Outcome
from gateway.audit.kinds import ChangeRefused, EvidenceExported
from gateway.audit.prove import NoSuchEvent
from gateway.audit.recorder import Recorder
from gateway.graph import Graph
from gateway.identity import PUBLIC, Subject
from gateway.policy.store import PolicyStore
from gateway.schema.causes import cause_by
from gateway.sharing.cases import about_case, own_of
from gateway.sharing.evidence import NoSuchCase, NotYetLogged, Viewer, collect_case, to_zip
from gateway.sharing.reading import Cases

_ASKED: Final = "exportEvidence"
_AT_ONCE: Final = 2
"""Exports that are put together at the same time; others wait."""
_LONGEST: Final = 100


class Evidence:
    """Answers with evidence. The caller is in the request's state."""

    def __init__(self, graph: Graph, recorder: Recorder, policy: PolicyStore) -> None:
        self._graph = graph
        self._cases = Cases(graph)
        self._recorder = recorder
        self._policy = policy
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # nothing of the body is read
        """Serve one request."""
        if scope["method"] != "GET":
            await refuse(send, 405, Code.METHOD_NOT_ALLOWED, "evidence is fetched with GET", [(b"allow", b"GET")])
            return
        subject: Subject = scope["state"].get("subject", PUBLIC)
        identifier, request = scope["path_params"]["case"], scope["state"]["request_id"]
        cause = cause_by(subject, self._policy.current.digest, request)
        try:
            self._recorder.check()
            case = await self._cases.one(subject, identifier)
            if case is None:
                if subject.id is not None:
                    about = await self._hidden(identifier)
                    await self._recorder.record(
                        ChangeRefused(
                            cause=cause,
                            about=about,
                            outcome=Outcome.REFUSED,
                            change=_ASKED,
                            code=Code.NOT_FOUND,
                            target=identifier[:_LONGEST],
                        )
                    )
                await _not_found(send)
                return
            viewer = Viewer(own_of(subject), subject.jurisdictions)
            async with self._turn:
                files = await collect_case(self._graph, self._recorder.folder, identifier, viewer)
                data = await asyncio.to_thread(to_zip, files)
            digest = hashlib.sha256(data).hexdigest()
            event: Event = EvidenceExported(cause=cause, about=about_case(case), digest=digest)
            await self._recorder.record(event)
        except NoSuchCase:
            await _not_found(send)
        except (NotYetLogged, NoSuchEvent) as problem:
            await refuse(send, 503, Code.UNAVAILABLE, str(problem), [RETRY_AFTER])
        except LogUnavailable:
            message = "the log cannot be written, so nothing is handed out; try again in some seconds"
            await refuse(send, 503, Code.LOG_UNAVAILABLE, message, [RETRY_AFTER])
        else:
            await _send(send, identifier, data)

    async def _hidden(self, identifier: str) -> About:
        """What a refusal concerns that the actor may not know of."""
        found = await self._cases.any(identifier)
        return About() if found is None else about_case(found, hidden=True)


async def _not_found(send: Send) -> None:
    await refuse(send, 404, Code.NOT_FOUND, "there is no such case, or none that is yours to see")


async def _send(send: Send, identifier: str, data: bytes) -> None:
    headers = [
        (b"content-type", b"application/zip"),
        (b"content-length", b"%d" % len(data)),
        (b"content-disposition", f'attachment; filename="{identifier}.zip"'.encode("ascii")),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": data})

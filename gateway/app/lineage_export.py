"""`/lineage/{id}`: a walk in the format that the client wants, as whoever asks may know it; `…/export`: signed.

Who may not know of what it begins at is told that there is no such thing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import parse_qsl

from graphql import GraphQLError
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gateway.app.acceptable import wanted_of
from gateway.app.presenting import PublicLimit, TooMany
from gateway.app.replies import RETRY_AFTER, Code, Header, refuse
from gateway.audit.errors import LogUnavailable
from gateway.audit.event import Cause, Outcome
from gateway.audit.kinds import ChangeRefused
from gateway.audit.recorder import Recorder
from gateway.graph import Graph
from gateway.identity import PUBLIC
from gateway.lineage import USUAL_DEPTH, LineageDirection, LineageLevel, Walker, Wanted
from gateway.lineage.export import ALSO, FORMS, Drawer, Format, Picture
from gateway.lineage.export.exporting import Exporting, NotYetProven
from gateway.plan import Asker, BadInput, Budget, Planner
from gateway.policy.store import PolicyStore
from gateway.schema import ENTITIES
from gateway.schema.causes import cause_by
from gateway.schema.context import asker_of
from gateway.schema.scalars import parse_instant
from gateway.settings import Settings
from gateway.sharing.evidence import to_zip
from gateway.signing import SigningError, seal

_AT_ONCE: Final = 2
"""Pictures that are drawn and written at the same time; others wait."""
_TYPES: Final[Mapping[str, Format]] = {**{form.media_type: format_ for format_, form in FORMS.items()}, **ALSO}
_PARAMETERS: Final = ("direction", "level", "depth", "asOf", "knownAt")
_FORMAT: Final = "format"
_EXPORT: Final = "exportLineage"
_LONGEST: Final = 100
_TOO_MANY: Final = "TOO_MANY_NEW_QUERIES"
_AGAIN: Final = (b"retry-after", b"60")
_CONFINED: Final = (b"content-security-policy", b"default-src 'none'; sandbox")
"""A picture is no page: should a browser show it by itself, nothing in it may run or be fetched."""
_VARIES: Final = (b"vary", b"accept, authorization")


class BadQuestion(Exception):
    """What is asked cannot be answered. `code` is stable; `parameter` is what is wrong."""

    def __init__(self, code: str, message: str, parameter: str) -> None:
        super().__init__(message)
        self.code = code
        self.parameter = parameter


class NotAcceptable(Exception):
    """The client takes none of the formats."""


def drawer_of(settings: Settings, graph: Graph, policy: PolicyStore) -> Drawer:
    """Who draws, on an open graph."""
    budget = Budget(settings.new_shapes_per_minute, settings.rate_limit_storage.get_secret_value())
    planner = Planner(graph, policy.table_for, ENTITIES, new_statements=budget)
    return Drawer(Walker(graph, planner, settings.lineage_nodes, settings.lineage_seconds))


def export_routes(settings: Settings, graph: Graph, recorder: Recorder, policy: PolicyStore) -> list[Route]:
    """The routes below `/lineage`, around which is the caller's identification."""
    limit = PublicLimit(settings.public_fetches_per_minute, settings.rate_limit_storage.get_secret_value())
    pictures = Pictures(drawer_of(settings, graph, policy), limit, asyncio.Semaphore(_AT_ONCE))
    exporting = Exporting(graph, recorder, partial(seal, settings), settings.address)
    return [
        Route("/lineage/{id}", Answering(LineageFormats(pictures, settings.address).answer)),
        Route("/lineage/{id}/export", Answering(LineageExport(pictures, exporting, policy).answer)),
    ]


@dataclass(frozen=True, slots=True)
class Pictures:
    """Draws what a request asks for. The caller is in the request's state."""

    drawer: Drawer
    limit: PublicLimit
    turn: asyncio.Semaphore

    async def drawn(self, request: Request, wanted: Wanted) -> Picture | None:
        """The picture that a request asks for; None where the caller may not know of what it begins at.

        Raises:
            TooMany: the public has asked too often from one address.
            BadInput, GraphTimeout: see `Walker.walk`.
        """
        asker = caller_of(request)
        if asker.subject.id is None:
            self.limit.take(asker.source)
        return await self.drawer.draw(asker, wanted)


Answer = Callable[[Request, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Answering:
    """An endpoint, which refuses what cannot be answered as all endpoints do."""

    answer: Answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        if request.method != "GET":
            text = "lineage is fetched with GET"
            await refuse(send, 405, Code.METHOD_NOT_ALLOWED, text, [(b"allow", b"GET")])
            return
        try:
            await self.answer(request, send)
        except NotAcceptable:
            text = f"lineage comes as {', '.join(form.media_type for form in FORMS.values())}"
            await refuse(send, 406, Code.NOT_ACCEPTABLE, text)
        except BadQuestion as problem:
            await refuse(send, 400, problem.code, str(problem), parameter=problem.parameter)
        except BadInput as problem:
            code = str((problem.extensions or {})["code"])
            again = code == _TOO_MANY
            await refuse(send, 429 if again else 400, code, problem.message, [_AGAIN] if again else [])
        except TooMany as problem:
            await refuse(send, 429, Code.TOO_MANY, str(problem), [_AGAIN])
        except (SigningError, NotYetProven) as problem:
            await refuse(send, 503, Code.UNAVAILABLE, str(problem), [RETRY_AFTER])
        except LogUnavailable:
            text = "the log cannot be written, so nothing is handed out; try again in some seconds"
            await refuse(send, 503, Code.LOG_UNAVAILABLE, text, [RETRY_AFTER])


@dataclass(frozen=True, slots=True)
class LineageFormats:
    """`/lineage/{id}`."""

    pictures: Pictures
    base: str
    """The gateway's address."""

    async def answer(self, request: Request, send: Send) -> None:
        """Serve one request."""
        given = parameters_of(request, (*_PARAMETERS, _FORMAT))
        format_ = _format_of(given.pop(_FORMAT, None), request.headers.get("accept"))
        wanted, form = wanted_from(request.path_params["id"], given), FORMS[format_]
        async with self.pictures.turn:
            picture = await self.pictures.drawn(request, wanted)
            data = None if picture is None else await asyncio.to_thread(form.write, picture, self.base)
        if data is None:
            await _not_found(send)
            return
        headers: list[Header] = [_VARIES, *([_CONFINED] if format_ is Format.SVG else [])]
        await _send(send, f"{form.media_type}; charset=utf-8", data, headers)


@dataclass(frozen=True, slots=True)
class LineageExport:
    """`/lineage/{id}/export`. Each export is in the log before its first byte leaves."""

    pictures: Pictures
    exporting: Exporting
    policy: PolicyStore

    async def answer(self, request: Request, send: Send) -> None:
        """Serve one request."""
        of = request.path_params["id"]
        wanted = wanted_from(of, parameters_of(request, _PARAMETERS))
        self.exporting.recorder.check()
        subject, request_id = caller_of(request).subject, request.scope["state"]["request_id"]
        data = None
        async with self.pictures.turn:
            picture = await self.pictures.drawn(request, wanted)
            if picture is not None:
                # Of the policy by which it was drawn, should another have come into force meanwhile.
                files = await self.exporting.export(picture, cause_by(subject, picture.policy, request_id))
                data = await asyncio.to_thread(to_zip, files)
        if data is None:
            if subject.id is not None:
                await self._refused(of, cause_by(subject, self.policy.current.digest, request_id))
            await _not_found(send)
            return
        # It was drawn, so this is an id: letters and digits.
        name = f'attachment; filename="lineage-{of}.zip"'.encode("ascii")
        await _send(send, "application/zip", data, [(b"content-disposition", name)])

    async def _refused(self, of: str, cause: Cause) -> None:
        about = await self.exporting.about(of, hidden=True)
        await self.exporting.recorder.record(
            ChangeRefused(
                cause=cause,
                about=about,
                outcome=Outcome.REFUSED,
                change=_EXPORT,
                code=Code.NOT_FOUND,
                target=of[:_LONGEST],
            )
        )


def caller_of(request: Request) -> Asker:
    """Who asks."""
    return asker_of(request.scope, request.scope["state"].get("subject", PUBLIC))


def parameters_of(request: Request, known: tuple[str, ...]) -> dict[str, str]:
    """The parameters of a request, each once.

    Raises:
        BadQuestion: `BAD_PARAMETER`.
    """
    try:
        pairs = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise BadQuestion("BAD_PARAMETER", "the parameters are not in UTF-8", "") from None
    given: dict[str, str] = {}
    for name, value in pairs:
        if name not in known:
            raise BadQuestion("BAD_PARAMETER", f"there is no such parameter; there are {', '.join(known)}", name[:100])
        if name in given:
            raise BadQuestion("BAD_PARAMETER", f"{name} is there twice", name)
        given[name] = value
    return given


def wanted_from(of: str, given: Mapping[str, str]) -> Wanted:
    """What is asked of a walk.

    Raises:
        BadQuestion: `BAD_PARAMETER`, `INVALID_DATETIME`.
        BadInput: see `Wanted.check`.
    """
    try:
        direction = LineageDirection(given.get("direction", LineageDirection.UPSTREAM))
    except ValueError:
        raise BadQuestion("BAD_PARAMETER", f"direction is one of {', '.join(LineageDirection)}", "direction") from None
    try:
        level = LineageLevel(given["level"]) if "level" in given else None
    except ValueError:
        raise BadQuestion("BAD_PARAMETER", f"level is one of {', '.join(LineageLevel)}", "level") from None
    depth = given.get("depth", str(USUAL_DEPTH))
    if not (depth.isascii() and depth.isdigit() and len(depth) < 10):
        raise BadQuestion("BAD_PARAMETER", "depth is a number", "depth")
    wanted = Wanted(
        of, direction, level, int(depth), as_of=_instant(given, "asOf"), known_at=_instant(given, "knownAt")
    )
    wanted.check()
    return wanted


def _instant(given: Mapping[str, str], name: str) -> str | None:
    try:
        return parse_instant(given[name]) if name in given else None
    except GraphQLError as problem:
        raise BadQuestion("INVALID_DATETIME", f"{name}: {problem.message}", name) from None


def _format_of(given: str | None, accept: str | None) -> Format:
    if given is not None:
        try:
            return Format(given)
        except ValueError:
            raise BadQuestion("BAD_PARAMETER", f"format is one of {', '.join(Format)}", _FORMAT) from None
    found: Format | None = wanted_of(accept, _TYPES, list(Format))
    if found is None:
        raise NotAcceptable
    return found


async def _not_found(send: Send) -> None:
    """The same for what is not there and for what may not be known."""
    await refuse(send, 404, Code.NOT_FOUND, "there is no such dataset or field, or none that is yours to know of")


async def _send(send: Send, content_type: str, data: bytes, more: Iterable[Header]) -> None:
    headers: list[Header] = [
        (b"content-type", content_type.encode()),
        (b"content-length", b"%d" % len(data)),
        *more,
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": data})

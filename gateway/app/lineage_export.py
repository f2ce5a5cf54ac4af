"""`/lineage/{id}`: a walk in the format that the client wants, as whoever asks may know it.

Who may not know of what it begins at is told that there is no such thing.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from graphql import GraphQLError
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gateway.app.acceptable import wanted_of
from gateway.app.presenting import PublicLimit, TooMany
from gateway.app.replies import Code, Header, refuse
from gateway.graph import Graph
from gateway.identity import PUBLIC
from gateway.lineage import USUAL_DEPTH, LineageDirection, LineageLevel, Walker, Wanted
from gateway.lineage.export import ALSO, FORMS, Drawer, Format, Picture
from gateway.plan import Asker, BadInput, Budget, Planner
from gateway.policy.store import PolicyStore
from gateway.schema import ENTITIES
from gateway.schema.context import asker_of
from gateway.schema.scalars import parse_instant
from gateway.settings import Settings

AT_ONCE: Final = 2
"""Pictures that are drawn at the same time; others wait."""
_TYPES: Final[Mapping[str, Format]] = {**{form.media_type: format_ for format_, form in FORMS.items()}, **ALSO}
_PARAMETERS: Final = ("direction", "level", "depth", "asOf", "knownAt")
_FORMAT: Final = "format"
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


def export_routes(settings: Settings, graph: Graph, policy: PolicyStore) -> list[Route]:
    """The routes below `/lineage`, around which is the caller's identification."""
    limit = PublicLimit(settings.public_fetches_per_minute, settings.rate_limit_storage.get_secret_value())
    drawn = LineageExport(drawer_of(settings, graph, policy), settings.address, limit, asyncio.Semaphore(AT_ONCE))
    return [Route("/lineage/{id}", drawn)]


@dataclass(frozen=True, slots=True)
class LineageExport:
    """The endpoint. The caller is in the request's state."""

    drawer: Drawer
    base: str
    """The gateway's address."""
    limit: PublicLimit
    turn: asyncio.Semaphore

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        if request.method != "GET":
            text = "lineage is fetched with GET"
            await refuse(send, 405, Code.METHOD_NOT_ALLOWED, text, [(b"allow", b"GET")])
            return
        try:
            given = parameters_of(request, (*_PARAMETERS, _FORMAT))
            format_ = _format_of(given.pop(_FORMAT, None), request.headers.get("accept"))
            wanted = wanted_from(request.path_params["id"], given)
            picture = await self.drawn(request, wanted)
        except NotAcceptable:
            text = f"lineage comes as {', '.join(form.media_type for form in FORMS.values())}"
            await refuse(send, 406, Code.NOT_ACCEPTABLE, text)
        except BadQuestion as problem:
            await refuse(send, 400, problem.code, str(problem), parameter=problem.parameter)
        except BadInput as problem:
            await refuse_input(send, problem)
        except TooMany as problem:
            await refuse(send, 429, Code.TOO_MANY, str(problem), [_AGAIN])
        else:
            if picture is None:
                await not_found(send)
                return
            form = FORMS[format_]
            data = await asyncio.to_thread(form.write, picture, self.base)
            await _send(send, form.media_type, data, confined=format_ is Format.SVG)

    async def drawn(self, request: Request, wanted: Wanted) -> Picture | None:
        """The picture that a request asks for; None where the caller may not know of what it begins at.

        Raises:
            TooMany: the public has asked too often from one address.
            BadInput, GraphTimeout: see `Walker.walk`.
        """
        asker = caller_of(request)
        if asker.subject.id is None:
            self.limit.take(asker.source)
        async with self.turn:
            return await self.drawer.draw(asker, wanted)


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


async def refuse_input(send: Send, problem: BadInput) -> None:
    """What a walk cannot be asked."""
    code = str((problem.extensions or {})["code"])
    if code == _TOO_MANY:
        await refuse(send, 429, code, problem.message, [_AGAIN])
    else:
        await refuse(send, 400, code, problem.message)


async def not_found(send: Send) -> None:
    """The same for what is not there and for what may not be known."""
    await refuse(send, 404, Code.NOT_FOUND, "there is no such dataset or field, or none that is yours to know of")


async def _send(send: Send, media_type: str, data: bytes, *, confined: bool) -> None:
    headers: list[Header] = [
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"content-length", b"%d" % len(data)),
        _VARIES,
    ]
    if confined:
        headers.append(_CONFINED)
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": data})

"""GraphQL over WebSocket, by the protocol graphql-transport-ws, for subscriptions alone.

The protocol is that of the npm package `graphql-ws` (its PROTOCOL.md), whose client is in our conformance tests. Its
older namesake `graphql-ws` is not spoken. Strawberry's own handler belongs to the view that we do not use: it runs
queries and mutations too, tells errors as they are, and closes the socket for a mistake in one document.

Messages are read one after another, and each has had its effect before the next is read: a `ping` that is answered says
that the subscriptions sent before it have begun.
"""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing, suppress
from enum import IntEnum
from functools import partial
from typing import Any, Final

import orjson
from starlette.types import Receive, Scope, Send

from gateway.graph import GraphUnavailable
from gateway.identity import Identify, InvalidToken, KeysUnavailable
from gateway.schema.context import asker_of
from gateway.schema.operation import checked
from gateway.schema.refusals import Refused
from gateway.schema.streams import Caller, Stream, Streams

PROTOCOL: Final = "graphql-transport-ws"
_LONGEST_REASON: Final = 123
"""Bytes that a WebSocket's closing may have to say."""
_LONGEST_ID: Final = 100


class Close(IntEnum):
    """Why a socket is closed, as the protocol numbers it.

    For credentials that are no good, also when they have ended, that is 4403: after it the usual client may come again
    with better ones, while 4401 it takes as final.
    """

    TRY_AGAIN = 1013
    BAD_REQUEST = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    PROTOCOL_NEEDED = 4406
    TOO_SLOW_TO_BEGIN = 4408
    ID_IN_USE = 4409
    BEGUN_TWICE = 4429


class _Ended(Exception):
    """We close the socket."""

    def __init__(self, code: Close, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class _Gone(Exception):
    """The client has closed the socket, or the server has."""


class Sockets:
    """Serves sockets. Per socket it finds in the scope's state `identify` and `request_id`; it puts `subject` there."""

    patience = 10.0
    """Seconds within which a client has to begin."""

    def __init__(self, streams: Streams, most: int) -> None:
        self._streams = streams
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket to its end."""
        offered = PROTOCOL in scope["subprotocols"]
        await send({"type": "websocket.accept", "subprotocol": PROTOCOL if offered else None})
        try:
            if not offered:
                raise _Ended(Close.PROTOCOL_NEEDED, f"Subprotocol not acceptable; it has to be {PROTOCOL}")
            socket = _Socket(scope, receive, send, self._streams, self._most)
            await socket.begin(self.patience)
            await socket.serve()
        except _Gone:
            return
        except _Ended as ended:
            reason = ended.reason.encode()[:_LONGEST_REASON].decode(errors="ignore")
            with suppress(OSError):
                await send({"type": "websocket.close", "code": ended.code, "reason": reason})


class _Socket:
    """One socket and its subscriptions."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, streams: Streams, most: int) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._streams = streams
        self._most = most
        self._running: dict[str, asyncio.Task[None]] = {}
        self._caller: Caller

    async def begin(self, patience: float) -> None:
        """Until the client has said who they are."""
        try:
            async with asyncio.timeout(patience):
                while (message := await self._next())["type"] != "connection_init":
                    await self._pong(message, Close.UNAUTHORIZED, "Unauthorized: connection_init comes first")
        except TimeoutError:
            raise _Ended(Close.TOO_SLOW_TO_BEGIN, "Connection initialisation timeout") from None
        state = self._scope["state"]
        identify: Identify = state["identify"]
        given = _authorization(message.get("payload"))
        try:
            subject = state["subject"] = (await identify(given)).subject
        except InvalidToken as problem:
            raise _Ended(Close.FORBIDDEN, f"Forbidden: {problem.description}") from None
        except (GraphUnavailable, KeysUnavailable):
            raise _Ended(Close.TRY_AGAIN, "A service that the gateway needs is away") from None
        again = partial(identify, given, again=True)
        self._caller = Caller(asker_of(self._scope, subject).source, again, state["request_id"])
        await self._tell({"type": "connection_ack"})

    async def serve(self) -> None:
        """Take messages until somebody closes the socket; with it every subscription ends."""
        ended: list[_Ended] = []
        try:
            async with asyncio.TaskGroup() as group:
                await self._take(group)
        except* _Gone:
            pass
        except* _Ended as some:
            ended += _each(some)
        if ended:
            raise ended[0]

    async def _take(self, group: asyncio.TaskGroup) -> None:
        while True:
            message = await self._next()
            match message["type"]:
                case "subscribe":
                    await self._subscribe(message, group)
                case "complete":
                    task = self._running.pop(_id(message), None)
                    if task is not None:
                        task.cancel()
                case "connection_init":
                    raise _Ended(Close.BEGUN_TWICE, "Too many initialisation requests")
                case _:
                    await self._pong(message, Close.BAD_REQUEST, "Unknown type of message")

    async def _subscribe(self, message: dict[str, Any], group: asyncio.TaskGroup) -> None:
        name = _id(message)
        if name in self._running:
            raise _Ended(Close.ID_IN_USE, f"Subscriber for {name} already exists")
        try:
            if len(self._running) >= self._most:
                text = f"A socket has at most {self._most} subscriptions (GATEWAY_MAX_SUBSCRIPTIONS)."
                raise Refused(400, "LIMIT_SUBSCRIPTIONS", text)
            stream = await self._streams.begin(checked(message.get("payload")), self._caller)
        except Refused as refusal:
            await self._tell({"id": name, "type": "error", "payload": [refusal.formatted]})
            return
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is masked and told
            await self._failed(name, problem)
            return
        if stream.results is None:
            await self._tell({"id": name, "type": "error", "payload": stream.errors})
            return
        task = self._running[name] = group.create_task(self._follow(name, stream))
        # Also of one that is cancelled before it has begun.
        task.add_done_callback(lambda _: stream.follower.end())

    async def _follow(self, name: str, stream: Stream) -> None:
        """Send what a subscription gives, and how it ended."""
        failed: Exception | None = None
        try:
            async with aclosing(stream.encoded()) as responses:
                async for response in responses:
                    await self._tell({"id": name, "type": "next", "payload": orjson.Fragment(response)})
        except _Gone:
            return
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is masked and told
            failed = problem
        # The id can be used again from now on, unless the client has done with it and uses it already.
        if self._running.get(name) is asyncio.current_task():
            del self._running[name]
        with suppress(_Gone):
            if failed is None:
                await self._tell({"id": name, "type": "complete"})
            else:
                await self._failed(name, failed)

    async def _failed(self, name: str, problem: Exception) -> None:
        """Say why a subscription has ended or not begun; when it is the caller's credentials, all of them have."""
        error = self._streams.answers.failure(problem, self._caller.request_id)
        await self._tell({"id": name, "type": "error", "payload": [error]})
        if isinstance(problem, InvalidToken):
            raise _Ended(Close.FORBIDDEN, f"Forbidden: {problem.description}")

    async def _pong(self, message: dict[str, Any], code: Close, otherwise: str) -> None:
        """Answer a ping, and take a pong; close for anything else."""
        if message["type"] == "ping":
            payload = message.get("payload")
            await self._tell({"type": "pong"} if payload is None else {"type": "pong", "payload": payload})
        elif message["type"] != "pong":
            raise _Ended(code, otherwise)

    async def _next(self) -> dict[str, Any]:
        received = await self._receive()
        while received["type"] == "websocket.connect":
            received = await self._receive()
        if received["type"] == "websocket.disconnect":
            raise _Gone
        text = received.get("text")
        if text is None:
            raise _Ended(Close.BAD_REQUEST, "A message is text, not binary")
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise _Ended(Close.BAD_REQUEST, "A message is JSON") from None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise _Ended(Close.BAD_REQUEST, "A message is a JSON object with a member type")
        return message

    async def _tell(self, message: dict[str, Any]) -> None:
        """Send a message, as text: bytes would be a binary frame, which clients do not take."""
        try:
            await self._send({"type": "websocket.send", "text": orjson.dumps(message).decode()})
        except OSError:
            raise _Gone from None


def _authorization(payload: Any) -> str | None:
    """The credentials in a `connection_init`, under the name that the HTTP header has."""
    if payload is None:
        return None
    if not isinstance(payload, dict):
        raise _Ended(Close.BAD_REQUEST, "The payload of connection_init is an object or null")
    found = [value for name, value in payload.items() if name.lower() == "authorization"]
    if not found:
        return None
    if len(found) > 1 or not isinstance(found[0], str):
        raise _Ended(Close.FORBIDDEN, "Forbidden: Authorization must be given once, as text")
    return found[0]


def _id(message: dict[str, Any]) -> str:
    name = message.get("id")
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_ID:
        raise _Ended(Close.BAD_REQUEST, f"An id is a text of 1 to {_LONGEST_ID} characters")
    return name


def _each(group: BaseExceptionGroup[_Ended]) -> Iterator[_Ended]:
    for one in group.exceptions:
        if isinstance(one, BaseExceptionGroup):
            yield from _each(one)
        else:
            yield one

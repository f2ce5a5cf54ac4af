"""Structured logs: one line of JSON (or text) each. No tokens, no query texts, no values of variables."""

import logging
import sys
import traceback
from typing import Any, Final, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor

from gateway.settings import LogFormat, Settings

TALKATIVE: Final = ("neo4j", "httpx", "httpcore", "asyncio", "casbin", "uvicorn")
"""Libraries that below warnings write what we promised not to (parameters, whole addresses), or what nobody needs."""

_FRAMES: Final = 12


def configure_logging(settings: Settings, stream: TextIO | None = None) -> None:
    """Send everything that this process logs to `stream` (standard error), in one form. Can be called again."""
    out = stream or sys.stderr
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _trace,
    ]
    as_json = settings.log_format is LogFormat.JSON
    render: Processor = (
        structlog.processors.JSONRenderer(serializer=_text)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(serializer=orjson.dumps) if as_json else render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(out.buffer) if as_json else structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def _trace(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """What raised and where. Not its message, which may quote what a caller sent: only debugging shows that."""
    error = event.pop("exc_info", None)
    if error is True or isinstance(error, tuple):
        error = sys.exc_info()[1] if error is True else error[1]
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
        event["error"] = type(error).__name__
        event["where"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        if logging.getLogger().isEnabledFor(logging.DEBUG):
            event["message"] = str(error)
    return event


def _text(value: Any, **options: Any) -> str:
    return orjson.dumps(value, **options).decode()

"""Everything that the process logs, whoever logs it, comes out in one form and without what callers sent."""

import io
import logging
from collections.abc import Callable
from typing import Any

import structlog

from gateway.app import configure_logging
from gateway.app.logs import TALKATIVE
from gateway.settings import LogFormat, LogLevel, Settings

Logs = Callable[[], list[dict[str, Any]]]


def test_libraries_lines_have_the_same_form(logs: Logs) -> None:
    logging.getLogger("uvicorn.error").warning("%s stopped", "worker")
    structlog.get_logger().warning("ours", detail=1)
    theirs, ours = logs()
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("worker stopped", "warning", "uvicorn.error")
    assert (ours["event"], ours["level"], ours["detail"]) == ("ours", "warning", 1)
    assert theirs["time"].endswith("Z") == ours["time"].endswith("Z") is True


def test_a_librarys_trace_shows_where_and_not_what(logs: Logs) -> None:
    try:
        raise ValueError("a caller's value")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("failed")
    (line,) = logs()
    assert line["error"] == "ValueError"
    assert "test_logs.py" in line["where"][0]
    assert "a caller's value" not in repr(line)


def test_talkative_libraries_stay_quiet_even_when_debugging(settings: Settings, logs: Logs) -> None:
    stream = io.TextIOWrapper(io.BytesIO())
    configure_logging(settings.model_copy(update={"log_level": LogLevel.DEBUG}), stream)
    for name in TALKATIVE:
        logging.getLogger(f"{name}.io").debug("C: RUN {'query': 'secret'}")
        logging.getLogger(f"{name}.io").info("GET https://id.example/?code=secret")
    stream.seek(0)
    assert stream.read() == ""


def test_lines_below_the_level_are_not_written(settings: Settings, logs: Logs) -> None:
    structlog.get_logger().debug("ours")
    logging.getLogger("gateway.policy").debug("theirs")
    assert logs() == []


def test_text_is_for_people(settings: Settings, logs: Logs) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    configure_logging(settings.model_copy(update={"log_format": LogFormat.TEXT}), stream)
    structlog.get_logger().info("ready", place="青阳")
    logging.getLogger("gateway.policy").info("theirs")
    stream.seek(0)
    ours, theirs = stream.read().splitlines()
    assert "ready" in ours
    assert "place=青阳" in ours
    assert "theirs" in theirs

"""A gateway's settings for one test, and what it logs."""

import io
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog

from gateway.app import configure_logging
from gateway.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Defaults, whatever this machine's environment says, with a state directory of its own."""
    for name in [name for name in os.environ if name.startswith("GATEWAY_")]:
        monkeypatch.delenv(name)
    return Settings(state=tmp_path / "state")


@pytest.fixture
def logs(settings: Settings) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What has been logged so far, line by line."""
    root, stream = logging.getLogger(), io.TextIOWrapper(io.BytesIO())
    handlers, level = root.handlers[:], root.level
    configure_logging(settings, stream)

    def read() -> list[dict[str, Any]]:
        stream.flush()
        return [orjson.loads(line) for line in stream.buffer.getvalue().splitlines()]

    yield read
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()

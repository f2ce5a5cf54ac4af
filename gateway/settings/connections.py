"""How agencies' own databases are reached, as the file of `GATEWAY_CONNECTIONS` says it."""

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

_NAMED: TypeAdapter[dict[str, str]] = TypeAdapter(dict[str, str])


def load_connections(path: Path | None) -> Mapping[str, str]:
    """Connections by the names that sources have for them; none without a file.

    Raises:
        ValueError: it cannot be read, or says something else; what it says is not repeated, for it holds secrets.
    """
    if path is None:
        return {}
    try:
        return _NAMED.validate_python(json.loads(path.read_text("utf-8")), strict=True)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, ValidationError):
        text = f"{path} must be a JSON object with a name and a postgresql:// address for each database"
        raise ValueError(text) from None

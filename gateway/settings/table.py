"""The table of settings in the README, generated so that it cannot drift."""

from enum import Enum
from typing import Any

from pydantic.fields import FieldInfo

from gateway.settings.options import PREFIX, Settings


def settings_table() -> str:
    """A Markdown table with one row per setting: variable, default, what it does and its unit."""
    rows = ["| variable | default | what it does |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        extra: Any = field.json_schema_extra or {}
        unit = f" ({extra['unit']})" if extra["unit"] else ""
        rows.append(f"| `{PREFIX}{name.upper()}` | {extra['shown'] or _default(field)} | {field.description}{unit} |")
    return "\n".join(rows) + "\n"


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, Enum):
        value = value.value
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"

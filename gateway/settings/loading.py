"""Reading the environment: all mistakes at once, each a sentence that names the variable."""

import os
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from gateway.settings.options import PREFIX, Settings

_CONSEQUENCE = "default_factory_not_called"
"""Not a mistake of its own: a default that depends on another option, which is wrong."""


class SettingsRefused(ValueError):
    """The settings are wrong. `problems` holds one sentence each; secrets are never among them."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def load_settings(**overrides: Any) -> Settings:
    """The settings of this process's environment; `overrides` (a command's own options) win.

    Raises:
        SettingsRefused: a wrong value, an unknown `GATEWAY_` variable, or options that exclude each other.
    """
    problems = list(_unknown())
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        raise SettingsRefused(
            problems + [_sentence(detail) for detail in error.errors() if detail["type"] != _CONSEQUENCE]
        ) from None
    if problems:
        raise SettingsRefused(problems)
    return settings


def _unknown() -> Iterator[str]:
    """A misspelt limit would silently not apply, so every variable with our prefix has to be one of ours."""
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            close = get_close_matches(name.upper(), known, n=1)
            yield f"{name} is not a setting" + (f"; did you mean {close[0]}?" if close else "")


def _secret(field: FieldInfo) -> bool:
    return field.annotation is SecretStr or SecretStr in get_args(field.annotation)


def _sentence(detail: ErrorDetails) -> str:
    message = detail["msg"].removeprefix("Value error, ")
    if not detail["loc"]:
        return message
    name, *inside = detail["loc"]
    field = Settings.model_fields.get(str(name))
    variable = PREFIX + str(name).upper() + "".join(f"[{part}]" for part in inside)
    if field is None:
        return f"{variable} is not a setting"
    shown = "(secret)" if _secret(field) else repr(detail["input"])
    if len(shown) > 80:
        shown = shown[:77] + "…"
    return f"{variable}={shown}: {message[:1].lower()}{message[1:]}. It is: {field.description}"

"""Writes the generated parts of the documents: `python -m tests.checks.documents`."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import typer

from gateway.audit.kinds import kinds_table
from gateway.cli import build_app
from gateway.lineage.export import FORMS
from gateway.lineage.export.checking import verify_lineage
from gateway.settings import settings_table
from gateway.sharing.procedure import steps_table
from gateway.verify import Reason, TokenVerifier

_ROOT: Final = Path(__file__).parent.parent.parent
README: Final = _ROOT / "README.md"
LOG: Final = _ROOT / "docs" / "log.md"
WEBHOOKS: Final = _ROOT / "docs" / "webhooks.md"
DATA: Final = _ROOT / "docs" / "data.md"
PROCEDURES: Final = _ROOT / "docs" / "procedures.md"
LINEAGE_EXPORT: Final = _ROOT / "docs" / "lineage-export.md"
PARTNERS: Final = _ROOT / "docs" / "partners.md"
LINEAGE: Final = _ROOT / "docs" / "lineage.md"


def commands_table() -> str:
    """The commands of `gateway` with the first line of their help."""
    group = typer.main.get_command(build_app())
    commands = getattr(group, "commands", {})
    lines = ["| command | what it does |", "|---|---|"]
    for name, command in sorted(commands.items()):
        help_text = " ".join((command.help or "").split("\n\n")[0].split())
        inner = getattr(command, "commands", None)
        words = "\\|".join(inner or ())
        names = f"{name} {words}" if inner else name
        if inner and command.invoke_without_command:
            names = f"{name} [{words}]"
        lines.append(f"| `gateway {names}` | {help_text} |")
    return "\n".join(lines)


def checks_table() -> str:
    """The checks of a token, as the one who makes them numbers them."""
    text = inspect.cleandoc(TokenVerifier.verify.__doc__ or "").partition("Raises:")[0].partition("1. ")[2]
    steps = [" ".join(step.split()) for step in re.split(r"\n\d+\. ", text)]
    numbered = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
    return f"{numbered}\n\n{', '.join(f'`{reason}`' for reason in Reason)}."


def formats_table() -> str:
    """The formats of lineage."""
    rows = [f"| `{name}` | `{form.media_type}` | `{form.file}` |" for name, form in FORMS.items()]
    return "\n".join(["| format | media type | in an export |", "|---|---|---|", *rows])


def steps_of_lineage() -> str:
    """The steps by which exported lineage is checked, as the one who takes them numbers them."""
    return inspect.cleandoc(verify_lineage.__doc__ or "").partition("Raises:")[0].partition("\n\n")[2].strip()


PARTS: Final[dict[Path, dict[str, Callable[[], str]]]] = {
    README: {"commands": commands_table, "settings": settings_table},
    LOG: {"events": kinds_table},
    PROCEDURES: {"steps": steps_table},
    WEBHOOKS: {},
    PARTNERS: {"checks": checks_table},
    LINEAGE: {},
    DATA: {},
    LINEAGE_EXPORT: {"formats": formats_table, "steps": steps_of_lineage},
}
"""The documents that are checked, and the generated parts of each by the marks around them."""


def generated(document: Path) -> str:
    """A document with its generated parts as they have to be."""
    text = document.read_text(encoding="utf-8")
    for name, part in PARTS[document].items():
        before, _, rest = text.partition(f"<!-- {name} -->")
        _, _, after = rest.partition(f"<!-- /{name} -->")
        text = f"{before}<!-- {name} -->\n{part().strip()}\n<!-- /{name} -->{after}"
    return text


if __name__ == "__main__":
    for written in PARTS:
        written.write_text(generated(written), encoding="utf-8")

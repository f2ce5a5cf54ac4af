"""Writes the generated parts of the README: `python -m tests.checks.readme`."""

from pathlib import Path
from typing import Final

import typer

from gateway.cli import build_app
from gateway.settings import settings_table

README: Final = Path(__file__).parent.parent.parent / "README.md"


def commands_table() -> str:
    """The commands of `gateway` with the first line of their help."""
    group = typer.main.get_command(build_app())
    commands = getattr(group, "commands", {})
    lines = ["| command | what it does |", "|---|---|"]
    for name, command in sorted(commands.items()):
        help_text = " ".join((command.help or "").split("\n\n")[0].split())
        inner = getattr(command, "commands", None)
        names = f"{name} " + "\\|".join(inner) if inner else name
        lines.append(f"| `gateway {names}` | {help_text} |")
    return "\n".join(lines)


def generated(text: str) -> str:
    """The README with its generated parts as they have to be."""
    for name, part in (("commands", commands_table()), ("settings", settings_table())):
        before, _, rest = text.partition(f"<!-- {name} -->")
        _, _, after = rest.partition(f"<!-- /{name} -->")
        text = f"{before}<!-- {name} -->\n{part.strip()}\n<!-- /{name} -->{after}"
    return text


if __name__ == "__main__":
    README.write_text(generated(README.read_text(encoding="utf-8")), encoding="utf-8")

"""`gateway schema`: the schema as clients get it, and whether a change of it breaks them."""

from pathlib import Path
from typing import Annotated, Final

import typer
from graphql import BreakingChange, build_schema, find_breaking_changes

from gateway import schema as schema_room
from gateway.cli._console import notes, report

CHECKED_IN: Final = Path("schema.graphql")
DECLARED: Final = Path("schema.breaking")

_DECLARE: Final = "Keep the old form, or declare each in schema.breaking as: <the line above> | <why, and since when>"
_WRITE: Final = "Look at the difference, then run: gateway schema > schema.graphql"


def sdl() -> str:
    """The schema in GraphQL's schema language, as it is checked in."""
    return schema_room.build_schema().as_str() + "\n"


def declared(text: str) -> dict[str, str]:
    """The declared breaking changes with their reasons, one a line: `CHANGE | reason`; `#` begins a comment."""
    lines = (line.strip() for line in text.splitlines())
    parts = (line.rpartition(" | ") for line in lines if line and not line.startswith("#"))
    return {change.strip(): reason.strip() for change, _, reason in parts if change.strip() and reason.strip()}


def undeclared(old: str, new: str, known: dict[str, str]) -> list[str]:
    """The breaking changes from one schema text to another that nobody declared."""
    changes = find_breaking_changes(build_schema(old, assume_valid_sdl=True), build_schema(new, assume_valid_sdl=True))
    return [found for change in changes if (found := _line(change)) not in known]


def problems(old: str, new: str, known: dict[str, str]) -> list[str]:
    """What is wrong with the checked-in schema, and what to do; nothing when it is the schema's own text."""
    breaking = undeclared(old, new, known)
    if breaking:
        return [*(f"breaking change: {change}" for change in breaking), _DECLARE]
    return [] if old == new else ["schema.graphql is not what the schema says now.", _WRITE]


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command("schema")
    def schema_(
        check: Annotated[
            bool, typer.Option("--check", help="Compare with schema.graphql; fail when a change breaks clients.")
        ] = False,
    ) -> None:
        """Print the GraphQL schema, or compare it with the one that is checked in."""
        if not check:
            typer.echo(sdl(), nl=False)
            return
        if not CHECKED_IN.exists():
            report(f"{CHECKED_IN} is not here. Run this in the project's directory.")
            raise typer.Exit(1)
        known = declared(DECLARED.read_text(encoding="utf-8")) if DECLARED.exists() else {}
        found = problems(CHECKED_IN.read_text(encoding="utf-8"), sdl(), known)
        for line in found:
            report(line)
        if found:
            raise typer.Exit(1)
        notes.print("schema.graphql is up to date.")


def _line(change: BreakingChange) -> str:
    return f"{change.type.name}: {change.description}"

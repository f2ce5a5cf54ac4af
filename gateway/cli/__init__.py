"""The `gateway` command. It reads settings, calls one room and tells a person what happened; it decides nothing.

Every module of this package whose name does not begin with an underscore is a group of commands and has
`register(app)`; a new command is a new module.
"""

import importlib
import pkgutil
import sys

import typer

from gateway.audit.errors import LogError
from gateway.cli._console import report
from gateway.graph.errors import GraphError
from gateway.settings import SettingsRefused


def build_app() -> typer.Typer:
    """The command line with everything that the package's modules register."""
    app = typer.Typer(
        name="gateway",
        help="One GraphQL gateway to a city's public-data catalogues.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_gateway)
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")):
        importlib.import_module(f"{__name__}.{module}").register(app)
    return app


def main() -> None:
    """Run the command line. Expected failures end with exit code 1 and say what to do next, never with a trace."""
    try:
        build_app()()
    except (GraphError, LogError, SettingsRefused) as problem:
        report(str(problem))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _gateway() -> None:
    """Settings are the environment variables GATEWAY_…; the README lists them."""

"""The commands as the library of command lines sees them: their options, their help.

A command's module is imported when the command is called, and imports what it needs when it runs.
"""

import os
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from importlib import import_module
from inspect import Parameter, signature
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from recctl import __version__
from recctl.cli import COMMANDS
from recctl.cli.settings import chosen_file
from recctl.errors import EXIT_MEANINGS

_EPILOG = "Exit codes: " + ", ".join(f"{code} {text}" for code, text in EXIT_MEANINGS.items()) + "."

_CONFIG = Annotated[
    str | None, typer.Option(metavar="FILE", help="Take the configuration from this file.")
]


def _configured(run: Callable[..., int]) -> Callable[..., int]:
    """A command's function with one more option, `--config`, which every command has."""

    @wraps(run)
    def configured(*arguments: Any, config: str | None = None, **options: Any) -> int:
        chosen_file.set(config)
        return run(*arguments, **options)

    known = signature(run)
    added = Parameter("config", Parameter.KEYWORD_ONLY, default=None, annotation=_CONFIG)
    parameters = [*known.parameters.values(), added]
    configured.__signature__ = known.replace(parameters=parameters)  # type: ignore[attr-defined]
    configured.__annotations__ = {**run.__annotations__, "config": _CONFIG}
    return configured


class _Command(TyperCommand):
    """A command some of whose options may go without their value.

    `optional_values` has those options and what they mean then. A folder is never such a value.
    """

    optional_values: Mapping[str, str]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        given = args[: args.index("--")] if "--" in args else args
        for place, argument in enumerate(given):
            after = given[place + 1 : place + 2]
            alone = not after or after[0].startswith("-") or os.path.isdir(after[0])  # noqa: PTH112
            if argument in self.optional_values and alone:
                args[place] = f"{argument}={self.optional_values[argument]}"
        return super().parse_args(ctx, args)


class _LazyGroup(TyperGroup):
    """Commands that are imported when they are called or asked for help."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        # Only the names are read from this, for "did you mean".
        self.commands: Any = dict.fromkeys(COMMANDS)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the base class's signature
        return list(COMMANDS)

    def get_command(self, ctx: Any, name: str) -> Any:  # noqa: ARG002
        if name not in COMMANDS:
            return None
        module = import_module(f"recctl.cli.{name}")
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        text = COMMANDS[name] + "\n\n" + module.DETAILS
        app.command(name, cls=_Command, help=text, epilog=_EPILOG)(_configured(module.run))
        command: Any = typer.main.get_command(app)
        command.optional_values = getattr(module, "OPTIONAL_VALUES", {})
        return command


_app = typer.Typer(
    cls=_LazyGroup,
    rich_markup_mode=None,
    no_args_is_help=True,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"recctl {__version__}\n")
        raise typer.Exit


@_app.callback()
def _root(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Fsck, linter and reader for corpora of recorded API traffic."""


def run() -> int:
    """Run the command that the process was called with, and give its exit code.

    Raises what the command raises, and the library's own errors for a line that makes no sense.
    """
    return typer.main.get_command(_app)(prog_name="recctl", standalone_mode=False) or 0

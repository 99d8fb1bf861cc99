"""The commands as the library of command lines sees them: their options, their help.

A command's module is imported when the command is called, and imports what it needs when it runs.
"""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from importlib import import_module
from inspect import Parameter, Signature, signature
from typing import Annotated, Any, get_args

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
    """A command's function with each of its options as a parameter, and `--config` as the last.

    A parameter whose type is a dataclass stands for a group of options, its fields.
    """
    known = signature(run).parameters
    groups: dict[str, Any] = {
        name: one.annotation for name, one in known.items() if is_dataclass(one.annotation)
    }

    def configured(config: str | None, **options: Any) -> int:
        chosen_file.set(config)
        made = {
            name: group(**{one.name: options.pop(one.name) for one in fields(group)})
            for name, group in groups.items()
        }
        return run(**options, **made)

    parameters: list[Parameter] = []
    for name, parameter in known.items():
        members = fields(groups[name]) if name in groups else ()
        parameters += [_option(one.name, one.type, one.default) for one in members] or [parameter]
    parameters.append(_option("config", _CONFIG, None))
    configured.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    configured.__annotations__ = {one.name: one.annotation for one in parameters}
    return configured


def _option(name: str, annotation: Any, default: Any) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


_TEXTS = (str, str | None, list[str], list[str] | None)


class _Sparing:
    """A command that takes as they are texts, and what is not given.

    The library has every value checked by pydantic, whose import takes longer than most commands.
    """

    annotations: Mapping[str, Any] = {}

    def get_params(self, ctx: Any) -> list[Any]:
        parameters: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for one in parameters:
            if "process_value" not in vars(one):
                one.process_value = partial(self._value, one, one.process_value)
        return parameters

    def _value(self, parameter: Any, converted: Callable[..., Any], ctx: Any, value: Any) -> Any:
        if parameter.required and value is None:
            return converted(ctx, value)
        if value is None or value is parameter.default:
            return parameter.callback(ctx, parameter, value) if parameter.callback else value
        annotation = self.annotations.get(parameter.name)
        if (get_args(annotation) or (annotation,))[0] not in _TEXTS or parameter.callback:
            return converted(ctx, value)
        return value if isinstance(value, str) else list(value) or None


class _Command(_Sparing, TyperCommand):
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


class _LazyGroup(_Sparing, TyperGroup):
    """Commands that are imported when they are called or asked for help."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        # Only the names are read from this, for "did you mean".
        self.commands: Any = dict.fromkeys(COMMANDS)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Let who wants completion leave the shell out: then it is the user's own."""
        alone = args in (["--install-completion"], ["--show-completion"])
        return super().parse_args(ctx, [f"{args[0]}="] if alone else args)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the base class's signature
        return list(COMMANDS)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - as above
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def get_command(self, ctx: Any, name: str) -> Any:  # noqa: ARG002
        if name not in COMMANDS:
            return None
        module = import_module(f"recctl.cli.{name}")
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        text = COMMANDS[name] + "\n\n" + module.DETAILS
        run = _configured(module.run)
        app.command(name, cls=_Command, help=text, epilog=_EPILOG)(run)
        command: Any = typer.main.get_command(app)
        command.optional_values = getattr(module, "OPTIONAL_VALUES", {})
        command.annotations = run.__annotations__
        return command


_app = typer.Typer(
    cls=_LazyGroup,
    add_completion=False,  # its scripts have a shell run what is printed, also what trees hold
    rich_markup_mode=None,
    no_args_is_help=True,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"recctl {__version__}\n")
        raise typer.Exit


def _install_completion(shell: str | None) -> None:
    if shell is not None:
        from recctl.cli import completion

        sys.stdout.write(f"{completion.install(shell)}\n")
        raise typer.Exit


def _show_completion(shell: str | None) -> None:
    if shell is not None:
        from recctl.cli import completion

        sys.stdout.write(completion.script(shell))
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
    install_completion: Annotated[
        str | None,
        typer.Option(
            metavar="[SHELL]",
            help="Teach bash, zsh or fish to complete words; without one, the shell that is yours.",
            callback=_install_completion,
            is_eager=True,
            show_default=False,
        ),
    ] = None,
    show_completion: Annotated[
        str | None,
        typer.Option(
            metavar="[SHELL]",
            help="Print what --install-completion would have the shell run.",
            callback=_show_completion,
            is_eager=True,
            show_default=False,
        ),
    ] = None,
) -> None:
    """Fsck, linter and reader for corpora of recorded API traffic."""


def root() -> Any:
    """All commands, as the library has them."""
    return typer.main.get_command(_app)


def run() -> int:
    """Run the command that the process was called with, and give its exit code.

    Raises what the command raises, and the library's own errors for a line that makes no sense.
    """
    try:
        return root()(prog_name="recctl", standalone_mode=False) or 0
    except SystemExit as left:
        # To a closed pipe the library has an answer of its own.
        if isinstance(left.__context__, OSError):
            raise left.__context__ from None
        raise

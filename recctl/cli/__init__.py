"""The command line: which commands there are, and the one place where errors end.

A command's module is imported when the command is called, and imports what it needs when it runs.
"""

import errno
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from functools import wraps
from importlib import import_module
from inspect import Parameter, signature
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from recctl import __version__
from recctl.cli.settings import chosen_file
from recctl.errors import EXIT_MEANINGS, ExitCode, RecctlError
from recctl.safetext import harmless

COMMANDS = {
    "validate": "Check recordings: text, structure, hash, folder, answer.",
    "show": "Print one recording as a conversation.",
    "assemble": "Print answers in one piece, as JSON.",
    "ls": "List recordings, one line each.",
    "rehash": "Give stale recordings the names that today's rules ask for.",
    "migrate": "Change requests, tests or types on purpose; names follow.",
    "prune": "Remove recordings that evidence proves unused.",
    "trace": "Run a command and note which recordings it opens.",
    "stats": "Total recordings by folder, test, model, standing and more.",
    "normalize": "Do to old recordings what the recorder does to new ones.",
    "restore": "Bring recordings back from git's history.",
    "apply": "Carry out a plan, or finish one that was interrupted.",
    "undo": "Take back a change: the tree is again as it was.",
    "history": "List what was changed, and what can be taken back.",
    "schema": "Print a JSON Schema, or the names of all.",
    "rule": "Explain a rule, or list all.",
    "dialects": "List the hash dialects, and count which recordings agree.",
    "hash": "Print a request's hash under each dialect.",
    "config": "Print the configuration, and where each value comes from.",
}
"""Every command and its line of help; the module of the same name holds the rest."""

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


def main() -> None:
    """Run the command line and exit. Bad input ends in one line on stderr, never a traceback."""
    _prepare_streams()
    # Recordings are trees, and what is imported stays: a collector would walk both for nothing.
    gc.disable()
    try:
        code = typer.main.get_command(_app)(prog_name="recctl", standalone_mode=False) or 0
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    except RecctlError as error:
        code = _told(str(error), error.exit_code)
    except Exception as error:
        code = _told_of_other(error)
    gc.freeze()  # nor is there a need to walk them at the end
    sys.exit(code)


def _prepare_streams() -> None:
    """Make printing never fail for a character, and quiet where nobody reads any more."""
    if hasattr(signal, "SIGPIPE") and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _told(message: str, code: int) -> int:
    sys.stderr.write(f"recctl: {harmless(message)}\n")
    return code


def _told_of_other(error: Exception) -> int:
    """An error of the command line's library, of the system, or one of our own making."""
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(f"{error.format_message()}\n")  # type: ignore[attr-defined]
        return ExitCode.USAGE
    if hasattr(error, "format_message"):
        message = error.format_message().rstrip(".").replace("Value error, ", "")
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "recctl"
        return _told(f"{message[:1].lower()}{message[1:]} (see {command} --help)", ExitCode.USAGE)
    if os.environ.get("RECCTL_DEBUG"):
        raise error
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        # What could not be written would be tried again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _told("cannot write: no space left on the device", ExitCode.USAGE)
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return _told(f"internal error: {text}; RECCTL_DEBUG=1 shows where", ExitCode.USAGE)

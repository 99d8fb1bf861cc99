"""Writing to the terminal, and the options that commands share."""

import os
import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recctl.errors import ExitCode, UnreadableError
from recctl.project import OWN_FOLDER

if TYPE_CHECKING:
    from rich.text import Text

    from recctl.config import Settings
    from recctl.corpus import Corpus


JOURNAL = f"{OWN_FOLDER}/journal"
"""Where the plan engine keeps what it is doing, below the root of the changes."""


class Color(StrEnum):
    """When to color."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


Paths = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PATHS",
        help="Files or folders; none: the configured roots, else all below this folder.",
        show_default=False,
    ),
]
ColorOption = Annotated[
    Color, typer.Option(help="Color the text; auto: on a terminal, unless NO_COLOR is set.")
]


def find_corpus(paths: list[str] | None, settings: "Settings") -> tuple["Corpus", ExitCode]:
    """The corpus at the given paths, else at the configured roots.

    Missing ones are named on stderr and make the code 2.
    """
    from recctl.corpus import find  # noqa: PLC0415

    return with_missing_told(find(paths or settings.root_paths))


def with_missing_told(corpus: "Corpus") -> tuple["Corpus", ExitCode]:
    """A corpus and the exit code so far.

    Its missing paths are named on stderr, and a change that was begun and is not finished.
    """
    from recctl.safetext import one_line  # noqa: PLC0415

    _tell_unfinished()
    for path in corpus.missing:
        note(f"{one_line(path)}: no such file or folder")
    return corpus, ExitCode.USAGE if corpus.missing else ExitCode.FINE


def _tell_unfinished() -> None:
    """Look for a journal first, which costs next to nothing."""
    try:
        here = Path.cwd()
    except OSError:
        return
    if any((folder / JOURNAL).exists() for folder in (here, *here.parents)):
        from recctl.cli.changing import root_in, tell_unfinished  # noqa: PLC0415

        tell_unfinished(root_in(None))


def note(message: str) -> None:
    """One line on stderr, after what stdout has so far."""
    sys.stdout.flush()
    sys.stderr.write(f"recctl: {message}\n")


def read_stdin() -> bytes:
    """All bytes of standard input. Raises UnreadableError where it is closed."""
    if sys.stdin is None:
        raise UnreadableError("standard input: closed")
    return sys.stdin.buffer.read()


def write(text: str) -> None:
    """Text on stdout, as it is."""
    sys.stdout.write(text)


def terminal_width() -> int | None:
    """Columns of the terminal that stdout is; null where it is none."""
    if not sys.stdout.isatty():
        return None
    return os.get_terminal_size(sys.stdout.fileno()).columns or 80


def print_lines(lines: Iterable["Text"], color: Color) -> None:
    """Styled lines on stdout, wrapped on a terminal and whole in a pipe."""
    width = terminal_width()
    no_color = color is Color.AUTO and bool(os.environ.get("NO_COLOR"))
    is_piped = width is None and not os.environ.get("FORCE_COLOR")
    plain = color is Color.NEVER or no_color or (color is Color.AUTO and is_piped)
    if width is not None:
        from recctl.render.terminal import wrapped  # noqa: PLC0415

        lines = wrapped(lines, width)
    if plain:
        sys.stdout.writelines(f"{line.plain.expandtabs()}\n" for line in lines)
        return
    from rich.console import Console  # noqa: PLC0415

    console = Console(
        file=sys.stdout,
        force_terminal=True if color is Color.ALWAYS else None,
        highlight=False,
        soft_wrap=True,
    )
    for line in lines:
        console.print(line)

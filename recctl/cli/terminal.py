"""Writing to the terminal, and reading from it."""

import os
import sys
from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING

from recctl.errors import UnreadableError

if TYPE_CHECKING:
    from rich.text import Text


class Color(StrEnum):
    """When to color."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


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
        from recctl.render.terminal import wrapped

        lines = wrapped(lines, width)
    if plain:
        sys.stdout.writelines(f"{line.plain.expandtabs()}\n" for line in lines)
        return
    from rich.console import Console

    console = Console(
        file=sys.stdout,
        force_terminal=True if color is Color.ALWAYS else None,
        highlight=False,
        soft_wrap=True,
    )
    for line in lines:
        console.print(line)

"""Text that is safe to print, and lines that know how to wrap."""

import re
from collections.abc import Iterable, Iterator

from rich.text import Text

_UNSAFE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, terminal escapes among them
    "\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what reverses the direction of text
    "\ud800-\udfff"  # halves of surrogate pairs, which cannot be written
    "]"
)
_BASE64 = re.compile(
    r"[A-Za-z0-9+/_-]{60,}+(?:\r?\n[A-Za-z0-9+/_-]{60,}+)*+(?:\r?\n[A-Za-z0-9+/_-]{1,59}+=)?={0,2}"
)
_SHOWN_BASE64 = 24
_LONG_BASE64 = 200


def harmless(text: str) -> str:
    """A text in which nothing acts on a terminal: escapes are shown, not obeyed.

    Line feeds and tabs stay. A carriage return before a line feed is dropped.
    """
    return _UNSAFE.sub(_escaped, text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """A harmless text without line breaks, for names and paths."""
    return harmless(text).replace("\n", "\\n").replace("\t", "\\t")


def shortened(text: str) -> str:
    """A text whose long base64 is cut, saying how long it was."""
    return _BASE64.sub(_cut, text)


def wrapped(lines: Iterable[Text], width: int) -> Iterator[Text]:
    """Lines no wider than a terminal; what is wrapped keeps its line's indentation.

    Words are not split and `no_wrap` lines stay whole, so that a path or a hash can be copied.
    """
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it

    console = Console(width=width)
    for line in lines:
        if line.no_wrap or line.cell_len <= width:
            yield line
            continue
        indent = min(len(line.plain) - len(line.plain.lstrip(" ")), width // 2)
        for piece in line[indent:].wrap(console, width - indent, overflow="ignore"):
            yield Text(" " * indent) + piece


def columns(rows: Iterable[tuple[str, ...]], *, right: frozenset[int] = frozenset()) -> list[str]:
    """Rows as aligned columns, two spaces apart; the columns in `right` end on the right."""
    table = list(rows)
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    lines = []
    for cells in table:
        padded = (
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        lines.append("  ".join(padded).rstrip())
    return lines


def plural(count: int, noun: str) -> str:
    """A number and its noun: 1 finding, 2 findings, 1,087 recordings."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _cut(match: re.Match[str]) -> str:
    found = match[0]
    if len(found) < _LONG_BASE64:
        return found
    return f"{found[:_SHOWN_BASE64]}… (base64, {len(found):,} characters)"

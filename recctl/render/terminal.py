"""Lines that know how to wrap, and columns."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from rich.cells import cell_len
from rich.text import Text

_WORD = re.compile(r"\S+\s*")


def wrapped(lines: Iterable[Text], width: int) -> Iterator[Text]:
    """Lines no wider than a terminal; what is wrapped keeps its line's indentation.

    Words are not split and `no_wrap` lines stay whole, so that a path or a hash can be copied.
    """
    for line in lines:
        if line.no_wrap or line.cell_len <= width:
            yield line
            continue
        indent = min(len(line.plain) - len(line.plain.lstrip(" ")), width // 2)
        pieces = line[indent:].divide(_breaks(line.plain[indent:], width - indent))
        for piece in pieces:
            piece.rstrip()
            yield Text(" " * indent) + piece


def fitted(
    rows: Sequence[tuple[str, ...]],
    width: int,
    narrowest: Mapping[int, int],
    *,
    cut_right: Set[int] = frozenset(),
) -> list[tuple[str, ...]]:
    """Rows whose columns, two spaces apart, are no wider than that, as far as that is possible.

    The columns that may be cut are those in `narrowest`, in that order, each down to its own least
    width: on their left, where paths are alike, or on their right if they are in `cut_right`.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    excess = sum(widths) + 2 * (len(widths) - 1) - width
    for place, least in narrowest.items():
        cut = max(0, min(excess, widths[place] - least))
        widths[place] -= cut
        excess -= cut
    return [
        tuple(
            _shorter(cell, widths[place], at_end=place in cut_right)
            for place, cell in enumerate(cells)
        )
        for cells in rows
    ]


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


def _breaks(text: str, width: int) -> list[int]:
    """Where to break a text between words, as offsets."""
    offsets, used = [], 0
    for word in _WORD.finditer(text):
        if used and used + cell_len(word[0].rstrip()) > width:
            offsets.append(word.start())
            used = 0
        used += cell_len(word[0])
    return offsets


def _shorter(text: str, width: int, at_end: bool) -> str:
    if len(text) <= width:
        return text
    return text[: width - 1] + "…" if at_end else "…" + text[len(text) - width + 1 :]

"""Lines that know how to wrap, columns, and long values cut short."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from rich.cells import cell_len
from rich.text import Text

_BREAK = r"(?:\r?\n|\\r\\n|\\n)"  # also as it stands in JSON
_BASE64 = re.compile(
    r"[A-Za-z0-9+/_-]{60,}+"
    rf"(?:{_BREAK}[A-Za-z0-9+/_-]{{60,}}+)*+"
    rf"(?:{_BREAK}[A-Za-z0-9+/_-]{{1,59}}(?==))?={{0,2}}"
)
_SHOWN_BASE64 = 24
_LONG_BASE64 = 200
_WORD = re.compile(r"\S+\s*")


def shortened(text: str) -> str:
    """A text whose long base64 is cut, saying how long it was."""
    return _BASE64.sub(_cut, text)


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


def _cut(match: re.Match[str]) -> str:
    found = match[0]
    if len(found) < _LONG_BASE64 or not _is_mixed(found):
        return found
    return f"{found[:_SHOWN_BASE64]}… (base64, {len(found):,} characters)"


def _is_mixed(text: str) -> bool:
    """Whether a long word is base64 by its letters, and not a path, a ruler or a number."""
    separators = sum(text.count(one) for one in "/-_")
    kinds = (str.isupper, str.islower, str.isdigit)
    return separators * 10 < len(text) and all(any(map(kind, text)) for kind in kinds)

"""Two texts compared: word by word where a line was edited, line by line where lines came or went.

What may be said of a text is bounded, and so is the work: texts come from strangers. Where they
have too much that differs, they are told as rewritten.
"""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Literal

from recctl.compare.secrecy import MASK, cut, shown
from recctl.compare.sequences import common, common_ends
from recctl.compare.values import Line
from recctl.compare.words import visible, words

MOST_LINES = 40
"""So many lines of details a statement has; the others are counted."""

_SHORT = 60
"""Characters of a value that is told with an arrow."""

_MOST_COMPARED = 200_000
"""Characters of two texts, beside what they begin and end with in common, that are compared."""

_MOST_ITEMS = 200
"""A list of more items is told by their number."""

_MOST_LINE_PAIRS = 100
"""So many pairs of lines that stand in one place are compared word by word."""


def edited(before: str, after: str) -> tuple[Line, ...]:
    """What was edited in a text: the lines that differ, one line around them, no more than that.

    What may hold a secret is not shown.
    """
    if _hides_lines(before) or _hides_lines(after):
        return (Line("removed", MASK), Line("added", MASK)) if before != after else ()
    start, end = common_ends(before, after)
    if len(before) + len(after) - 2 * (start + end) > _MOST_COMPARED:
        return bounded(_rewritten(before, after))
    places = _places_of_space(before, after)
    lead = [] if places is None else [Line("context", f"white space only, in {places}")]
    return bounded([*lead, *_hunks(before.split("\n"), after.split("\n"))])


def changed(before: Any, after: Any, label: str = "") -> tuple[Line, ...]:
    """What became of a value: an arrow where both fit beside it, else what went and what came."""
    if isinstance(before, str) and isinstance(after, str) and _is_long(before, after):
        heading = (Line("context", f"{label}:"),) if label else ()
        return (*heading, *edited(before, after))
    lead = f"{label}: " if label else ""
    if isinstance(before, list) and isinstance(after, list) and _are_long(before, after):
        told = f"a list of {len(before):,} became a list of {len(after):,}"
        return (Line("context", f"{lead}{told}"),)
    old, new = (shown(in_json(value), lead) for value in (before, after))
    if len(old) + len(new) <= 2 * _SHORT:
        return (Line("context", f"{lead}{old} → {new}"),)
    return (Line("removed", f"{lead}{cut(old)}"), Line("added", f"{lead}{cut(new)}"))


def stated(text: str, kind: Literal["removed", "added"]) -> tuple[Line, ...]:
    """A text that came or went as a whole."""
    if _hides_lines(text):
        return (Line(kind, MASK),)
    return bounded(_whole(kind, line) for line in text.split("\n"))


def in_json(value: Any) -> str:
    """A value as JSON on one line."""
    return json.dumps(value, ensure_ascii=False)


def _hides_lines(text: str) -> bool:
    """Whether lines of a text may hold a secret only together, as those of a private key do."""
    return (
        "\n" in text and shown(text) == MASK and all(shown(one) == one for one in text.split("\n"))
    )


def bounded(lines: Iterator[Line] | Sequence[Line]) -> tuple[Line, ...]:
    """As many lines as may be told; the last one says how many there are beyond."""
    kept: list[Line] = []
    more = 0
    for line in lines:
        if len(kept) < MOST_LINES:
            kept.append(line)
        else:
            more += 1
    if more:
        kept.append(Line("context", f"… {more:,} more {'line' if more == 1 else 'lines'}"))
    return tuple(kept)


# Lines


def _whole(kind: Literal["removed", "added"], text: str) -> Line:
    """A line that came or went. Of one that is nothing but white space, that is shown."""
    return Line(kind, cut(text) if text.strip() else cut(visible(text) or "⏎"))


def _places_of_space(before: str, after: str) -> str | None:
    """In how many places there is other white space; null where more than that differs."""
    if "".join(before.split()) != "".join(after.split()):
        return None
    gaps = [re.split(r"\S", text) for text in (before, after)]
    places = sum(one != other for one, other in zip(*gaps, strict=True))
    return f"{places:,} {'place' if places == 1 else 'places'}"


def _rewritten(before: str, after: str) -> Iterator[Line]:
    """The first lines of both texts, which are not compared."""
    few = MOST_LINES // 2 - 1
    yield Line("context", f"rewritten: {len(before):,} → {len(after):,} characters")
    yield from (Line("removed", cut(line)) for line in before.split("\n", few)[:few])
    yield from (Line("added", cut(line)) for line in after.split("\n", few)[:few])


def _hunks(before: list[str], after: list[str]) -> Iterator[Line]:
    pairs = [(-1, -1), *common(before, after), (len(before), len(after))]
    shown = -1
    told = 0
    for (old, new), (next_old, next_new) in pairwise(pairs):
        if next_old - old == 1 and next_new - new == 1:
            continue
        if new > shown:
            if new > shown + 1:
                yield _GAP
            yield Line("context", cut(after[new]))
        gone, come = before[old + 1 : next_old], after[new + 1 : next_new]
        yield from _hunk(gone, come, is_read=told <= MOST_LINES)
        told += max(len(gone), len(come))
        shown = next_new - 1
        if next_new < len(after):
            shown = next_new
            yield Line("context", cut(after[next_new]))
    if shown < len(after) - 1:
        yield _GAP


_GAP = Line("context", "…")


def _hunk(old: list[str], new: list[str], *, is_read: bool) -> Iterator[Line]:
    """Lines that differ: if anybody reads them, word by word where one has become another."""
    gone = come = 0
    for one, other, line in _became(old, new) if is_read else ():
        yield from (_whole("removed", text) for text in old[gone:one])
        yield from (_whole("added", text) for text in new[come:other])
        yield line
        gone, come = one + 1, other + 1
    yield from (_whole("removed", text) for text in old[gone:])
    yield from (_whole("added", text) for text in new[come:])


def _became(old: list[str], new: list[str]) -> Iterator[tuple[int, int, Line]]:
    """Which line became which, ascending in both: of each the first that is alike."""
    known: dict[tuple[int, int], Line | None] = {}
    if len(old) == len(new) <= MOST_LINES:
        known = {(one, one): words(old[one], new[one]) for one in range(len(old))}
        if all(known.values()):
            yield from ((one, one, line) for (one, _), line in known.items() if line)
            return
    if len(old) * len(new) > _MOST_LINE_PAIRS:
        return
    come = 0
    for one, text in enumerate(old):
        for other in range(come, len(new)):
            line = known[one, other] if (one, other) in known else words(text, new[other])
            if line is not None:
                yield one, other, line
                come = other + 1
                break


def _are_long(before: list[Any], after: list[Any]) -> bool:
    return max(len(before), len(after)) > _MOST_ITEMS


def _is_long(before: str, after: str) -> bool:
    return max(len(before), len(after)) > _SHORT or "\n" in before + after

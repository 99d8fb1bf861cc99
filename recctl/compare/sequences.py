"""What two sequences have in common, of texts, of lines, of words, of items alike."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Any

_MOST_CELLS = 16_000_000
"""The product of two lengths up to which the longest common subsequence is found exactly: a bit
each, so 2 MB."""


def common(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Which items two sequences have in common: pairs of places, ascending in both.

    As many as there can be (a longest common subsequence). Of long sequences without much in
    common, only what stands between items that each has once is looked into, and where that is
    too much as well, those items alone are given.
    """
    start, end = common_ends(before, after)
    pairs = [(place, place) for place in range(start)]
    ends = (len(before) - end, len(after) - end)
    previous = (start - 1, start - 1)
    for anchor in (*_anchors(before, after, start, ends), ends):
        old, new = (range(previous[side] + 1, anchor[side]) for side in (0, 1))
        pairs += _longest(before, after, old, new)
        if anchor != ends:
            pairs.append(anchor)
        previous = anchor
    pairs += [(ends[0] + place, ends[1] + place) for place in range(end)]
    return pairs


def common_ends(before: Sequence[Any], after: Sequence[Any]) -> tuple[int, int]:
    """How many items two sequences begin and end with in common; texts are cut in halves."""
    shorter = min(len(before), len(after))
    start = common_length(lambda length: before[:length] == after[:length], shorter)
    left = shorter - start
    end = common_length(
        lambda length: before[len(before) - length :] == after[len(after) - length :], left
    )
    return start, end


def common_length(holds: Callable[[int], bool], most: int) -> int:
    """The largest length for which something holds that holds for all shorter ones."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if holds(middle):
            low = middle
        else:
            high = middle - 1
    return low


def _anchors(
    before: Sequence[Hashable], after: Sequence[Hashable], start: int, ends: tuple[int, int]
) -> list[tuple[int, int]]:
    """Where sequences are long: items that stand once in each, as many as are in one order."""
    if (ends[0] - start) * (ends[1] - start) <= _MOST_CELLS:
        return []
    old, new = (
        _places_of_single(sequence, range(start, end))
        for sequence, end in zip((before, after), ends, strict=True)
    )
    pairs = [(place, new[item]) for item, place in old.items() if item in new]
    # The longest rising run of the second places, by patience sorting.
    lasts: list[int] = []
    tops: list[int] = []
    below: list[int] = []
    for number, (_, place) in enumerate(pairs):
        pile = bisect_left(lasts, place)
        below.append(tops[pile - 1] if pile else -1)
        lasts[pile : pile + 1] = [place]
        tops[pile : pile + 1] = [number]
    found = []
    number = tops[-1] if tops else -1
    while number >= 0:
        found.append(pairs[number])
        number = below[number]
    return found[::-1]


def _places_of_single(sequence: Sequence[Hashable], places: range) -> dict[Hashable, int]:
    counts = Counter(sequence[place] for place in places)
    return {sequence[place]: place for place in places if counts[sequence[place]] == 1}


def _longest(
    before: Sequence[Hashable], after: Sequence[Hashable], old: range, new: range
) -> list[tuple[int, int]]:
    """The longest common subsequence of two slices; none where it would take too long.

    A row of bits says where each row of the usual table rises (H. Hyyrö, 2004): a bit that is
    clear is a rise.
    """
    if not old or not new or len(old) * len(new) > _MOST_CELLS:
        return []
    matches: dict[Hashable, int] = {}
    for bit, place in enumerate(new):
        matches[after[place]] = matches.get(after[place], 0) | (1 << bit)
    every = (1 << len(new)) - 1
    row, rows = every, [every]
    for place in old:
        both = row & matches.get(before[place], 0)
        row = ((row + both) | (row - both)) & every
        rows.append(row)
    pairs = []
    up, left = len(old), len(new)
    while up and left:
        if rows[up] >> (left - 1) & 1:
            left -= 1
        elif not rows[up - 1] >> (left - 1) & 1:
            up -= 1
        else:
            up, left = up - 1, left - 1
            pairs.append((old[up], new[left]))
    return pairs[::-1]

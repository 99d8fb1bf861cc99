"""Two texts compared: word by word where a line was edited, line by line where lines came or went.

What may be said of a text is bounded, and so is the work: texts come from strangers. Where they
have too much that differs, they are told as rewritten.
"""

import json
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from recctl.compare.secrecy import names_secret
from recctl.compare.values import Line

MOST_LINES = 40
"""So many lines of details a statement has; the others are counted."""

_LONGEST = 400
"""Characters of a line that came or went."""

_AROUND = 40
"""Characters shown before and after words that differ."""

_MOST_WORDS = 1200
"""Characters of a line in which words differ."""

MASK = "(not shown: it may hold a secret)"
"""What `secrets` has for it, which is imported where something differs."""

_LEAST_SECRET = 8
"""Characters that a credential has at least, with what shows it to be one."""

_SHORT = 60
"""Characters of a value that is told with an arrow."""

_MOST_CELLS = 16_000_000
"""The product of two lengths up to which the longest common subsequence is found exactly: a bit
each, so 2 MB."""

_MOST_LETTERS = 1_000
"""Characters of two lines, beside what they begin and end with in common, up to which all words
are compared. In longer ones, long runs that stand once in each are taken for the same before."""

_PROBE = 32
"""Characters by which such a run is looked for."""

_MOST_COMPARED = 200_000
"""Characters of two texts, beside what they begin and end with in common, that are compared."""

_MOST_ITEMS = 200
"""A list of more items is told by their number."""

_LEAST_ALIKE = 0.4
"""The share of the shorter line's letters that stays where a line was edited, not rewritten."""

_MOST_LINE_PAIRS = 100
"""So many pairs of lines that stand in one place are compared word by word."""

_LONGEST_WORD = 1_000
"""Characters."""

_JOINTS = "-'’"
"""Letters on both sides of one to three of these are one word: `well-known`, `don't`."""

_WORD = rf"\w+(?:[{_JOINTS}]{{1,3}}\w+)*"
_TOKEN = re.compile(rf"{_WORD}|\s+|[^\w\s]")
_LAST_WORD = re.compile(rf"{_WORD}\Z")
_FIRST_WORD = re.compile(_WORD)

_NO_LETTERS = bytes(one for one in range(128) if not chr(one).isalnum())
"""ASCII without letters and digits."""

_SPACES = {" ": "·", "\t": "⇥", "\n": "⏎", "\r": "␍"}
"""How white space is shown where nothing else differs."""

_MARKS = (("[-", "-]", "{+", "+}"), ("⟦-", "-⟧", "⟦+", "+⟧"))
"""What stands around words that went and words that came; the second where a text has the first."""

Segment = tuple[Literal["same", "removed", "added"], str]


def edited(before: str, after: str) -> tuple[Line, ...]:
    """What was edited in a text: the lines that differ, one line around them, no more than that.

    What may hold a secret is not shown.
    """
    if _hides_lines(before) or _hides_lines(after):
        return (Line("removed", MASK), Line("added", MASK)) if before != after else ()
    start, end = _common_ends(before, after)
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


def shown(text: str, lead: str = "") -> str:
    """A recorded text, or what stands in its place where it may hold a secret.

    `lead` is what stands before it: a name may make it one.
    """
    from recctl.secrets import masked  # noqa: PLC0415 - needed only where something differs

    whole = f"{lead}{text}"
    if len(whole) < _LEAST_SECRET:
        return text
    return MASK if names_secret(whole) or masked(whole) != whole else text


def _hides_lines(text: str) -> bool:
    """Whether lines of a text may hold a secret only together, as those of a private key do."""
    return (
        "\n" in text and shown(text) == MASK and all(shown(one) == one for one in text.split("\n"))
    )


def cut(text: str) -> str:
    """A line no longer than one may be, saying how long it was; not shown if it may be secret."""
    text = shown(text)
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST - 40]}… ({len(text):,} characters)"


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


def common(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Which items two sequences have in common: pairs of places, ascending in both.

    As many as there can be (a longest common subsequence). Of long sequences without much in
    common, only what stands between items that each has once is looked into, and where that is
    too much as well, those items alone are given.
    """
    start, end = _common_ends(before, after)
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


# Sequences


def _common_ends(before: Sequence[Any], after: Sequence[Any]) -> tuple[int, int]:
    """How many items two sequences begin and end with in common; texts are cut in halves."""
    shorter = min(len(before), len(after))
    start = _same(lambda length: before[:length] == after[:length], shorter)
    left = shorter - start
    end = _same(lambda length: before[len(before) - length :] == after[len(after) - length :], left)
    return start, end


def _same(holds: Callable[[int], bool], most: int) -> int:
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


# Lines


def _whole(kind: Literal["removed", "added"], text: str) -> Line:
    """A line that came or went. Of one that is nothing but white space, that is shown."""
    return Line(kind, cut(text) if text.strip() else cut(_visible(text) or "⏎"))


def _visible(text: str) -> str:
    """A text in which white space is shown."""
    return "".join(_SPACES.get(one, f"\\u{ord(one):04x}") if one.isspace() else one for one in text)


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
        known = {(one, one): _words(old[one], new[one]) for one in range(len(old))}
        if all(known.values()):
            yield from ((one, one, line) for (one, _), line in known.items() if line)
            return
    if len(old) * len(new) > _MOST_LINE_PAIRS:
        return
    come = 0
    for one, text in enumerate(old):
        for other in range(come, len(new)):
            line = known[one, other] if (one, other) in known else _words(text, new[other])
            if line is not None:
                yield one, other, line
                come = other + 1
                break


# Words


def _words(before: str, after: str) -> Line | None:
    """A line in which words differ; null where so much differs that it is another line."""
    marks = next((one for one in _MARKS if not _has_any(one, before + "\n" + after)), None)
    if marks is None or shown(before) != before or shown(after) != after:
        return None
    segments = _segments(before, after)
    kept = sum(_letters(text) for kind, text in segments if kind == "same")
    if kept < _LEAST_ALIKE * min(_letters(before), _letters(after)) or not kept:
        return None
    told = "".join(_cut_between(segments, marks))
    if len(told) > _MOST_WORDS:
        told = f"{told[:_MOST_WORDS]}… (more words differ)"
    return Line("words", told)


def _has_any(marks: Sequence[str], text: str) -> bool:
    return any(mark in text for mark in marks)


def _letters(text: str) -> int:
    if text.isascii():
        return len(text.encode("ascii").translate(None, _NO_LETTERS))
    return sum(map(str.isalnum, text))


@dataclass(slots=True)
class _Piece:
    """Words that stay, or else words that went and words that came in their place."""

    same: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    come: list[str] = field(default_factory=list)


def _segments(before: str, after: str) -> list[Segment]:
    """A line in pieces; what stays between two that differ is more than a space or a comma."""
    segments: list[Segment] = []
    for piece in _merged(_pieces(before, after)):
        same, gone, come = map("".join, (piece.same, piece.gone, piece.come))
        if same:
            segments.append(("same", same))
            continue
        space = _common_space(gone, come)
        if "".join(gone.split()) == "".join(come.split()):
            gone, come, space = _visible(gone), _visible(come), 0
        changes: tuple[Segment, ...] = (("removed", gone), ("added", come))
        for kind, text in changes:
            if len(text) > space:
                segments.append((kind, text[: len(text) - space]))
        if space:
            segments.append(("same", gone[-space:]))
    return segments


def _pieces(before: str, after: str) -> list[_Piece]:
    """A line in pieces that stay and pieces that differ, in turn."""
    pieces = [_Piece()]
    left = right = 0
    for run in _runs(before, after):
        old = _TOKEN.findall(before[left : run.old])
        new = _TOKEN.findall(after[right : run.new])
        gone = come = 0
        for one, other in (*common(old, new), (len(old), len(new))):
            if one > gone or other > come:
                pieces += [_Piece(gone=old[gone:one], come=new[come:other]), _Piece()]
            if one < len(old):
                pieces[-1].same.append(old[one])
            gone, come = one + 1, other + 1
        left, right = run.old + run.length, run.new + run.length
        pieces[-1].same.append(before[run.old : left])
    made = [piece for piece in pieces if any(piece.same) or piece.gone or piece.come]
    for before_it, piece, after_it in zip(made, made[1:], made[2:], strict=False):
        _turn_over(before_it, piece, after_it)
        _take_words(before_it, piece, after_it)
    return made


class _Run(NamedTuple):
    """Characters that stand in both lines: from where in each, and how many."""

    old: int
    new: int
    length: int


def _runs(before: str, after: str) -> Iterator[_Run]:
    """What two lines begin with in common, long runs in between, and what they end with.

    No word is cut in two. Takes time in proportion to the lines, for each run.
    """
    start, end = _word_ends(before, after)
    ends = _Run(len(before) - end, len(after) - end, end)
    yield _Run(0, 0, start)
    if min(ends.old, ends.new) - start > _MOST_LETTERS:
        yield from _long_runs(before, after, start, ends)
    yield ends


def _long_runs(before: str, after: str, start: int, ends: _Run) -> Iterator[_Run]:
    """Long runs that stand once in what is left of either line, as far as some are found.

    The further none is found, the fewer places are tried.
    """
    old = new = place = start
    step = _PROBE
    while place + _PROBE <= ends.old:
        probe = before[place : place + _PROBE]
        found = _place_of_single(probe, after, new, ends.new)
        if found < 0 or _place_of_single(probe, before, old, ends.old) < 0:
            place += step
            step += step // 4
            continue
        run = _without_cut_words(
            before, after, _grown(before, after, (place, found), (old, new), ends)
        )
        place = max(place + _PROBE, run.old + run.length)
        step = _PROBE
        if run.length > 0:
            yield run
            old, new = run.old + run.length, run.new + run.length


def _place_of_single(probe: str, text: str, start: int, end: int) -> int:
    """Where a part of a text stands that is there just once; less than 0 for any other."""
    found = text.find(probe, start, end)
    return -1 if found >= 0 and text.find(probe, found + 1, end) >= 0 else found


def _grown(
    before: str, after: str, place: tuple[int, int], start: tuple[int, int], ends: _Run
) -> _Run:
    """A run as long as it is, around a place at which both lines are the same."""
    old, new = place
    back = _same_far(
        lambda far: before[old - far : old] == after[new - far : new],
        min(old - start[0], new - start[1]),
    )
    ahead = _same_far(
        lambda far: before[old : old + far] == after[new : new + far],
        min(ends.old - old, ends.new - new),
    )
    return _Run(old - back, new - back, back + ahead)


def _same_far(holds: Callable[[int], bool], most: int) -> int:
    """As `_same`, faster where it is a small part of what it may be."""
    reach = min(_PROBE, most)
    while reach < most and holds(reach):
        reach = min(2 * reach, most)
    return _same(holds, reach)


def _without_cut_words(before: str, after: str, run: _Run) -> _Run:
    """A run that neither begins nor ends within a word, unless it is long; it may be empty."""
    old, new, length = run
    for _ in range(min(length, _LONGEST_WORD)):
        if _is_break(before, old) and _is_break(after, new):
            break
        old, new, length = old + 1, new + 1, length - 1
    for _ in range(min(length, _LONGEST_WORD)):
        if _is_break(before, old + length) and _is_break(after, new + length):
            break
        length -= 1
    return _Run(old, new, length)


def _turn_over(before: _Piece, piece: _Piece, after: _Piece) -> None:
    """Words that only came, or only went, are told with the space after them, not before."""
    words = piece.gone or piece.come
    if before.same and after.same and not (piece.gone and piece.come) and words[0].isspace():
        space, rest = words[0], after.same[0]
        if rest.startswith(space):
            words.append(words.pop(0))
            before.same.append(space)
            after.same[0] = rest[len(space) :]


def _take_words(before: _Piece, piece: _Piece, after: _Piece) -> None:
    """Take words into a change that would stand within one: `and/or`, not `and[-/-]or`."""
    texts = ["".join(words) for words in (piece.gone, piece.come)]
    if not (before.same and after.same) or not any(texts[0].strip() + texts[1].strip()):
        return
    is_glued = any(text and not (text[0].isspace() or text[-1].isspace()) for text in texts)
    if not (is_glued and _kind(before.same[-1][-1:]) == _kind(after.same[0][:1]) == "word"):
        return
    last, first = (
        _LAST_WORD.search(before.same[-1][-_LONGEST_WORD:]),
        _FIRST_WORD.match(after.same[0][:_LONGEST_WORD]),
    )
    if last and first:
        before.same[-1] = before.same[-1][: len(before.same[-1]) - len(last[0])]
        after.same[0] = after.same[0][len(first[0]) :]
        for words in (piece.gone, piece.come):
            words[:] = [last[0], *words, first[0]]


def _merged(pieces: list[_Piece]) -> list[_Piece]:
    """Pieces of which those that differ with hardly anything between them are one."""
    merged: list[_Piece] = []
    for place, piece in enumerate(pieces):
        if not (any(piece.same) or piece.gone or piece.come):
            continue
        if any(piece.same) and not _is_lost(pieces, place):
            merged.append(piece)
        elif merged and not merged[-1].same:
            merged[-1].gone += piece.same + piece.gone
            merged[-1].come += piece.same + piece.come
        else:
            merged.append(piece)
    return merged


def _is_lost(pieces: list[_Piece], place: int) -> bool:
    """Whether a piece has no letters and stands beside one in which words became others."""
    if not 0 < place < len(pieces) - 1 or any(map(_letters, pieces[place].same)):
        return False
    return any(one.gone and one.come for one in (pieces[place - 1], pieces[place + 1]))


def _common_space(gone: str, come: str) -> int:
    """How much white space two words end with in common: it need not be told."""
    most = min(len(gone), len(come))
    return next((at for at in range(most) if not gone[~at] == come[~at] == " "), most)


def _word_ends(before: str, after: str) -> tuple[int, int]:
    """How much two lines begin and end with in common, no word cut in two, unless it is long."""
    start, end = _common_ends(before, after)
    for _ in range(min(start, _LONGEST_WORD)):
        if _is_break(before, start) and _is_break(after, start):
            break
        start -= 1
    for _ in range(min(end, _LONGEST_WORD)):
        if _is_break(before, len(before) - end) and _is_break(after, len(after) - end):
            break
        end -= 1
    return start, end


def _is_break(text: str, at: int) -> bool:
    """Whether a token may begin there."""
    if at in (0, len(text)):
        return True
    if _is_within(text, at):
        return False
    kind = _kind(text[at])
    return kind == "mark" or kind != _kind(text[at - 1])


def _is_within(text: str, at: int) -> bool:
    """Whether a word with joints in it begins before and ends after."""
    near = text[max(at - 4, 0) : at + 4]
    middle = min(at, 4)
    if not (text[at] in _JOINTS or text[at - 1] in _JOINTS):
        return False
    return any(
        match.start() < middle < match.end()
        for match in re.finditer(rf"\w[{_JOINTS}]{{1,3}}\w", near)
    )


def _kind(letter: str) -> str:
    is_word = letter.isalnum() or letter == "_"
    return "word" if is_word else "space" if letter.isspace() else "mark"


def _cut_between(segments: list[Segment], marks: Sequence[str]) -> Iterator[str]:
    """The pieces marked; of long ones that stay, only what is near to those that differ."""
    last = len(segments) - 1
    for place, (kind, text) in enumerate(segments):
        if kind == "removed":
            yield f"{marks[0]}{cut(text)}{marks[1]}"
        elif kind == "added":
            yield f"{marks[2]}{cut(text)}{marks[3]}"
        else:
            before = text[:_AROUND] if place else ""
            after = text[-_AROUND:] if place != last else ""
            is_short = len(text) <= len(before) + len(after) + 10
            yield text if is_short else f"{_to_word(before)}…{_from_word(after)}"


def _to_word(text: str) -> str:
    """A beginning, to the end of its last whole word, if it has several."""
    head, space, _ = text.rpartition(" ")
    return head + space if head else text


def _from_word(text: str) -> str:
    _, space, tail = text.partition(" ")
    return space + tail if tail else text


def _are_long(before: list[Any], after: list[Any]) -> bool:
    return max(len(before), len(after)) > _MOST_ITEMS


def _is_long(before: str, after: str) -> bool:
    return max(len(before), len(after)) > _SHORT or "\n" in before + after

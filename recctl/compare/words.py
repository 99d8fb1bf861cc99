"""Two lines of which one was edited into the other, word by word."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from recctl.compare.secrecy import cut, shown
from recctl.compare.sequences import common, common_ends, common_length
from recctl.compare.values import Line

_MOST_WORDS = 1200
"""Characters of a line in which words differ."""

_AROUND = 40
"""Characters shown before and after words that differ."""

_MOST_LETTERS = 1_000
"""Characters of two lines, beside what they begin and end with in common, up to which all words
are compared. In longer ones, long runs that stand once in each are taken for the same before."""

_PROBE = 32
"""Characters by which such a run is looked for."""

_LEAST_ALIKE = 0.4
"""The share of the shorter line's letters that stays where a line was edited, not rewritten."""

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

_MARKS = (("[-", "-]", "{+", "+}"), ("⟦-", "-⟧", "⟦+", "+⟧"))
"""What stands around words that went and words that came; the second where a text has the first."""

Segment = tuple[Literal["same", "removed", "added"], str]

_SPACES = {" ": "·", "\t": "⇥", "\n": "⏎", "\r": "␍"}
"""How white space is shown where nothing else differs."""


def words(before: str, after: str) -> Line | None:
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
            gone, come, space = visible(gone), visible(come), 0
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
    """As `common_length`, faster where it is a small part of what it may be."""
    reach = min(_PROBE, most)
    while reach < most and holds(reach):
        reach = min(2 * reach, most)
    return common_length(holds, reach)


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
    start, end = common_ends(before, after)
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


def visible(text: str) -> str:
    """A text in which white space is shown."""
    return "".join(_SPACES.get(one, f"\\u{ord(one):04x}") if one.isspace() else one for one in text)

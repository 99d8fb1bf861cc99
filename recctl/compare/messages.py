"""What differs in the messages of two requests.

Messages count from 1, in the order in which `recctl show` prints them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from recctl.compare.exact import Parts, kept, same
from recctl.compare.secrecy import shown
from recctl.compare.sequences import common
from recctl.compare.telling import (
    MOST_REPLACED,
    Normal,
    One,
    Open,
    arguments,
    name,
    path_lines,
    sent_key,
)
from recctl.compare.texts import edited, stated
from recctl.compare.values import Line
from recctl.conversation import TURN_PLACES, Turn, conversation, held
from recctl.difference import ABSENT
from recctl.recording import Kind, Recording
from recctl.shapes import fields, text

_SYSTEM = ("system", "developer")

_WORDED = (
    *("content", "text", "thinking", "reasoning", "reasoning_content"),
    *("refusal", "output", "arguments"),
)
"""Keys of texts that are read as texts, not as JSON."""

_MAIN_TEXTS = ((), ("content",), ("text",), ("content", "0", "text"), ("parts", "0", "text"))
"""Where the text of a turn stands that needs no name."""

_MANY = 8
"""More messages that came or went are told together."""

_WORDLESS = {Kind.TOOL, Kind.FILE}
"""Kinds without messages."""

_BRIEF = 100
"""Characters of a name, and of a message that is one of many."""


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """A turn, or a piece of one that is an item of its own, and where it stands.

    `parts` count from the request, as do those of `place`, which is the list that it is in, or
    itself. `number` is that of the turn, from 1.
    """

    parts: Parts
    place: Parts
    number: int
    turn: Turn
    value: Any
    label: str = ""
    is_piece: bool = False


def spoken(recording: Recording) -> list[Spoken]:
    """All turns of a request's conversation, in its order, a turn of several pieces in these."""
    if recording.kind in _WORDLESS:
        return []
    found: list[Spoken] = []
    number = 1
    for keys in TURN_PLACES:
        place = (sent_key(recording), *keys)
        new = list(_spoken_at(place, held(recording, keys), number))
        number += len({one.number for one in new})
        found += new
    systems = {one.number for one in found if one.turn.role in _SYSTEM}
    return [
        replace(one, label=one.label or _label(one, is_only_system=systems == {one.number}))
        for one in found
    ]


def _spoken_at(place: Parts, value: Any, number: int) -> Iterator[Spoken]:
    """The turns at a place, the first of which has that number."""
    keys = place[1:]
    if not isinstance(value, list):
        for turn in _turns(keys, value):
            yield Spoken(place, place, number, turn, value)
        return
    pieces = []
    for at, item in enumerate(value):
        turns = _turns(keys, [item])
        made = Spoken((*place, str(at)), place, number, turns[0], item)
        if len(_turns(keys, [item, item])) == 1:
            pieces.append(made)  # the pieces of a list are one turn, after all others
        else:
            yield made
            number += 1
    are_many_texts = len(value) > 1 and all(isinstance(one, str) for one in value)
    for at, piece in enumerate(pieces):
        label = f"{keys[-1]} {at + 1}" if are_many_texts else ""
        yield replace(piece, number=number, label=label, is_piece=not are_many_texts)


def _turns(keys: Parts, value: Any) -> tuple[Turn, ...]:
    """What `conversation` makes of a value at a place in a body."""
    if value is None:
        return ()
    for key in reversed(keys):
        value = {key: value}
    return conversation(Recording("", {"request": {"body": value}}, 0)).turns


def _label(one: Spoken, *, is_only_system: bool) -> str:
    if one.place[1:] == ("documents",):
        return f"document {one.parts[-1]}"
    if is_only_system:
        return "system prompt"
    return f"message {one.number} ({name(one.turn.role)})"


def words_of(turn: Turn) -> str:
    """All that is said in a turn, as a text."""
    said = [
        one.text if one.kind == "text" else f"[{one.kind}] {one.text}"
        for one in turn.parts
        if one.text
    ]
    return "\n".join((*said, *(f"→ {call.name}({call.arguments})" for call in turn.calls)))


@dataclass(frozen=True, slots=True, eq=False)
class _Fate:
    """What became of a turn, and the differences that say so. One of the sides may be null."""

    old: Spoken | None
    new: Spoken | None
    of: tuple[One, ...]


def tell_messages(before: Recording, after: Recording, open_ones: Open, normal: Normal) -> None:
    """Tell of the messages, in their order."""
    base = sent_key(before)
    places = [(base, *keys) for keys in TURN_PLACES if open_ones.below((base, *keys))]
    if not places or base != sent_key(after) or {before.kind, after.kind} & _WORDLESS:
        return
    old, new = spoken(before), spoken(after)
    for place in [*places]:
        whole = open_ones.at(place)
        counts = [sum(one.place == place for one in side) for side in (old, new)]
        if whole and min(counts) > MOST_REPLACED:
            lines = [Line("context", f"{counts[0]:,} → {counts[1]:,} items")]
            open_ones.tell(f"`{place[-1]}` rewritten", lines, whole)
            places.remove(place)
    fates = [
        fate
        for place in places
        for fate in _fates(
            place,
            [one for one in old if one.place == place],
            [one for one in new if one.place == place],
            open_ones,
        )
    ]
    edits = [one for one in fates if one.old and one.new]
    gone = [(one.old, one.of) for one in fates if one.old and not one.new]
    come = [(one.new, one.of) for one in fates if one.new and not one.old]
    made: list[tuple[int, str, list[Line], tuple[One, ...]]] = [
        *_moves(gone, come),
        *_edits(edits, gone, come, (old, new), normal),
        *_many("removed", gone, normal),
        *_many("added", come, normal),
    ]
    for _, headline, lines, of in sorted(made, key=lambda one: one[0]):
        open_ones.tell(headline, lines, of)


def _fates(
    place: Parts, old: Sequence[Spoken], new: Sequence[Spoken], open_ones: Open
) -> Iterator[_Fate]:
    """What became of the turns at a place of which something differs."""
    whole = open_ones.at(place)
    if whole and whole[0].verb != "changed":
        yield from (_Fate(one, None, (whole[0],)) for one in old)
        yield from (_Fate(None, one, (whole[0],)) for one in new)
        return
    if whole:
        pairs = common([one.turn.role for one in old], [one.turn.role for one in new])
        yield from (_Fate(old[one], new[other], (whole[0],)) for one, other in pairs)
        left, right = ({pair[side] for pair in pairs} for side in (0, 1))
        yield from (_Fate(one, None, (whole[0],)) for at, one in enumerate(old) if at not in left)
        yield from (_Fate(None, one, (whole[0],)) for at, one in enumerate(new) if at not in right)
        return
    if not (old or new):
        return
    of = open_ones.below(place)
    if [one.parts for one in old] == [place] == [one.parts for one in new]:
        yield _Fate(old[0], new[0], tuple(of))
        return
    by_old, by_new = ({one.parts[-1]: one for one in side} for side in (old, new))
    now_at = dict(kept(open_ones.every, place, len(old)))
    edited_items: dict[str, list[One]] = {}
    for one in of:
        item = one.parts[len(place)]
        if len(one.parts) > len(place) + 1 or one.verb == "changed":
            edited_items.setdefault(item, []).append(one)
        elif one.verb == "added":
            yield _Fate(None, by_new[item], (one,))
        else:
            yield _Fate(by_old[item], None, (one,))
    for item, ones in edited_items.items():
        yield _Fate(by_old[item], by_new[str(now_at[int(item)])], tuple(ones))


_Left = list[tuple[Spoken, tuple[One, ...]]]
_Made = Iterator[tuple[int, str, list[Line], tuple[One, ...]]]


def _moves(gone: _Left, come: _Left) -> _Made:
    """Turns that are said elsewhere; they are taken out of those that went and came."""
    by_turn: dict[Turn, _Left] = {}
    for entry in come:
        by_turn.setdefault(entry[0].turn, []).append(entry)
    moved = set()
    for entry in gone:
        found = by_turn.get(entry[0].turn)
        if found:
            other = found.pop(0)
            moved |= {id(entry[0]), id(other[0])}
            (old, left), (new, came) = entry, other
            way = f"from {old.number} to {new.number}"
            if old.place != new.place:
                way = f"from `{old.place[-1]}` to `{new.place[-1]}`"
            lines = [] if same(old.value, new.value) else [*path_lines(old.value, new.value)]
            yield new.number, f"{old.label} moved {way}", lines, (*left, *came)
    for entries in (gone, come):
        entries[:] = [entry for entry in entries if id(entry[0]) not in moved]


def _edits(
    edits: Iterable[_Fate],
    gone: _Left,
    come: _Left,
    sides: tuple[Sequence[Spoken], Sequence[Spoken]],
    normal: Normal,
) -> _Made:
    """Turns that were edited; what came to or went from those that stay is taken out."""
    by_label: dict[str, tuple[int, list[Line], list[One]]] = {}
    for fate in edits:
        if fate.old and fate.new:
            _, lines, of = by_label.setdefault(fate.new.label, (fate.new.number, [], []))
            lines += _edit(fate.old, fate.new, fate.of, normal)
            of += fate.of
    staying = set.intersection(*({one.label for one in side if one.is_piece} for side in sides))
    verbs: tuple[Literal["removed", "added"], ...] = ("removed", "added")
    for left, kind in zip((gone, come), verbs, strict=True):
        for turn, ones in left:
            if turn.is_piece and turn.label in staying:
                _, lines, of = by_label.setdefault(turn.label, (turn.number, [], []))
                lines += stated(normal(words_of(turn.turn)), kind)
                of += ones
        left[:] = [one for one in left if not (one[0].is_piece and one[0].label in staying)]
    for label, (number, lines, of) in by_label.items():
        yield number, f"{label} edited", lines, tuple(of)


def _edit(old: Spoken, new: Spoken, of: Iterable[One], normal: Normal) -> Iterator[Line]:
    for one in of:
        rest = one.parts[len(old.parts) :]
        are_texts = isinstance(one.old, str) and isinstance(one.new, str)
        is_whole = not rest and not are_texts
        if is_whole or len(one.parts) < len(old.parts):
            words = [normal(words_of(turn.turn)) for turn in (old, new)]
            if words[0] == words[1]:
                yield Line("context", "the same words in another form")
            else:
                yield from edited(words[0], words[1])
        elif are_texts and rest[-1:] == ("arguments",):
            yield from arguments(_callee(old.value, rest[:-1]), one.old, one.new)
        elif are_texts and (not rest or rest[-1] in _WORDED):
            if rest not in _MAIN_TEXTS:
                yield Line("context", f"{'/'.join(rest)}:")
            yield from edited(normal(one.old), normal(one.new))
        elif one.verb != "changed" and len(rest) == 2 and rest[0] in ("content", "parts"):
            value = one.new if one.old is ABSENT else one.old
            message = {"role": "", "content": [value]}
            said = words_of(_turns(("messages",), [message])[0])
            yield from stated(normal(said), "added" if one.old is ABSENT else "removed")
        else:
            yield from one.lines(normal, "/".join(rest))


def _many(verb: Literal["removed", "added"], entries: _Left, normal: Normal) -> _Made:
    """Turns that came or went: one by one if they are few."""
    if len(entries) <= _MANY:
        for turn, of in entries:
            said = normal(words_of(turn.turn))
            yield turn.number, f"{turn.label} {verb}", [*stated(said, verb)], of
        return
    lines = []
    for turn, _ in entries:
        said = shown(words_of(turn.turn)).replace("\n", " ")
        lines.append(Line(verb, f"{turn.label}: {said[:_BRIEF]}{'…' * (len(said) > _BRIEF)}"))
    of = tuple(one for _, ones in entries for one in ones)
    yield entries[0][0].number, f"{len(entries):,} messages {verb}", lines, of


def _callee(value: Any, rest: Parts) -> str:
    """The name of the call whose arguments stand there."""
    for part in rest:
        value = value[int(part)] if isinstance(value, list) else fields(value).get(part)
    return text(fields(value).get("name")) or "?"

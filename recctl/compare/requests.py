"""What differs between two requests, in the words of conversations: messages, tools, parameters.

Every difference is told by some statement. What is no part of a conversation is told by where it
stands. Messages count from 1, in the order in which `recctl show` prints them.
"""

import json
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

from recctl.compare.exact import Parts, differences, digest, kept, parts_of, same
from recctl.compare.texts import MASK, bounded, changed, common, cut, edited, in_json, shown, stated
from recctl.compare.values import Line, Statement
from recctl.conversation import Turn, conversation
from recctl.difference import ABSENT, Difference
from recctl.recording import Kind, Recording
from recctl.shapes import fields, items, text

_TURN_PLACES: tuple[Parts, ...] = (
    ("config", "system_instruction"),
    ("system",),
    ("instructions",),
    ("messages",),
    ("contents",),
    ("input",),
    ("prompt",),
    ("query",),
    ("documents",),
)
"""Where `conversation` finds turns, in its order."""

_TOOL_PLACES: tuple[Parts, ...] = (("tools",), ("config", "tools"))

_SYSTEM = ("system", "developer")

_HOLDERS = (
    *("config", "options", "extra_body", "extra_query", "extra_headers"),
    *("generation_config", "generationConfig"),
)
"""Parameters that hold others."""

_WORDED = (
    *("content", "text", "thinking", "reasoning", "reasoning_content"),
    *("refusal", "output", "arguments"),
)
"""Keys of texts that are read as texts, not as JSON."""

_MAIN_TEXTS = ((), ("content",), ("text",), ("content", "0", "text"), ("parts", "0", "text"))
"""Where the text of a turn stands that needs no name."""

_MANY = 8
"""More messages that came or went are told together."""

_LONGEST_NAME = 80
_MOST_REPLACED = 50
"""Where a list was replaced as a whole, so many messages or tools are told one by one."""

_WORDLESS = {Kind.TOOL, Kind.FILE}
"""Kinds without messages."""

_BRIEF = 100
"""Characters of a name, and of a message that is one of many."""

Normal = Callable[[str], str]
"""Gives a text as the hash sees it."""


def told(
    before: Recording,
    after: Recording,
    every: Sequence[Difference],
    seen: Sequence[Difference],
    normal: Normal,
) -> tuple[Statement, ...]:
    """The statements that tell of some of the differences between two requests, of all of these.

    Where the tests differ, one tells of that as well. Texts are told as `normal` gives them.
    """
    open_ones = Open(every, seen)
    _tell_address(before, after, open_ones)
    _tell_turns(before, after, open_ones, normal)
    _tell_tools(before, after, open_ones, normal)
    _tell_parameters(before, after, open_ones, normal)
    for one in open_ones.below(()):
        where = f" `{name(one.pointer)}`" if one.parts else ""
        open_ones.tell(f"request{where} {one.verb}", one.lines(normal), [one])
    return tuple(open_ones.statements)


def name(value: object) -> str:
    """A recorded name as it stands between backticks."""
    told = shown(str(value)).replace("`", "'")
    return told if len(told) <= _LONGEST_NAME else told[: _LONGEST_NAME - 1] + "…"


# Differences


@dataclass(frozen=True, slots=True, eq=False)
class One:
    """A difference, with its pointer in parts."""

    parts: Parts
    difference: Difference

    @property
    def pointer(self) -> str:
        """The pointer."""
        return self.difference.pointer

    @property
    def old(self) -> Any:
        """The value before."""
        return self.difference.old

    @property
    def new(self) -> Any:
        """The value after."""
        return self.difference.new

    @property
    def verb(self) -> Literal["added", "removed", "changed"]:
        """What became of the value."""
        return "added" if self.old is ABSENT else "removed" if self.new is ABSENT else "changed"

    def lines(self, normal: Normal, label: str = "") -> tuple[Line, ...]:
        """What became of the value, in lines; `label` is where it stands."""
        lead = f"{label}: " if label else ""
        key = _key(self.pointer)
        named = f"{key}: " if key else lead
        if self.new is ABSENT:
            return (Line("removed", cut(lead + shown(in_json(self.old), named))),)
        if self.old is ABSENT:
            return (Line("added", cut(lead + shown(in_json(self.new), named))),)
        if any(
            shown(in_json(one), named) == MASK for one in (self.old, self.new) if not _is_prose(one)
        ):
            return (Line("context", f"{lead}{MASK}, is another now"),)
        return changed(_seen(self.old, normal), _seen(self.new, normal), label)


def _key(pointer: str) -> str:
    """The name that a value has, or the list that it is in."""
    return next((part for part in reversed(parts_of(pointer)) if not part.isdigit()), "")


def _is_prose(value: Any) -> bool:
    """Whether a value is a text of which secrets are left out line by line."""
    return isinstance(value, str) and "\n" in value


def _seen(value: Any, normal: Normal) -> Any:
    return normal(value) if isinstance(value, str) else value


class Open:
    """Differences of which nothing was said yet, and the statements made so far.

    `every` difference there is, also those of which nothing is to be said, is known.
    """

    def __init__(self, every: Sequence[Difference], seen: Iterable[Difference]) -> None:
        """Begin with those that are seen."""
        self.every = every
        self.statements: list[Statement] = []
        self._found = [One(parts_of(one.pointer), one) for one in seen]
        self._closed: set[int] = set()

    def at(self, *places: Parts) -> list[One]:
        """Those that are at one of some places."""
        return [one for one in self.below(()) if one.parts in places]

    def below(self, place: Parts) -> list[One]:
        """Those that are at a place or below it."""
        return [
            one
            for one in self._found
            if one.parts[: len(place)] == place and id(one) not in self._closed
        ]

    def tell(self, headline: str, details: Iterable[Line], of: Sequence[One]) -> None:
        """Say something of some differences; of others nothing was said yet."""
        pointers = tuple(dict.fromkeys(one.pointer for one in of))
        self.statements.append(Statement(headline, bounded(tuple(details)), pointers))
        self.close(of)

    def close(self, of: Iterable[One]) -> None:
        """Of these enough was said."""
        self._closed.update(map(id, of))


# The address


def _tell_address(before: Recording, after: Recording, open_ones: Open) -> None:
    if before.test_id != after.test_id:
        at = open_ones.at(("test_id",))
        open_ones.tell("test id changed", changed(before.test_id, after.test_id), at)
    for key in ("method", "endpoint", "url"):
        _tell_change(f"{key} changed", open_ones, (key,))
    _tell_model(open_ones)
    _tell_provider(open_ones)
    _tell_change("called tool changed", open_ones, ("tool_name",))
    _tell_change("file id changed", open_ones, ("file_id",))


def _tell_change(headline: str, open_ones: Open, *places: Parts) -> None:
    """Tell of values that were there and still are, once where they changed alike."""
    of = [one for one in open_ones.at(*places) if one.verb == "changed"]
    if of:
        lines = [line for one in of for line in changed(one.old, one.new)]
        open_ones.tell(headline, dict.fromkeys(lines), of)


def _tell_provider(open_ones: Open) -> None:
    for one in open_ones.at(("provider",), ("provider_metadata", "provider")):
        open_ones.tell(f"provider {one.verb}", one.lines(str), [one])
    for one in open_ones.below(("provider_metadata",)):
        where = f" `{name('/'.join(one.parts[1:]))}`" if len(one.parts) > 1 else ""
        open_ones.tell(f"provider metadata{where} {one.verb}", one.lines(str), [one])


def _tell_model(open_ones: Open) -> None:
    """Tell of the model once, though it stands beside the body and in it."""
    of = [one for one in open_ones.at(*_MODELS) if one.verb == "changed"]
    if of:
        news, olds = [one.new for one in of], [one.old for one in of]
        of += [
            one
            for one in open_ones.at(*_MODELS)
            if one.verb != "changed" and (one.new in news or one.old in olds)
        ]
        lines = [line for one in of if one.verb == "changed" for line in changed(one.old, one.new)]
        open_ones.tell("model changed", dict.fromkeys(lines), of)


_MODELS: tuple[Parts, ...] = (("model",), ("body", "model"), ("payload", "model"))


def sent_key(recording: Recording) -> str:
    """Where in the request the body stands, or what is sent in its place."""
    keys = ("body", "payload", "kwargs")
    return next((key for key in keys if isinstance(recording.request.get(key), dict)), "body")


# Messages


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
    for keys in _TURN_PLACES:
        value: Any = recording.sent
        for key in keys:
            value = fields(value).get(key)
        new = list(_spoken_at((sent_key(recording), *keys), value, number))
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


def _tell_turns(before: Recording, after: Recording, open_ones: Open, normal: Normal) -> None:
    """Tell of the messages, in their order."""
    base = sent_key(before)
    places = [(base, *keys) for keys in _TURN_PLACES if open_ones.below((base, *keys))]
    if not places or base != sent_key(after) or {before.kind, after.kind} & _WORDLESS:
        return
    old, new = spoken(before), spoken(after)
    for place in [*places]:
        whole = open_ones.at(place)
        counts = [sum(one.place == place for one in side) for side in (old, new)]
        if whole and min(counts) > _MOST_REPLACED:
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


def arguments(callee: str, old: str, new: str) -> Iterator[Line]:
    """What differs in the arguments of a call, as JSON where both are."""
    label = f"arguments of `{name(callee)}`"
    try:
        one, other = json.loads(old), json.loads(new)
        lines = path_lines(one, other, label=label)
    except (ValueError, RecursionError):
        yield Line("context", f"{label}:")
        yield from edited(old, new)
        return
    yield from lines or (Line("context", f"{label}: the same JSON in another form"),)


def path_lines(old: Any, new: Any, normal: Normal = str, *, label: str = "") -> tuple[Line, ...]:
    """What differs in a value, each by where it stands there."""
    lines: list[Line] = []
    for difference in differences(old, new):
        where = f"{label} {name(difference.pointer)}".strip()
        lines += One((), difference).lines(normal, where)
    return bounded(lines)


# Tools


@dataclass(frozen=True, slots=True, eq=False)
class _Offer:
    """A tool that is offered: where it stands in the request, and its definition."""

    parts: Parts
    name: str
    definition: Any
    entry: Any

    @property
    def description(self) -> Any:
        """What it says of itself."""
        return fields(self.definition).get("description")

    @property
    def schema(self) -> Any:
        """The schema of its parameters."""
        known = fields(self.definition)
        return next((known[key] for key in _SCHEMAS if key in known), None)


_SCHEMAS = ("parameters", "input_schema", "parameters_json_schema", "parametersJsonSchema")
_TOLD_APART = ("name", "description", *_SCHEMAS)


def _offers(recording: Recording) -> Iterator[_Offer]:
    for keys in _TOOL_PLACES:
        value: Any = recording.sent
        for key in keys:
            value = fields(value).get(key)
        for at, entry in enumerate(items(value)):
            parts = (sent_key(recording), *keys, str(at))
            declared = items(fields(entry).get("function_declarations"))
            for number, one in enumerate(declared):
                inner = (*parts, "function_declarations", str(number))
                yield _Offer(inner, _tool_name(one), one, one)
            if not declared:
                one = fields(entry).get("function", entry)
                yield _Offer(parts, _tool_name(one), one, entry)


def _tool_name(definition: Any) -> str:
    known = fields(definition)
    found = known.get("name") or known.get("type") or (None if known else definition)
    return found if isinstance(found, str) else "?"


def _tell_tools(before: Recording, after: Recording, open_ones: Open, normal: Normal) -> None:
    """Tell of the tools that are offered."""
    base = sent_key(before)
    of = [one for keys in _TOOL_PLACES for one in open_ones.below((base, *keys))]
    if not of or base != sent_key(after):
        return
    old, new = ([*_offers(one)] for one in (before, after))
    for whole in open_ones.at(*((base, *keys) for keys in _TOOL_PLACES)):
        if min(len(old), len(new)) > _MOST_REPLACED:
            lines = [Line("context", f"{len(old):,} → {len(new):,} tools")]
            open_ones.tell("tools rewritten", lines, [whole])
            return
    pairs = _same_tools(old, new)
    for one, other in pairs:
        _tell_tool(one, other, of, open_ones, normal)
    left, right = ({id(pair[side]) for pair in pairs} for side in (0, 1))
    for one in old:
        if id(one) not in left:
            open_ones.tell(f"tool `{name(one.name)}` removed", [], _about(of, one.parts, None))
    for other in new:
        if id(other) not in right:
            lines = [Line("added", cut(in_json(other.entry)))]
            about = _about(of, None, other.parts)
            open_ones.tell(f"tool `{name(other.name)}` added", lines, about)
    left_open = set(map(id, open_ones.below(())))
    rest = [one for one in of if id(one) in left_open]
    places = {id(one): at for at, one in enumerate(new)}
    ordered = sorted(pairs, key=lambda pair: places[id(pair[1])])
    if rest and not _is_sorted([one for one, _ in ordered], old):
        open_ones.tell("tools in another order", [], rest)
    elif rest:
        lines = [line for one in rest for line in one.lines(normal, "/".join(one.parts[1:]))]
        open_ones.tell("tools changed", lines, rest)


def _is_sorted(some: Sequence[_Offer], every: Sequence[_Offer]) -> bool:
    places = {id(one): at for at, one in enumerate(every)}
    return all(places[id(one)] < places[id(other)] for one, other in pairwise(some))


def _about(of: Sequence[One], old: Parts | None, new: Parts | None) -> list[One]:
    """Those differences that concern a tool, by where it stands before and after."""

    def concerns(one: One) -> bool:
        if (
            old
            and one.parts[: len(old)] == old
            and (len(one.parts) > len(old) or one.old is not ABSENT)
        ):
            return True
        if old and one.old is not ABSENT and one.parts == old[: len(one.parts)]:
            return True
        return bool(new and one.new is not ABSENT and one.parts == new[: len(one.parts)])

    return [one for one in of if concerns(one)]


def _tell_tool(
    old: _Offer, new: _Offer, of: Sequence[One], open_ones: Open, normal: Normal
) -> None:
    """Tell what became of a tool, in statements for its name, its description and its schema."""
    about = _about(of, old.parts, new.parts)
    if not about or same(old.entry, new.entry):
        return
    whole = [one for one in about if len(one.parts) <= len(old.parts)]
    by_key: dict[str, list[One]] = {}
    for one in about:
        rest = [part for part in one.parts[len(old.parts) :][:2] if part != "function"]
        key = "schema" if rest and rest[0] in _SCHEMAS else rest[0] if rest else ""
        by_key.setdefault(key, []).append(one)
    shown = f"tool `{name(new.name)}`"

    def tell(headline: str, lines: Iterable[Line], *keys: str) -> None:
        ones = [one for key in keys for one in by_key.pop(key, [])]
        open_ones.tell(headline, lines, ones or whole or about)

    if old.name != new.name:
        tell(f"tool `{name(old.name)}` renamed to `{name(new.name)}`", [], "name")
    if not same(old.description, new.description):
        lines = _value_lines(old.description, new.description, normal)
        tell(f"{shown} description edited", lines, "description")
    if not same(old.schema, new.schema):
        tell(f"{shown} schema changed", _schema_lines(old.schema, new.schema, normal), "schema")
    one, other = _apart(old), _apart(new)
    if not same(one, other) or set(by_key) - {""}:
        lines = path_lines(one, other, normal)
        open_ones.tell(f"{shown} changed", lines, [one for ones in by_key.values() for one in ones])
    open_ones.close(about)


def _apart(one: _Offer) -> Any:
    """A tool's entry without what is told apart."""
    inner = {k: v for k, v in fields(one.definition).items() if k not in _TOLD_APART}
    if one.entry is one.definition:
        return inner if isinstance(one.entry, dict) else one.entry
    return {**fields(one.entry), "function": inner}


def _value_lines(old: Any, new: Any, normal: Normal) -> tuple[Line, ...]:
    """What became of a value that may not be there, which here is null."""
    if isinstance(old, str) and isinstance(new, str):
        return changed(normal(old), normal(new))
    if old is None and isinstance(new, str):
        return stated(normal(new), "added")
    if new is None and isinstance(old, str):
        return stated(normal(old), "removed")
    return changed(old, new)


def _schema_lines(old: Any, new: Any, normal: Normal) -> list[Line]:
    """What differs in the schema of a tool's parameters, parameter by parameter."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return [*changed(old, new)]
    lines: list[Line] = []
    known, now = fields(old.get("properties")), fields(new.get("properties"))
    for key in dict.fromkeys((*known, *now)):
        label = f"parameter `{name(key)}`"
        if key not in now:
            lines.append(Line("removed", f"{label} removed"))
        elif key not in known:
            required = " (required)" if key in _required(new) else ""
            lines.append(Line("added", cut(f"{label} added{required}: {in_json(now[key])}")))
        else:
            lines += path_lines(known[key], now[key], normal, label=label)
    must, must_now = _required(old), _required(new)
    if must and must_now:
        old, new = (_requiring(one, known.keys() & now.keys()) for one in (old, new))
    return [*lines, *path_lines(_without_properties(old), _without_properties(new), normal)]


def _required(schema: Mapping[str, Any]) -> list[str]:
    """The parameters that have to be there, each named once; none if it says anything else."""
    found = items(schema.get("required"))
    is_sound = all(isinstance(one, str) for one in found) and len(set(found)) == len(found)
    return found if is_sound else []


def _requiring(schema: Mapping[str, Any], staying: Collection[str]) -> dict[str, Any]:
    """A schema that requires nothing that came or went: that is told of the parameters."""
    known = fields(schema.get("properties"))
    kept = [one for one in schema["required"] if one in staying or one not in known]
    return {**schema, "required": kept}


def _without_properties(schema: Mapping[str, Any]) -> Any:
    is_told = isinstance(schema.get("properties"), dict)
    return {**schema, "properties": {}} if is_told else schema


def _same_tools(old: Sequence[_Offer], new: Sequence[_Offer]) -> list[tuple[_Offer, _Offer]]:
    """Which tool became which: one of the same name, else of the same schema or description."""
    keys: tuple[Callable[[_Offer], Hashable], ...] = (
        lambda one: (one.name, digest(one.entry)),
        lambda one: one.name,
        lambda one: digest(_nameless(one)),
        lambda one: digest(one.schema) if one.schema else None,
        lambda one: digest(one.description) if one.description else None,
    )
    pairs: list[tuple[_Offer, _Offer]] = []
    left, right = [*old], [*new]
    for key in keys:
        waiting: dict[Hashable, list[_Offer]] = {}
        for other in right:
            waiting.setdefault(key(other), []).append(other)
        for one in left:
            mark = key(one)
            if mark and waiting.get(mark):
                pairs.append((one, waiting[mark].pop(0)))
        done = {id(one) for pair in pairs for one in pair}
        left, right = ([one for one in side if id(one) not in done] for side in (left, right))
    return pairs


def _nameless(one: _Offer) -> Any:
    return {key: value for key, value in fields(one.definition).items() if key != "name"}


# Parameters


def _tell_parameters(before: Recording, after: Recording, open_ones: Open, normal: Normal) -> None:
    """Tell of all in what is sent that is neither message nor tool."""
    base = sent_key(before)
    noun = "argument" if before.kind is Kind.TOOL else "parameter"
    if base != sent_key(after):
        return
    groups: dict[Parts, list[One]] = {}
    for one in open_ones.below((base,)):
        if len(one.parts) > 1:
            length = 3 if one.parts[1] in _HOLDERS and noun == "parameter" else 2
            groups.setdefault(one.parts[:length], []).append(one)
    for place, ones in groups.items():
        shown = f"{noun} `{name('.'.join(place[1:]))}`"
        if ones[0].parts == place:
            open_ones.tell(f"{shown} {ones[0].verb}", ones[0].lines(normal), ones)
        else:
            lines = [
                line
                for one in ones
                for line in one.lines(normal, name("/".join(("", *one.parts[len(place) :]))))
            ]
            open_ones.tell(f"{shown} changed", lines, ones)

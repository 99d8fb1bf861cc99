"""Edits of a file's bytes, made of what is to change in the values that they spell.

All of it is pure. Nothing outside of what changes is written anew.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise, repeat
from typing import Any, Self

from recctl.difference import ABSENT, Difference
from recctl.jsontext import spans
from recctl.plan import Splice


def by_text(raw: bytes, strings: Iterable[tuple[Any, Any]]) -> tuple[Splice, ...] | None:
    """The edits that make new strings of old ones at so many places, found as text.

    Gives null where the text may mislead, and for what is no string; the bytes must have been
    found without flaw by `parse`. A string of nothing but word characters, dots and hyphens has one
    spelling where none of them is escaped. So if that stands in the bytes as often as the string is
    to be changed, it stands nowhere else.
    """
    wanted: dict[str, str] = {}
    times = Counter[str]()
    for old, new in strings:
        if not (isinstance(old, str) and isinstance(new, str) and _PLAIN.fullmatch(old)):
            return None
        if wanted.setdefault(old, new) != new:
            return None
        times[old] += 1
    if _ESCAPE in raw and _ESCAPED_ASCII.search(raw):
        return None
    edits = []
    for old, new in wanted.items():
        before, after = (json.dumps(one).encode("ascii") for one in (old, new))
        if raw.count(before) != times[old]:
            return None
        offset = raw.find(before)
        while offset >= 0:
            edits.append(Splice(offset, before, after))
            offset = raw.find(before, offset + len(before))
    return tuple(sorted(edits, key=lambda one: one.offset))


_PLAIN = re.compile(r"[A-Za-z0-9_.-]+")
_ESCAPE = b"\\u00"
_ESCAPED_ASCII = re.compile(rb"\\u00[2-7]")


def replacements(text: str, values: Mapping[str, Any]) -> tuple[Splice, ...]:
    """The edits of a text's bytes that put other values at JSON pointers.

    `parse` must find the text without flaw.
    """
    found = spans(text, values).items()
    return _in_bytes(text, ((*span, json.dumps(values[pointer])) for pointer, span in found))


def splices_for(text: str, differences: Iterable[Difference]) -> tuple[Splice, ...]:
    """Differences as edits of the bytes of a text, which `parse` must find without flaw.

    New values and members are laid out as their neighbours are, so that a canonical file stays
    canonical.
    """
    root = _Place()
    for one in differences:
        *above, key = (
            part.replace("~1", "/").replace("~0", "~") for part in one.pointer.split("/")[1:]
        )
        place = root
        for part in above:
            place = place.below.setdefault(part, _Place())
        if one.new is ABSENT:
            place.deleted.add(key)
        else:
            (place.added if one.old is ABSENT else place.changed)[key] = one.new
    start = text.index("{")
    pieces = _pieces(_Layout.of(text, start), start, text[:start], root)
    return _in_bytes(text, pieces)


def extent(text: str, keys: Collection[str]) -> tuple[int, int]:
    """From where to where, in characters, members of a text's object stand that it must have."""
    missing = set(keys)
    start = None
    for member in _members(text, text.index("{")):
        if start is None and member.key in missing:
            start = member.start
        missing.discard(member.key)
        if start is not None and not missing:
            return start, member.end
    raise AssertionError(missing)


_Piece = tuple[int, int, str]
"""Where a piece of text begins and ends, and what comes in its stead."""


def _in_bytes(text: str, pieces: Iterable[_Piece]) -> tuple[Splice, ...]:
    """Pieces of a text as edits of its bytes, in their order."""
    edits = []
    at = offset = 0
    for begin, end, new in sorted(pieces, key=lambda piece: piece[:2]):
        offset += len(text[at:begin].encode())
        old = text[begin:end].encode()
        edits.append(Splice(offset, old, new.encode()))
        offset += len(old)
        at = end
    return tuple(edits)


@dataclass(slots=True)
class _Place:
    """What becomes of the members of an object, or the items of a list, by key or index."""

    below: dict[str, "_Place"] = field(default_factory=dict)
    changed: dict[str, Any] = field(default_factory=dict)
    added: dict[str, Any] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)

    @property
    def is_reshaped(self) -> bool:
        """Whether it gets other members than it has."""
        return bool(self.added or self.deleted)


@dataclass(frozen=True, slots=True)
class _Member:
    """A member of an object, or an item of a list: where it starts, its value, and its end.

    `lead` is the white space before it.
    """

    key: str
    lead: str
    start: int
    value: int
    end: int


@dataclass(frozen=True, slots=True)
class _Layout:
    """A text and how it is laid out: line break, indentation of one level, what follows a key."""

    text: str
    line_break: str
    unit: str
    colon: str

    @classmethod
    def of(cls, text: str, start: int) -> Self:
        """The layout of a text, told by the first member of the object that starts there."""
        first = next(_members(text, start))
        is_broken, line_break, indent = _line(first.lead)
        colon = text[_DECODER.raw_decode(text, first.start)[1] : first.value]
        return cls(text, line_break, indent if is_broken else "", colon)

    def written(self, value: Any, lead: str) -> str:
        """A value as it stands in this file after such white space."""
        is_broken, _, indent = _line(lead)
        if not is_broken:
            return json.dumps(value, separators=("," + self._gap, self.colon))
        words = json.dumps(value, indent=self.unit, separators=(",", self.colon))
        return words.replace("\n", self.line_break + indent)

    def member(self, key: str, value: Any, lead: str) -> str:
        """A member with the white space before it."""
        return f"{lead}{json.dumps(key)}{self.colon}{self.written(value, lead)}"

    def after_comma(self, lead: str) -> str:
        """The white space for a member after one that has this."""
        return lead if _line(lead)[0] else self._gap

    def inside(self, lead: str) -> tuple[str, str]:
        """The white space before the first member in an object that has this, and after it."""
        is_broken, _, indent = _line(lead)
        line = self.line_break + indent
        return (line + self.unit, line) if is_broken else ("", "")

    @property
    def _gap(self) -> str:
        return " " if self.colon.endswith(" ") else ""


_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")


def _line(lead: str) -> tuple[bool, str, str]:
    """Of white space: whether a line ends in it, with what, and the indentation of the next."""
    before, line_feed, indent = lead.rpartition("\n")
    return bool(line_feed), ("\r\n" if before.endswith("\r") else "\n"), indent


def _pieces(layout: _Layout, start: int, lead: str, place: _Place) -> Iterator[_Piece]:
    """What is to be written anew in the object or list that starts there."""
    wanted = {*place.below, *place.changed}
    members = []
    for member in _members(layout.text, start):
        if member.key in place.changed:
            new = layout.written(place.changed[member.key], member.lead)
            yield member.value, member.end, new
        elif member.key in place.below:
            yield from _pieces(layout, member.value, member.lead, place.below[member.key])
        wanted.discard(member.key)
        if not wanted and not place.is_reshaped:
            return  # what follows need not be read
        members.append(member)
    if place.is_reshaped:
        kept = [one for one in members if one.key not in place.deleted]
        yield from (
            _reshaped(layout, members, kept, place)
            if kept
            else _emptied(layout, start, lead, members, place.added)
        )


def _reshaped(
    layout: _Layout, members: Sequence[_Member], kept: Sequence[_Member], place: _Place
) -> Iterator[_Piece]:
    """What is written anew where members come and go, and some are kept."""
    if kept[0] is not members[0]:
        yield members[0].start, kept[0].start, ""
    lead, end = layout.after_comma(kept[-1].lead), kept[-1].end
    for key, value in place.added.items():
        yield end, end, "," + layout.member(key, value, lead)
    for before, one in pairwise(members):
        if one.key in place.deleted and one.start > kept[0].start:
            yield before.end, one.end, ""


def _emptied(
    layout: _Layout,
    start: int,
    lead: str,
    members: Sequence[_Member],
    added: Mapping[str, Any],
) -> Iterator[_Piece]:
    """What is written anew where no member is kept, or there never was any."""
    begin = members[-1].end if members else start + 1
    end = _space_end(layout.text, begin)
    first, last = (members[0].lead, layout.text[begin:end]) if members else layout.inside(lead)
    leads = chain([first], repeat(layout.after_comma(first)))
    new = ",".join(
        layout.member(key, value, before)
        for (key, value), before in zip(added.items(), leads, strict=False)
    )
    yield start + 1, end, new + last if new else ""


def _members(text: str, start: int) -> Iterator[_Member]:
    """The members of the object, or items of the list, that starts there."""
    is_object = text[start] == "{"
    closing = "}" if is_object else "]"
    offset, index = start + 1, 0
    while True:
        begin = _space_end(text, offset)
        if text[begin] == closing:
            return
        key, value = str(index), begin
        if is_object:
            key, end = _DECODER.raw_decode(text, begin)
            value = _space_end(text, _space_end(text, end) + 1)
        end = _DECODER.raw_decode(text, value)[1]
        yield _Member(key, text[offset:begin], begin, value, end)
        offset = _space_end(text, end)
        if text[offset] == ",":
            offset += 1
        index += 1


def _space_end(text: str, offset: int) -> int:
    match = _SPACE.match(text, offset)
    return match.end() if match else offset

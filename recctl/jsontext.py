"""JSON text, read strictly: the value, what is unsound about the text, and where a value stands.

Reading is as lenient as the recorder's own (Python's `json`), so that one flaw does not hide the
rest of a file; each leniency is reported as a flaw.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count, islice
from json.encoder import encode_basestring_ascii
from typing import Any, TypeVar

from recctl.shapes import MAX_DEPTH, within_depth

T = TypeVar("T")

MOST_TOLD = 10
"""So many of a kind are told one by one, the others counted."""

_MERGE_MARKER = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?: .*)?\r?$", re.MULTILINE)
_BOM = "\ufeff"


class Soundness(StrEnum):
    """What can be wrong with a file's text. The values are the names of the rules."""

    NOT_UTF8 = "not-utf8"
    BYTE_ORDER_MARK = "byte-order-mark"
    MERGE_MARKERS = "merge-markers"
    INVALID_JSON = "invalid-json"
    DUPLICATE_KEYS = "duplicate-keys"
    NOT_A_NUMBER = "not-a-number"


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing wrong with a text: what, the JSON pointer and line (from 1) it is at, and why."""

    soundness: Soundness
    pointer: str
    line: int
    detail: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text and what came of it. `value` means nothing where `readable` is false.

    `known_canonical` says that the text is known to be `hashing.canonical` of the value; where it
    is false, nothing was found out.
    """

    text: str
    readable: bool
    value: Any
    flaws: tuple[Flaw, ...]
    known_canonical: bool = False

    @property
    def canonical(self) -> str:
        """The text of `hashing.canonical` of the value."""
        return self.text if self.known_canonical else _written(self.value)

    def line_of(self, pointer: str) -> int:
        """The line, from 1, on which the value at a JSON pointer starts.

        Gives the line of the nearest enclosing value where the pointer leads nowhere.
        """
        return line_of(self.text, pointer)


def parse(raw: bytes) -> Parsed:
    """Parse a file's bytes. Never raises."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        detail = f"byte 0x{raw[error.start]:02x} at offset {error.start} is not UTF-8"
        return _unreadable("", Flaw(Soundness.NOT_UTF8, "", line, detail))
    flaws = []
    if text.startswith(_BOM):
        detail = "the file starts with a byte order mark, which JSON readers refuse"
        flaws.append(Flaw(Soundness.BYTE_ORDER_MARK, "", 1, detail))
        text = text.removeprefix(_BOM)
    try:
        value, doubled, constants = _load(text)
    except json.JSONDecodeError as error:
        return _unreadable(text, *flaws, _syntax_flaw(text, error))
    except (RecursionError, _TooDeepError):
        detail = f"nested deeper than {MAX_DEPTH} levels"
        return _unreadable(text, *flaws, Flaw(Soundness.INVALID_JSON, "", 1, detail))
    except ValueError:
        # Python refuses integers of more than 4,300 digits, and nothing else, in this way.
        detail = "an integer has too many digits to be read"
        return _unreadable(text, *flaws, Flaw(Soundness.INVALID_JSON, "", 1, detail))
    if doubled:
        flaws += _located(Soundness.DUPLICATE_KEYS, text, _doubled_keys(text))
    if constants:
        flaws += _located(Soundness.NOT_A_NUMBER, text, _nonfinite_numbers(value, constants))
    return Parsed(text, readable=True, value=value, flaws=tuple(flaws))


def parse_written(raw: bytes) -> Parsed:
    """The same as `parse`, in a third of the time for what stands as recorders write it.

    A text that is written again from its value, byte by byte, hides nothing: no key stands in it
    twice, no number is a word, no space or escape is otherwise.
    """
    value = _rewritten(raw)
    if value is _NOT_REWRITTEN:
        return parse(raw)
    return Parsed(raw.decode("ascii"), True, value, (), known_canonical=True)


_NOT_REWRITTEN = object()
_DEEP = b"\n" + b"  " * MAX_DEPTH + b" "
"""How a line begins that is nested deeper than is read."""
_NO_ASCII = re.compile("[^\x00-\x7f]+")


def _rewritten(raw: bytes) -> Any:
    """The value in a text that is canonical and sound; else a mark, which proves nothing.

    The writer is not Python's. Its numbers are the same but for large and small floats, which it
    spells otherwise than `repr`: where one stands as it spells them, it is not canonical.
    """
    import orjson  # of use where there are many files

    respelled = False

    def number(spelled: str) -> float:
        nonlocal respelled
        value = float(spelled)
        respelled = respelled or repr(value) != spelled
        return value

    try:
        value = json.loads(raw.decode("ascii"), parse_float=number)
        written = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    except (ValueError, TypeError, RecursionError):
        return _NOT_REWRITTEN
    if not written.isascii():
        written = _NO_ASCII.sub(_escaped, written.decode("utf-8")).encode("ascii")
    return _NOT_REWRITTEN if respelled or written != raw or _DEEP in raw else value


def _escaped(found: re.Match[str]) -> str:
    return encode_basestring_ascii(found[0])[1:-1]


def _written(document: Any) -> str:
    """The text of `hashing.canonical`, made in less than half the time.

    Python's own indented writer hands each token through as many generators as it is deep.
    """
    if not isinstance(document, (dict, list)) or not document:
        return json.dumps(document) + "\n"
    pieces: list[str] = []
    _write(document, "\n", pieces.append)
    return "".join(pieces) + "\n"


def _write(value: Any, line_break: str, add: Callable[[str], None]) -> None:
    """Write an object or list that is not empty; what it is told by is its exact type."""
    below = line_break + "  "
    if type(value) is dict:
        separator = "{" + below
        for key, item in value.items():
            add(f"{separator}{encode_basestring_ascii(key)}: ")
            kind = type(item)
            if kind is str:
                add(encode_basestring_ascii(item))
            elif item and (kind is dict or kind is list):
                _write(item, below, add)
            else:
                add(_word(item))
            separator = "," + below
        add(line_break + "}")
    else:
        separator = "[" + below
        for item in value:
            add(separator)
            if item and type(item) in (dict, list):
                _write(item, below, add)
            else:
                add(_word(item))
            separator = "," + below
        add(line_break + "]")


def _word(value: Any) -> str:
    """A value without a value below it."""
    if value is None:
        return "null"
    kind = type(value)
    # What is infinite or no number has another name in JSON than in Python.
    if kind is int or (kind is float and value - value == 0):
        return repr(value)
    return json.dumps(value)


def first_few(found: Iterable[T]) -> Iterator[tuple[T, str]]:
    """The first of many, each with the end of its message: that of the last counts the others."""
    rest = iter(found)
    first = list(islice(rest, MOST_TOLD))
    more = sum(1 for _ in rest)
    for place, one in enumerate(first, start=1):
        yield one, f"; {more:,} more such" if more and place == len(first) else ""


def pointer_of(parts: Iterable[str | int]) -> str:
    """A JSON pointer from its parts (RFC 6901); the empty string for the whole document."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def line_of(text: str, pointer: str) -> int:
    """The line, from 1, of the value at a pointer in a text that `parse` could read."""
    return text.count("\n", 0, _offset_of(text, pointer)) + 1


def spans(text: str, pointers: Iterable[str]) -> Mapping[str, tuple[int, int]]:
    """Where the values at JSON pointers start and end, in characters, in a text `parse` could read.

    Pointers that lead nowhere are left out. Of a key that stands twice the last counts. The text
    is walked once, however many the pointers.
    """
    root = _Wanted()
    wanted = {}
    for pointer in pointers:
        if pointer.count("/") <= MAX_DEPTH and (not pointer or pointer.startswith("/")):
            place = root
            for part in _parts(pointer):
                place = place.below.setdefault(part, _Wanted())
            wanted[pointer] = place
    _visit(text, _skip_space(text, 0), root, count(1))
    _mark_reached(root)
    return {
        pointer: (place.start, place.end) for pointer, place in wanted.items() if place.is_reached
    }


class _TooDeepError(Exception):
    pass


def _unreadable(text: str, *flaws: Flaw) -> Parsed:
    return Parsed(text, readable=False, value=None, flaws=flaws)


def _located(soundness: Soundness, text: str, found: Iterator[tuple[str, str]]) -> Iterator[Flaw]:
    """Flaws of one kind with their lines."""
    for (pointer, detail), others in first_few(found):
        yield Flaw(soundness, pointer, line_of(text, pointer), detail + others)


def _load(text: str) -> tuple[Any, bool, dict[int, float]]:
    """The value, whether a key stands twice, and the NaNs and Infinities by their identity."""
    doubled = False
    constants: dict[int, float] = {}

    def make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal doubled
        made = dict(pairs)
        if len(made) != len(pairs):
            doubled = True
        return made

    def make_constant(name: str) -> float:
        number = float(name)
        constants[id(number)] = number
        return number

    value = json.loads(text, object_pairs_hook=make_object, parse_constant=make_constant)
    if not within_depth(value):
        raise _TooDeepError
    return value, doubled, constants


def _syntax_flaw(text: str, error: json.JSONDecodeError) -> Flaw:
    if not text.strip():
        return Flaw(Soundness.INVALID_JSON, "", 1, "the file is empty")
    marker = _MERGE_MARKER.search(text)
    if marker:
        line = text.count("\n", 0, marker.start()) + 1
        detail = "an unresolved merge: resolve the conflict, then validate again"
        return Flaw(Soundness.MERGE_MARKERS, "", line, detail)
    if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
        line = text.rstrip().count("\n") + 1
        return Flaw(Soundness.INVALID_JSON, "", line, "the file ends in the middle")
    place = error.pos
    comma = text[: place + 1].rstrip().removesuffix(text[place]).rstrip()
    if text[place] in "]}" and comma.endswith(","):
        place = len(comma) - 1  # where newer Pythons see it
    detail = f"unexpected {text[place]!r}, column {place - text.rfind(chr(10), 0, place)}"
    return Flaw(Soundness.INVALID_JSON, "", text.count("\n", 0, place) + 1, detail)


class _Pairs(list[tuple[str, Any]]):
    """An object's members in order, doubled keys included."""


def _doubled_keys(text: str) -> Iterator[tuple[str, str]]:
    """Pointer of every key that an object holds more than once, and what to say of it."""
    todo: list[tuple[tuple[str | int, ...], Any]] = [
        ((), json.loads(text, object_pairs_hook=_Pairs)),
    ]
    while todo:
        parts, value = todo.pop()
        if isinstance(value, _Pairs):
            seen: set[str] = set()
            told: set[str] = set()
            for key, _ in value:
                if key in seen and key not in told:
                    told.add(key)
                    detail = f"key {json.dumps(key)} stands twice; readers keep the last"
                    yield pointer_of((*parts, key)), detail
                seen.add(key)
            todo.extend(((*parts, key), item) for key, item in reversed(value))
        elif isinstance(value, list):
            todo.extend(((*parts, place), value[place]) for place in reversed(range(len(value))))


def _nonfinite_numbers(value: Any, constants: dict[int, float]) -> Iterator[tuple[str, str]]:
    """Pointer of every number that was spelled as a word, and what to say of it."""
    todo: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while todo:
        parts, item = todo.pop()
        if isinstance(item, dict):
            todo.extend(((*parts, key), item[key]) for key in reversed(item))
        elif isinstance(item, list):
            todo.extend(((*parts, place), item[place]) for place in reversed(range(len(item))))
        elif id(item) in constants:
            name = "NaN" if math.isnan(item) else "Infinity" if item > 0 else "-Infinity"
            yield pointer_of(parts), f"{name} is no JSON number"


_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


def _offset_of(text: str, pointer: str) -> int:
    offset = _skip_space(text, 0)
    for part in _parts(pointer):
        if text.startswith("{", offset):
            below = _member_offset(text, offset, part)
        elif text.startswith("[", offset) and _INDEX.fullmatch(part):
            below = _item_offset(text, offset, int(part))
        else:
            below = None
        if below is None:
            return offset
        offset = below
    return offset


def _member_offset(text: str, offset: int, key: str) -> int | None:
    """Where the last member of that key starts: the one a reader keeps."""
    found = None
    offset = _skip_space(text, offset + 1)
    while not text.startswith("}", offset):
        name, offset = _DECODER.raw_decode(text, offset)
        offset = _skip_space(text, _skip_space(text, offset) + 1)
        if name == key:
            found = offset
        offset = _next_item(text, offset)
    return found


def _item_offset(text: str, offset: int, index: int) -> int | None:
    offset = _skip_space(text, offset + 1)
    while not text.startswith("]", offset):
        if index == 0:
            return offset
        index -= 1
        offset = _next_item(text, offset)
    return None


def _next_item(text: str, offset: int) -> int:
    """From the start of a value to the next one, or to the bracket that closes the list."""
    return _past_comma(text, _DECODER.raw_decode(text, offset)[1])


def _past_comma(text: str, offset: int) -> int:
    offset = _skip_space(text, offset)
    return _skip_space(text, offset + 1) if text.startswith(",", offset) else offset


def _skip_space(text: str, offset: int) -> int:
    match = _SPACE.match(text, offset)
    return match.end() if match else offset


def _parts(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


@dataclass(slots=True)
class _Wanted:
    """A value that is looked for, or that encloses one.

    A member that stands twice is visited twice, and what was found in the first is void. So each
    visit has a number, and a value keeps that of the visit around it.
    """

    below: dict[str, "_Wanted"] = field(default_factory=dict)
    start: int = 0
    end: int = 0
    visit: int = 0
    within: int = 0
    is_reached: bool = False


def _visit(text: str, offset: int, place: _Wanted, numbers: Iterator[int]) -> int:
    """Take down where a value starts and ends, and those looked for below it. Gives its end."""
    place.start = offset
    place.visit = next(numbers)
    closing = {"{": "}", "[": "]"}.get(text[offset]) if place.below else None
    if closing is None:
        _, place.end = _DECODER.raw_decode(text, offset)
        return place.end
    index = 0
    offset = _skip_space(text, offset + 1)
    while not text.startswith(closing, offset):
        key = str(index)
        if closing == "}":
            key, offset = _DECODER.raw_decode(text, offset)
            offset = _skip_space(text, _skip_space(text, offset) + 1)
        below = place.below.get(key)
        if below is None:
            offset = _next_item(text, offset)
        else:
            below.within = place.visit
            offset = _past_comma(text, _visit(text, offset, below, numbers))
        index += 1
    place.end = offset + 1
    return place.end


def _mark_reached(root: _Wanted) -> None:
    todo = [root]
    while todo:
        place = todo.pop()
        place.is_reached = True
        todo += (below for below in place.below.values() if below.within == place.visit)

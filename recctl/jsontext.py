"""JSON text, read strictly: the value, what is unsound about the text, and where a value stands.

Reading is as lenient as the recorder's own (Python's `json`), so that one flaw does not hide the
rest of a file; each leniency is reported as a flaw.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MAX_DEPTH = 200
"""Levels of nesting. A parsed value is never deeper, so code that walks one may recurse.

Real recordings have about 14. Python's own limit is 1,000 frames, JSON parsers in other
languages stop between 128 and 512.
"""

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
    """A text and what came of it. `value` means nothing where `readable` is false."""

    text: str
    readable: bool
    value: Any
    flaws: tuple[Flaw, ...]

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
        value, doubled, nonfinite = _load(text)
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
        for pointer, key in _doubled_keys(text):
            detail = f"key {json.dumps(key)} stands twice; readers keep the last"
            line = line_of(text, pointer)
            flaws.append(Flaw(Soundness.DUPLICATE_KEYS, pointer, line, detail))
    if nonfinite:
        for pointer, number in _nonfinite_numbers(value):
            name = "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
            detail = f"{name} is no JSON number"
            line = line_of(text, pointer)
            flaws.append(Flaw(Soundness.NOT_A_NUMBER, pointer, line, detail))
    return Parsed(text, readable=True, value=value, flaws=tuple(flaws))


def pointer_of(parts: Iterable[str | int]) -> str:
    """A JSON pointer from its parts (RFC 6901); the empty string for the whole document."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def line_of(text: str, pointer: str) -> int:
    """The line, from 1, of the value at a pointer in a text that `parse` could read."""
    return text.count("\n", 0, _offset_of(text, pointer)) + 1


class _TooDeepError(Exception):
    pass


def _unreadable(text: str, *flaws: Flaw) -> Parsed:
    return Parsed(text, readable=False, value=None, flaws=flaws)


def _load(text: str) -> tuple[Any, bool, bool]:
    """The value, whether a key stands twice, whether NaN or Infinity occurs."""
    doubled = nonfinite = False

    def make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal doubled
        made = dict(pairs)
        if len(made) != len(pairs):
            doubled = True
        return made

    def make_constant(name: str) -> float:
        nonlocal nonfinite
        nonfinite = True
        return float(name)

    value = json.loads(text, object_pairs_hook=make_object, parse_constant=make_constant)
    if not _within_depth(value):
        raise _TooDeepError
    return value, doubled, nonfinite


def _within_depth(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        below: list[Any] = []
        for item in level:
            if type(item) is dict:
                below += item.values()
            elif type(item) is list:
                below += item
        if not below:
            return True
        level = below
    return False


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
    message = error.msg[0].lower() + error.msg[1:]
    detail = f"{message}, column {error.colno}"
    return Flaw(Soundness.INVALID_JSON, "", error.lineno, detail)


class _Pairs(list[tuple[str, Any]]):
    """An object's members in order, doubled keys included."""


def _doubled_keys(text: str) -> Iterator[tuple[str, str]]:
    """Pointer and key of every key that an object holds more than once, each once."""
    todo: list[tuple[tuple[str | int, ...], Any]] = [
        ((), json.loads(text, object_pairs_hook=_Pairs)),
    ]
    while todo:
        parts, value = todo.pop()
        if isinstance(value, _Pairs):
            seen: set[str] = set()
            told: set[str] = set()
            for key, item in value:
                if key in seen and key not in told:
                    told.add(key)
                    yield pointer_of((*parts, key)), key
                seen.add(key)
                todo.append(((*parts, key), item))
        elif isinstance(value, list):
            todo.extend(((*parts, index), item) for index, item in enumerate(value))


def _nonfinite_numbers(value: Any) -> Iterator[tuple[str, float]]:
    todo: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while todo:
        parts, item = todo.pop()
        if isinstance(item, dict):
            todo.extend(((*parts, key), below) for key, below in item.items())
        elif isinstance(item, list):
            todo.extend(((*parts, index), below) for index, below in enumerate(item))
        elif isinstance(item, float) and not math.isfinite(item):
            yield pointer_of(parts), item


_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")


def _offset_of(text: str, pointer: str) -> int:
    offset = _skip_space(text, 0)
    for escaped in pointer.split("/")[1:]:
        part = escaped.replace("~1", "/").replace("~0", "~")
        if text.startswith("{", offset):
            below = _member_offset(text, offset, part)
        elif text.startswith("[", offset) and part.isdecimal():
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
    _, offset = _DECODER.raw_decode(text, offset)
    offset = _skip_space(text, offset)
    return _skip_space(text, offset + 1) if text.startswith(",", offset) else offset


def _skip_space(text: str, offset: int) -> int:
    match = _SPACE.match(text, offset)
    return match.end() if match else offset

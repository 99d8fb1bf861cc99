"""Changes of recordings on purpose: what may be asked for, and what it makes of a document.

An amendment is one thing asked for, as it stands on the command line. `amended` applies several to
a document, in their order, and gives what differs then. All of it is pure.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, ClassVar, Self

from recctl.difference import ABSENT, Difference, is_same
from recctl.errors import UsageError
from recctl.jsontext import parse, pointer_of
from recctl.safetext import one_line
from recctl.shapes import MAX_DEPTH
from recctl.sources import NodeId

_TEST_ID = "test_id"
_TYPE = "__type__"
_ANY = "*"


# What may be asked for


@dataclass(frozen=True, slots=True)
class Path:
    """Where values stand in a request: a JSON pointer (RFC 6901) without empty parts.

    It counts from the request, as in `/body/tools/0/function/name`. A part `*` is any key or
    index. The test id of a request is not reached, as it has to agree with that of the file.
    """

    parts: tuple[str, ...]

    @classmethod
    def parse(cls, text: str, option: str) -> Self:
        """The path in an argument. Raises UsageError, which names the option."""
        shown = f"{option} {one_line(text)!r}"
        if not text.startswith("/"):
            raise UsageError(f"{shown}: a PATH begins with / and counts from the request: /body/…")
        parts = text[1:].split("/")
        if "" in parts:
            raise UsageError(f"{shown}: a part of the PATH is empty")
        if len(parts) > MAX_DEPTH:
            raise UsageError(f"{option}: the PATH has more than {MAX_DEPTH} parts")
        if any(re.search("~(?![01])", part) for part in parts):
            raise UsageError(f"{shown}: in a PATH ~ is written ~0, and / in a key ~1")
        made = cls(tuple(part.replace("~1", "/").replace("~0", "~") for part in parts))
        if made.parts[0] == _TEST_ID:
            raise UsageError(f"{shown}: a test id is changed with --rename-test OLD=NEW")
        return made


@dataclass(frozen=True, slots=True)
class Set:
    """A value is replaced; where its object has no such key, it is added as the last.

    Where there is no such object, nothing is done, and a list gets no new items. A value that is
    the same already stays as it is written.
    """

    option: ClassVar = "--set"
    given: str
    path: Path
    value: Any

    @classmethod
    def parse(cls, given: str) -> Self:
        """The amendment in an argument PATH=JSON. Raises UsageError."""
        path, text = _parted(given, "=", cls.option, "PATH=JSON, as in --set /body/seed=7")
        parsed = parse(text.encode("utf-8"))
        if parsed.flaws or not _is_plain(parsed.value):
            why = parsed.flaws[0].detail if parsed.flaws else "a number is too large"
            raise UsageError(
                f"--set {one_line(given)!r}: no JSON after the =: {why};"
                """ a text stands in quotes: --set '/body/model="fog-1"'"""
            )
        return cls(given, Path.parse(_plain(path), cls.option), parsed.value)

    def amend(self, document: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        """The document with the value, and whether there was a place for it."""
        *above, last = self.path.parts

        def put(holder: Any) -> tuple[Any, bool]:
            if not isinstance(holder, dict) or last == _ANY:
                return _at(holder, [last], self._replace, barred="" if above else _TEST_ID)
            if last in holder:
                return _at(holder, [last], self._replace)
            return {**holder, last: self.value}, True

        return _in_request(document, above, put)

    def _replace(self, old: Any) -> tuple[Any, bool]:
        return (old if is_same(_finished(old), self.value) else self.value), True


@dataclass(frozen=True, slots=True)
class Delete:
    """A member of an object goes, or an item of a list; those after an item move up."""

    option: ClassVar = "--delete"
    given: str
    path: Path

    @classmethod
    def parse(cls, given: str) -> Self:
        """The amendment in an argument PATH. Raises UsageError."""
        return cls(given, Path.parse(_plain(_utf8(given, cls.option)), cls.option))

    def amend(self, document: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        """The document without the values, and whether there were any."""
        return _in_request(document, self.path.parts, lambda _: (ABSENT, True))


@dataclass(frozen=True, slots=True)
class Replace:
    """In the strings at a path, and in all strings below it, each `old` becomes `new`.

    Keys stay. Numbers and truth values are no strings.
    """

    option: ClassVar = "--replace"
    given: str
    path: Path
    old: str
    new: str

    @classmethod
    def parse(cls, given: str) -> Self:
        """The amendment in an argument PATH:OLD=NEW. Raises UsageError."""
        usage = "PATH:OLD=NEW, as in --replace /body/messages:fog=mist"
        path, texts = _parted(given, ":", cls.option, usage)
        old, new = _old_and_new(texts, cls.option, usage)
        return cls(given, Path.parse(_plain(path), cls.option), old, new)

    def amend(self, document: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        """The document with the texts, and whether the old one stood anywhere."""

        def replace(value: Any) -> tuple[Any, bool]:
            made = _deep(value, str, self._text)
            return made, made is not value

        return _in_request(document, self.path.parts, replace)

    def _text(self, value: Any) -> Any:
        return value.replace(self.old, self.new) if self.old in value else value


@dataclass(frozen=True, slots=True)
class RenameTest:
    """In test ids, the first parts become others: a folder, a file, a class, a function.

    Only whole parts are compared, and what a test is called with, `[…]`, is kept. A test that would
    have no name left is not meant.
    """

    option: ClassVar = "--rename-test"
    given: str
    old: NodeId
    new: NodeId

    @classmethod
    def parse(cls, given: str) -> Self:
        """The amendment in an argument OLD=NEW. Raises UsageError."""
        usage = "OLD=NEW, as in --rename-test tests/a/test_x.py=tests/b/test_y.py"
        old, new = map(NodeId.parse, _old_and_new(given, cls.option, usage))
        shown = f"{cls.option} {one_line(given)!r}"
        for one in (old, new):
            if one.parameters:
                raise UsageError(f"{shown}: parameters are kept: leave out {one.parameters!r}")
            if "" in one.names or any(part in ("", ".", "..") for part in one.file.split("/")):
                raise UsageError(f"{shown}: {str(one)!r} is no path below the root, nor test in it")
        if _is_file(old) is not _is_file(new):
            raise UsageError(f"{shown}: one is a test file or in one, the other a folder")
        return cls(given, old, new)

    def amend(self, document: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        """The document with the new test id, and whether it had the old one."""
        made, found = _at(document, [_TEST_ID], self._rename)
        asked, also_found = _at(made, ["request", _TEST_ID], self._rename)
        return asked, found or also_found

    def _rename(self, test_id: Any) -> tuple[Any, bool]:
        renamed = self.renamed(test_id) if isinstance(test_id, str) else None
        return (test_id, False) if renamed is None else (renamed, True)

    def renamed(self, test_id: str) -> str | None:
        """The new id of a test; null for one that is not meant."""
        node, old, new = NodeId.parse(test_id), self.old, self.new
        if node.file == old.file and node.names[: len(old.names)] == old.names:
            names = (*new.names, *node.names[len(old.names) :])
            is_test = names or not node.names
            return str(NodeId(new.file, names, node.parameters)) if is_test else None
        if not _is_file(old) and node.file.startswith(f"{old.file}/"):
            return new.file + test_id.removeprefix(old.file)
        return None

    def __str__(self) -> str:
        """What it does, in a few words."""
        return f"test {self.old} → {self.new}"


@dataclass(frozen=True, slots=True)
class RenameType:
    """In `__type__`, the first parts of a dotted name become others: a package, module or class.

    Only whole parts are compared. Nothing is imported, nor looked up.
    """

    option: ClassVar = "--rename-type"
    given: str
    old: str
    new: str

    @classmethod
    def parse(cls, given: str) -> Self:
        """The amendment in an argument OLD=NEW. Raises UsageError."""
        usage = "OLD=NEW, as in --rename-type old.module=new.module"
        old, new = _old_and_new(given, cls.option, usage)
        for one in (old, new):
            if not all(map(str.isidentifier, one.split("."))):
                raise UsageError(f"{cls.option} {one_line(given)!r}: {one!r} is no dotted name")
        return cls(given, old, new)

    def amend(self, document: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        """The document with the new names, and whether it had an old one."""
        made, found = document, False
        for key in ("request", "response"):
            made, is_there = _at(made, [key], self._rename)
            found = found or is_there
        return made, found

    def _rename(self, value: Any) -> tuple[Any, bool]:
        made = _deep(value, dict, self._typed)
        return made, made is not value

    def _typed(self, value: Any) -> Any:
        name = value.get(_TYPE)
        if not isinstance(name, str) or not f"{name}.".startswith(f"{self.old}."):
            return value
        return {**value, _TYPE: self.new + name.removeprefix(self.old)}

    def __str__(self) -> str:
        """What it does, in a few words."""
        return f"type {self.old} → {self.new}"


Amendment = Set | Delete | Replace | RenameTest | RenameType
"""One thing asked for. `given` is its argument, as it was written."""

AMENDMENTS: Mapping[str, type[Amendment]] = {
    one.option: one for one in (Set, Delete, Replace, RenameTest, RenameType)
}
"""Option -> what it asks for."""


# What comes of a document


@dataclass(frozen=True, slots=True)
class Amended:
    """A document after all amendments, what differs from the old one, and who found anything.

    `matched` are the places of those amendments in their sequence whose path or text was there,
    whether or not it made a difference.
    """

    document: Mapping[str, Any]
    differences: tuple[Difference, ...]
    matched: frozenset[int]


def amended(document: Mapping[str, Any], amendments: Sequence[Amendment]) -> Amended:
    """A document with amendments made in it, one after the other."""
    draft, matched = document, set[int]()
    for place, one in enumerate(amendments):
        draft, found = one.amend(draft)
        if found:
            matched.add(place)
    found_differences = tuple(_differences(document, draft, ()))
    made = dict(draft)
    if "request" in made:
        made["request"] = _finished(made["request"])  # nothing else is ever deleted from
    return Amended(made, found_differences, frozenset(matched))


def told(differences: Iterable[Difference]) -> list[str]:
    """What differs in the request, value by value, each in a few words."""
    return [
        _told(one.pointer.removeprefix(_REQUEST), one.old, one.new)
        for one in differences
        if one.pointer.startswith(f"{_REQUEST}/") and one.pointer != f"{_REQUEST}/{_TEST_ID}"
    ]


_REQUEST = "/request"


def _told(pointer: str, old: Any, new: Any) -> str:
    if old is ABSENT:
        return f"{pointer} added: {_in_short(new)}"
    if new is ABSENT:
        return f"{pointer} deleted: {_in_short(old)}"
    if isinstance(old, str) and isinstance(new, str) and max(len(old), len(new)) > _SHORT:
        return f"{pointer} " + " → ".join(map(_in_short, _around(old, new)))
    return f"{pointer} {_in_short(old)} → {_in_short(new)}"


_SHORT = 40
_AROUND = 12


def _in_short(value: Any) -> str:
    words = json.dumps(value, ensure_ascii=False)
    return words if len(words) <= 2 * _SHORT else words[: 2 * _SHORT - 1] + "…"


def _around(old: str, new: str) -> tuple[str, str]:
    """Two texts, cut to where they differ and a little before and after."""
    shorter = min(len(old), len(new))
    start = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    same = shorter - start
    tail = next((at for at in range(same) if old[-1 - at] != new[-1 - at]), same)
    begin, after = max(0, start - _AROUND), max(0, tail - _AROUND)
    opening, closing = "…" if begin else "", "…" if after else ""
    cut_old, cut_new = (f"{opening}{one[begin : len(one) - after]}{closing}" for one in (old, new))
    return cut_old, cut_new


def _differences(old: Any, new: Any, parts: tuple[str | int, ...]) -> Iterator[Difference]:
    """What differs between a value and its draft. What is the same object is not looked into."""
    if old is new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key, item in old.items():
            yield from _differences(item, new.get(key, ABSENT), (*parts, key))
        for key in new:
            if key not in old:
                yield Difference(pointer_of((*parts, key)), ABSENT, _finished(new[key]))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, item in enumerate(old):
            yield from _differences(item, new[place], (*parts, place))
    elif new is ABSENT:
        yield Difference(pointer_of(parts), old, ABSENT)
    else:
        made = _finished(new)
        if not is_same(old, made):
            yield Difference(pointer_of(parts), old, made)


_Rewrite = Callable[[Any], tuple[Any, bool]]
"""Gives the value in another's place, the same object for the same, and whether it was meant."""


def _in_request(
    document: Mapping[str, Any], parts: Sequence[str], rewrite: _Rewrite
) -> tuple[Mapping[str, Any], bool]:
    def below(request: Any) -> tuple[Any, bool]:
        return _at(request, parts, rewrite, barred=_TEST_ID)

    return _at(document, ["request"], below)


def _at(value: Any, parts: Sequence[str], rewrite: _Rewrite, barred: str = "") -> tuple[Any, bool]:
    """A value with those at a path rewritten, and whether any was meant.

    What is on the way is copied, all else is shared. A key that is barred is passed over.
    """
    if not parts:
        return rewrite(value)
    made, found = value, False
    for key in _keys(value, parts[0]):
        if key == barred:
            continue
        new, is_there = _at(value[key], parts[1:], rewrite)
        found = found or is_there
        if new is value[key]:
            continue
        if made is value:
            made = value.copy()
        if new is ABSENT and isinstance(made, dict):
            del made[key]
        else:
            made[key] = new
    return made, found


def _keys(value: Any, part: str) -> list[Any]:
    """The keys of an object, or places in a list, that a part of a path means."""
    if isinstance(value, dict):
        return list(value) if part == _ANY else [part] if part in value else []
    if not isinstance(value, list):
        return []
    places = [place for place, item in enumerate(value) if item is not ABSENT]
    if part == _ANY:
        return places
    return places[int(part) :][:1] if _INDEX.fullmatch(part) else []


_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


def _deep(value: Any, kind: type, rewrite: Callable[[Any], Any]) -> Any:
    """A value with all strings in it rewritten, or all objects; from the innermost on."""
    made = value
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            if not isinstance(item, (kind, dict, list)):
                continue
            new = _deep(item, kind, rewrite)
            if new is not item:
                made = value.copy() if made is value else made
                made[key] = new
    return rewrite(made) if isinstance(made, kind) else made


def _finished(draft: Any) -> Any:
    """A draft without what is deleted from its lists."""
    if isinstance(draft, dict):
        return {key: _finished(item) for key, item in draft.items()}
    if isinstance(draft, list):
        return [_finished(item) for item in draft if item is not ABSENT]
    return draft


# Arguments

_ESCAPED = re.compile(r"\\([\\:=])")


def _plain(text: str) -> str:
    """A text in which a backslash before `:`, `=` or another backslash has done its work."""
    return _ESCAPED.sub(r"\1", text)


def _utf8(given: str, option: str) -> str:
    try:
        given.encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError(f"{option} {one_line(given)!r}: not UTF-8") from None
    return given


def _parted(given: str, mark: str, option: str, usage: str) -> tuple[str, str]:
    """What is before and after the first mark that has no backslash before it."""
    match = re.fullmatch(rf"((?>\\[\\:=]|[^{mark}])*+){mark}(.*)", _utf8(given, option), re.DOTALL)
    if match is None or not match[1]:
        raise UsageError(f"{option} {one_line(given)!r} is not {usage}")
    return match[1], match[2]


def _old_and_new(given: str, option: str, usage: str) -> tuple[str, str]:
    old, new = map(_plain, _parted(given, "=", option, usage))
    if old == new:
        raise UsageError(f"{option} {one_line(given)!r}: OLD and NEW are the same")
    return old, new


def _is_plain(value: Any) -> bool:
    """Whether a value has no number that Python reads as infinite."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


def _is_file(node: NodeId) -> bool:
    """Whether a part of a test id means a file, or tests in one, and no folder."""
    return bool(node.names) or PurePosixPath(node.file).suffix == ".py"

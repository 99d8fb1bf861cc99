"""Differences, what was said of each so far, and what several rooms say of one."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from recctl.compare.exact import Parts, differences, parts_of
from recctl.compare.secrecy import MASK, cut, shown
from recctl.compare.texts import bounded, changed, edited, in_json
from recctl.compare.values import Line, Statement
from recctl.difference import ABSENT, Difference
from recctl.recording import Recording

Normal = Callable[[str], str]
"""Gives a text as the hash sees it."""

_LONGEST_NAME = 80
MOST_REPLACED = 50
"""Where a list was replaced as a whole, so many messages or tools are told one by one."""


def name(value: object) -> str:
    """A recorded name as it stands between backticks."""
    told = shown(str(value)).replace("`", "'")
    return told if len(told) <= _LONGEST_NAME else told[: _LONGEST_NAME - 1] + "…"


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


def sent_key(recording: Recording) -> str:
    """Where in the request the body stands, or what is sent in its place."""
    keys = ("body", "payload", "kwargs")
    return next((key for key in keys if isinstance(recording.request.get(key), dict)), "body")


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

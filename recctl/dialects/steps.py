"""The steps a dialect is made of, and their application to a request.

Source: docs/format.md, "The dialects".
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any


@dataclass(frozen=True, slots=True)
class Substitute:
    """In every string value, each match becomes `text`, or is rewritten with `digits` decimals.

    A match that is no number is left as it is by the latter.
    """

    pattern: str
    text: str | None = None
    digits: int | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """Every float is rounded to so many decimals."""

    digits: int


@dataclass(frozen=True, slots=True)
class Drop:
    """The value at a path of keys is left out, counted from the body.

    With `in_lists`, an object that is an item of a list counts as a body too. `host` must occur
    in the url's host.
    """

    path: tuple[str, ...]
    host: str = ""
    in_lists: bool = False


@dataclass(frozen=True, slots=True)
class AddTestId:
    """The test id is part of the material."""


@dataclass(frozen=True, slots=True)
class Share:
    """Recordings of this url path serve every test: no test id in their material."""

    path: str


Step = Substitute | Round | Drop | AddTestId | Share


def normalized(steps: Sequence[Step], body: Any, host: str) -> Any:
    """A copy of a body with the steps applied; `host` is the url's host, or empty.

    The body must not be nested deeper than Python can recurse.
    """
    return _normalizer(tuple(steps), host)(body)


class Effects:
    """Which steps may change one body; `host` is the url's host, or empty.

    Most change nothing in most bodies. To find that out for all dialects takes less time than to
    apply the steps of one.
    """

    def __init__(self, body: Any, host: str) -> None:
        """Look through a body."""
        self._strings, self._floats, self._keys = _parts(body)
        self._host = host
        # By identity: to hash a step takes longer than most answers do.
        self._known: dict[int, tuple[Step, bool]] = {}

    def are_there(self, steps: Iterable[Step]) -> bool:
        """Whether any of the steps may change it. If not, it is its own normalized form."""
        return any(map(self._may_change, steps))

    def of(self, steps: Sequence[Step]) -> tuple[Step, ...]:
        """Those of the steps that may change it. Where they are equal, so are the results."""
        substitutions: list[Step] = []
        others: list[Step] = []
        is_rounded = False
        for step in steps:
            if isinstance(step, Substitute):
                substitutions.append(step)
            elif isinstance(step, Round):
                if not is_rounded and self._may_change(step):
                    others.append(step)
                is_rounded = True
            elif self._may_change(step):
                others.append(step)
        # All of them, as one may make what another matches.
        return (*others, *(substitutions if self.are_there(substitutions) else ()))

    def _may_change(self, step: Step) -> bool:
        known = self._known.get(id(step))
        if known is None:
            known = self._known[id(step)] = step, self._matches(step)
        return known[1]

    def _matches(self, step: Step) -> bool:
        match step:
            case Substitute(pattern):
                return _search(pattern).matches_any(self._strings)
            case Round(digits):
                return any(round(one, digits) != one for one in self._floats)
            case Drop(path, host):
                return host in self._host and path[-1] in self._keys
        return False


def _parts(body: Any) -> tuple[set[str], list[float], set[str]]:
    """The strings, the floats and the keys anywhere in a body."""
    strings, floats, keys = set[str](), list[float](), set[str]()
    todo = [body]
    while todo:
        value = todo.pop()
        if isinstance(value, str):
            strings.add(value)
        elif isinstance(value, dict):
            keys.update(value)
            todo += value.values()
        elif isinstance(value, list):
            todo += value
        elif isinstance(value, float):
            floats.append(value)
    return strings, floats, keys


_STRINGS = 1024
_SHORT = 4096
"""So many strings are remembered that have so few characters: requests of a corpus are alike."""


class _Search:
    """A pattern, and strings in which it does not occur: the files of a corpus share them."""

    def __init__(self, pattern: str) -> None:
        self._find = re.compile(pattern).search
        self._needed = needed_text(pattern)
        self._without: set[str] = set()

    def matches_any(self, texts: set[str]) -> bool:
        """Whether the pattern occurs in any of some texts."""
        fresh = texts - self._without
        if any(self._needed in one and self._find(one) for one in fresh):
            return True
        if len(self._without) + len(fresh) > 8 * _STRINGS:
            self._without.clear()
        self._without.update(one for one in fresh if len(one) <= _SHORT)
        return False


_search = lru_cache(maxsize=256)(_Search)


def needed_text(pattern: str) -> str:
    """A text that is in whatever a pattern matches: the longest that stands outside of brackets.

    Empty where there is none, or where that is not plain to see. To look for a text is many times
    faster than to look for a pattern.
    """
    is_plain = not re.compile(pattern).flags & (re.IGNORECASE | re.VERBOSE)
    if not is_plain or "(?#" in pattern:
        return ""
    texts = [""]
    depth = 0
    for match in _PIECES.finditer(pattern):
        piece = match[0]
        depth += (piece == "(") - (piece == ")")
        if depth == 0 and piece == "|":
            return ""
        one = piece.removeprefix("\\")
        is_itself = _ITSELF.fullmatch(piece) is not None
        if depth == 0 and is_itself and not pattern.startswith(_QUANTIFIERS, match.end()):
            texts[-1] += one
        else:
            texts.append("")
    return max(texts, key=len)


_QUANTIFIERS = ("*", "+", "?", "{")
_PIECES = re.compile(
    r"\\(?:[0-9]+|x..|u.{4}|U.{8}|N\{[^}]*\}|.)|\[\^?\]?(?:\\.|[^\]\\])*\]|\{[0-9,]*\}|.",
    re.DOTALL,
)
"""What a pattern is made of, one by one: an escape, a set of characters, a number of repetitions, a
character."""

_ITSELF = re.compile(r"[A-Za-z0-9_:;,<> /=@#%&!~\"'-]|\\[.|:<>/-]")
"""The pieces of a pattern that match one character, which they name."""


@lru_cache(maxsize=256)
def _normalizer(steps: tuple[Step, ...], host: str) -> Callable[[Any], Any]:
    rewrites = [_rewrite(step) for step in steps if isinstance(step, Substitute)]
    digits = next((step.digits for step in steps if isinstance(step, Round)), None)
    drops = [step for step in steps if isinstance(step, Drop) and step.host in host]
    drops_in_lists = [step for step in drops if step.in_lists]

    def rewritten(value: str) -> str:
        for rewrite in rewrites:
            value = rewrite(value)
        return value

    remembered = lru_cache(maxsize=_STRINGS)(rewritten)

    def normalize(value: Any, drops: Sequence[Drop]) -> Any:
        if isinstance(value, str):
            return remembered(value) if len(value) <= _SHORT else rewritten(value)
        if isinstance(value, float):
            return value if digits is None else round(value, digits)
        if isinstance(value, list):
            return [normalize(item, drops_in_lists) for item in value]
        if isinstance(value, dict):
            made = {key: normalize(item, ()) for key, item in value.items()}
            for drop in drops:
                _remove(made, drop.path)
            return made
        return value

    return lambda body: normalize(body, drops)


def _rewrite(step: Substitute) -> Callable[[str], str]:
    pattern = re.compile(step.pattern)
    text, digits = step.text, step.digits

    def replacement(match: re.Match[str]) -> str:
        if text is not None:
            return text
        try:
            return f"{float(match[0]):.{digits}f}"
        except ValueError:
            return match[0]

    return lambda value: pattern.sub(replacement, value)


def _remove(made: dict[str, Any], path: tuple[str, ...]) -> None:
    below: Any = made
    for key in path[:-1]:
        below = below.get(key)
        if not isinstance(below, dict):
            return
    below.pop(path[-1], None)

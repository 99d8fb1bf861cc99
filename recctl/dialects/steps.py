"""The steps a dialect is made of, and their application to a request.

Source: docs/format.md, "The dialects".
"""

import re
from collections.abc import Callable, Sequence
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


def takes_test_id(steps: Sequence[Step], url_path: str) -> bool:
    """Whether the test id is part of the material of a request to that path."""
    return AddTestId() in steps and Share(url_path) not in steps


def normalized(steps: Sequence[Step], body: Any, host: str) -> Any:
    """A copy of a body with the steps applied; `host` is the url's host, or empty.

    The body must not be nested deeper than Python can recurse.
    """
    return _normalizer(tuple(steps), host)(body)


@lru_cache(maxsize=256)
def _normalizer(steps: tuple[Step, ...], host: str) -> Callable[[Any], Any]:
    rewrites = [_rewrite(step) for step in steps if isinstance(step, Substitute)]
    digits = next((step.digits for step in steps if isinstance(step, Round)), None)
    drops = [step for step in steps if isinstance(step, Drop) and step.host in host]
    drops_in_lists = [step for step in drops if step.in_lists]

    def normalize(value: Any, drops: Sequence[Drop]) -> Any:
        if isinstance(value, str):
            for rewrite in rewrites:
                value = rewrite(value)
            return value
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

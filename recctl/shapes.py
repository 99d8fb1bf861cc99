"""JSON values taken for what they should be, with nothing in place of anything else."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

MAX_DEPTH = 200
"""Levels of nesting. A parsed value is never deeper, so code that walks one may recurse.

Real recordings have about 14. Python's own limit is 1,000 frames, JSON parsers in other
languages stop between 128 and 512.
"""


def text(value: object) -> str | None:
    """A string that says something; null for anything else."""
    return value if isinstance(value, str) and value else None


def items(value: object) -> list[Any]:
    """A list's items; none of anything else."""
    return value if isinstance(value, list) else []


def fields(value: object) -> Mapping[str, Any]:
    """An object's members; none of anything else."""
    return value if isinstance(value, dict) else {}


def leaves(value: Any, of_item: tuple[str, ...] = ("*",)) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value that holds no others, in order, with the keys that lead to it.

    `of_item` stands for the place in a list.
    """
    left: list[tuple[tuple[str, ...], Any]] = [((), value)]
    while left:
        place, value = left.pop()
        if isinstance(value, dict) and value:
            left += [((*place, key), item) for key, item in reversed(value.items())]
        elif isinstance(value, list) and value:
            below = (*place, *of_item)
            left += [(below, item) for item in reversed(value)]
        else:
            yield place, value


def as_objects(value: Any) -> Any:
    """A named tuple as an object, as are those within it; any other tuple as a list."""
    if not isinstance(value, tuple):
        return value
    values = [as_objects(one) for one in value]
    names = getattr(value, "_fields", None)
    return values if names is None else dict(zip(names, values, strict=True))


def value_in(text: str) -> Any:
    """The value of a JSON text that stands in a recording, as in an event or in arguments.

    Raises ValueError for what is no JSON, RecursionError for what is nested deeper than MAX_DEPTH.
    """
    value = json.loads(text)
    if text.count("[") + text.count("{") > MAX_DEPTH and not within_depth(value):
        raise RecursionError
    return value


def within_depth(value: Any) -> bool:
    """Whether a value is nested no deeper than MAX_DEPTH."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [item for item in level if type(item) is dict or type(item) is list]
        if not level:
            return True
        level = [
            item for above in level for item in (above.values() if type(above) is dict else above)
        ]
    return False

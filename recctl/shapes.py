"""JSON values taken for what they should be, with nothing in place of anything else."""

from collections.abc import Mapping
from typing import Any


def text(value: object) -> str | None:
    """A string that says something; null for anything else."""
    return value if isinstance(value, str) and value else None


def items(value: object) -> list[Any]:
    """A list's items; none of anything else."""
    return value if isinstance(value, list) else []


def fields(value: object) -> Mapping[str, Any]:
    """An object's members; none of anything else."""
    return value if isinstance(value, dict) else {}


def as_objects(value: Any) -> Any:
    """A named tuple as an object, as are those within it; any other tuple as a list."""
    if not isinstance(value, tuple):
        return value
    values = [as_objects(one) for one in value]
    names = getattr(value, "_fields", None)
    return values if names is None else dict(zip(names, values, strict=True))

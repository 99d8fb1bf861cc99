"""Numbers and lists in words."""

from collections.abc import Iterable


def plural(count: int, noun: str) -> str:
    """A number and its noun: 1 finding, 2 findings, 1,087 recordings."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def some(names: Iterable[str], most: int | None = 1) -> str:
    """The first of some names, and how many more there are; null is all."""
    shown = list(names)
    more = f" and {len(shown) - most:,} more" if most is not None and len(shown) > most else ""
    return ", ".join(shown[:most]) + more

"""Ways to change a stream that must not change what it says."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any


def with_nulls(value: Any, but: str) -> Any:
    """A copy that has a null in each object, but not at the key `but`, where it would count."""
    if isinstance(value, list):
        return [with_nulls(item, but) for item in value]
    if isinstance(value, dict):
        found = {key: item if key == but else with_nulls(item, but) for key, item in value.items()}
        return {**found, "tide": None}
    return value


def pieces_of(text: str, cuts: Iterable[int]) -> list[str]:
    """A text cut at these places, each taken modulo its length."""
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[a:b] for a, b in pairwise(places)]

"""Hypothesis strategies that several tests share: JSON values, and recordings gone wrong."""

from collections.abc import Iterator
from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import strategies as st

Place = tuple[str | int, ...]
"""Where a value stands in a document: the keys and indexes that lead to it."""

TEXTS = st.text(max_size=12)
"""Texts that can be written as UTF-8."""

WILD_TEXTS = st.text(st.characters(), max_size=12)
"""Any texts a JSON string can hold: lone halves of surrogate pairs among them."""


def json_values(
    texts: st.SearchStrategy[str] = WILD_TEXTS,
    *,
    keys: st.SearchStrategy[str] | None = None,
    finite: bool = False,
    max_leaves: int = 12,
) -> st.SearchStrategy[Any]:
    """JSON values; unless `finite`, with the NaN and Infinity that Python reads."""
    leaves = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=not finite, allow_infinity=not finite)
        | texts
    )
    return st.recursive(
        leaves,
        lambda below: (
            st.lists(below, max_size=4)
            | st.dictionaries(texts if keys is None else keys, below, max_size=4)
        ),
        max_leaves=max_leaves,
    )


@st.composite
def mutated(draw: st.DrawFn, document: Any, values: st.SearchStrategy[Any]) -> Any:
    """The document with one of its nodes, at random, replaced by one of the values."""
    return replaced(document, draw(st.sampled_from(list(places(document)))), draw(values))


@st.composite
def merged(draw: st.DrawFn, *sequences: list[Any]) -> list[Any]:
    """The items of several sequences in one, each sequence's own in their order."""
    turns = [number for number, sequence in enumerate(sequences) for _ in sequence]
    left = [iter(sequence) for sequence in sequences]
    return [next(left[number]) for number in draw(st.permutations(turns))]


@st.composite
def cut_up(draw: st.DrawFn, text: str) -> list[str]:
    """A text in pieces. Characters beyond 16 bits may be cut into their two halves."""
    raw = text.encode("utf-16-be", "surrogatepass")
    cuts = draw(st.lists(st.integers(0, len(raw) // 2), max_size=5).map(sorted))
    bounds = [0, *(2 * cut for cut in cuts), len(raw)]
    return [raw[start:end].decode("utf-16-be", "surrogatepass") for start, end in pairwise(bounds)]


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Where each node of a document stands, the document itself first."""
    yield place
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*place, index))


def replaced(document: Any, place: Place, value: Any) -> Any:
    """A copy of a document with another value at a place."""
    if not place:
        return value
    first, *rest = place
    if isinstance(document, dict):
        return {
            key: replaced(item, tuple(rest), value) if key == first else item
            for key, item in document.items()
        }
    return [
        replaced(item, tuple(rest), value) if index == first else item
        for index, item in enumerate(document)
    ]


def shuffled(value: Any, random: Random) -> Any:
    """The same value with the keys of every object in another order."""
    if isinstance(value, dict):
        keys = list(value)
        random.shuffle(keys)
        return {key: shuffled(value[key], random) for key in keys}
    if isinstance(value, list):
        return [shuffled(item, random) for item in value]
    return value

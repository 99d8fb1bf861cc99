"""Exactly what differs between two JSON values, and the way from one to the other.

The home of deepdiff. It compares what it is good at, trees of objects. It is not asked what it
takes differently than a request hash does: whether two leaves are the same (to it, 1 is true, and
NaN is not NaN), and which items of two lists belong together.
"""

import json
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from itertools import count, islice
from typing import Any

from recctl.compare.sequences import common
from recctl.difference import ABSENT, Difference
from recctl.jsontext import pointer_of

Parts = tuple[str, ...]
"""A JSON pointer in its parts, as they are before they are escaped."""

_MOST_IN_A_LIST = 200
_MOST_IN_AN_OBJECT = 1_000
_MOST_IN_ALL = 5_000
"""A list of which more items differ is told as replaced, and so is an object of which more members
do. Once so many values in all differ, what else differs is told as replaced, too."""

_MOST_PAIRS = 2_500
_MOST_PAIRS_IN_ALL = 20_000
"""So many pairs of items that stand between the same two are judged by their likeness, and so many
in all lists of a value; of more, items pair in their order."""

_JUDGED = 4_000
"""Characters of an item by which it is judged."""

_SAME_TAG = 0.5
_SAME_SORT = 0.1
_LEAST_LIKE = 0.25
"""What it is worth that two items have the same role or name, that they are of the same sort, and
what it takes for an item to be taken for an edited one."""


def differences(before: Any, after: Any) -> tuple[Difference, ...]:
    """What differs between two JSON values, in the order in which it stands there.

    Differences are by the hash's measure: 1 is not 1.0, null is not absent, the order of keys
    means nothing. Parts of pointers count in the value before; only the last part of an item that
    is added to a list is its place in the list after. `applied` has the meaning of all that.
    """
    digests = _Digests()
    if digests.of(before) == digests.of(after):
        return ()
    twins = _Twins(digests)
    old, new = twins.of(before, after)
    if isinstance(old, _Leaf):
        return (Difference("", before, after),)

    from deepdiff import DeepDiff  # 0.1 s, and most requests are the same

    told = DeepDiff(
        old, new, ignore_private_variables=False, threshold_to_diff_deeper=0, view="tree"
    )
    found = [
        (level.path(output_format="list"), _leaf(level.t1), _leaf(level.t2))
        for levels in told.values()
        for level in levels
    ]
    found.sort(key=lambda one: min(leaf.at for leaf in one[1:] if leaf is not None))
    return tuple(
        Difference(
            pointer_of(~part if isinstance(part, int) and part < 0 else part for part in path),
            ABSENT if one is None else one.value,
            ABSENT if other is None else other.value,
        )
        for path, one, other in found
    )


def applied(found: Iterable[Difference], before: Any) -> Any:
    """The value after, from the one before and what differs."""
    root = _Place()
    for one in found:
        parts = parts_of(one.pointer)
        if not parts:
            return one.new
        place = root
        for part in parts[:-1]:
            place = place.below.setdefault(part, _Place())
        if one.old is ABSENT:
            place.added[parts[-1]] = one.new
        elif one.new is ABSENT:
            place.removed.add(parts[-1])
        else:
            place.changed[parts[-1]] = one.new
    return _made(before, root)


def parts_of(pointer: str) -> Parts:
    """The parts of a JSON pointer."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def kept(found: Iterable[Difference], above: Parts, length: int) -> list[tuple[int, int]]:
    """Which items of a list that was so long are still there: places before and after.

    `above` is where the list stands.
    """
    at = len(above)
    added, removed = set(), set()
    for one in found:
        parts = parts_of(one.pointer)
        if len(parts) == at + 1 and parts[:at] == above:
            if one.old is ABSENT:
                added.add(int(parts[at]))
            elif one.new is ABSENT:
                removed.add(int(parts[at]))
    free = (place for place in count() if place not in added)
    return [(old, next(free)) for old in range(length) if old not in removed]


def digest(value: Any) -> bytes:
    """What only those values have in common that are the same to the hash."""
    return _Digests().of(value)


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same to the hash."""
    digests = _Digests()
    return digests.of(one) == digests.of(other)


# What is the same


_PLAIN = {str, int, float, bool, type(None)}
_BARE = _PLAIN - {str}
"""Values that hold no others, and those whose JSON has no comma in it."""


class _Digests:
    """A digest of each value: equal for what is the same JSON, and for nothing else.

    Each value is read once, however deep it stands, and one that holds only plain ones at once.
    """

    def __init__(self) -> None:
        self._known: dict[int, bytes] = {}

    def of(self, value: Any) -> bytes:
        """The digest of a value, which must live as long as this."""
        if not isinstance(value, (dict, list)):
            return _digest(json.dumps(value))
        known = self._known.get(id(value))
        if known is None:
            if _are(_PLAIN, value.values() if isinstance(value, dict) else value):
                known = _digest(f"={json.dumps(value, sort_keys=True)}")
            elif isinstance(value, dict):
                items = (json.dumps(key) + self.of(value[key]).hex() for key in sorted(value))
                known = _digest("{" + ",".join(items))
            else:
                known = _digest("[" + ",".join(self.of(item).hex() for item in value))
            self._known[id(value)] = known
        return known

    def of_items(
        self, before: Sequence[Any], after: Sequence[Any]
    ) -> tuple[Sequence[Hashable], Sequence[Hashable]]:
        """What equal items of two lists have in common, and no others."""
        if _are(_BARE, (*before, *after)):
            return _bare(before), _bare(after)
        if _are(_PLAIN, (*before, *after)):
            return [*map(json.dumps, before)], [*map(json.dumps, after)]
        return [*map(self.of, before)], [*map(self.of, after)]


def _bare(items: Sequence[Any]) -> list[str]:
    """The JSON of each of some items, none of which has a comma in it."""
    return json.dumps(items)[1:-1].split(", ") if items else []


def _are(types: Set[type], values: Iterable[Any]) -> bool:
    return set(map(type, values)) <= types


def _digest(text: str) -> bytes:
    return blake2b(text.encode("ascii"), digest_size=20).digest()


# What deepdiff gets to see


class _Leaf(str):
    """A value that is not looked into, as a text that only the same value has.

    `at` numbers them in the order in which they stand.
    """

    __slots__ = ("at", "value")

    at: int
    value: Any


def _leaf(value: Any) -> _Leaf | None:
    return value if isinstance(value, _Leaf) else None


class _Twins:
    """Makes trees of objects of two values, in which only what differs is left.

    A list becomes an object. Its keys are the places of items in the list before, as integers, and
    for added ones the place in the list after, inverted.
    """

    def __init__(self, digests: _Digests) -> None:
        self._digests = digests
        self._numbers = count()
        self._pairs_left = _MOST_PAIRS_IN_ALL
        self._left = _MOST_IN_ALL

    def of(self, before: Any, after: Any) -> tuple[Any, Any]:
        """The trees of two values that differ."""
        trees: tuple[Any, Any] | None = None
        if self._left <= 0:
            pass
        elif isinstance(before, dict) and isinstance(after, dict):
            trees = self._objects(before, after)
        elif isinstance(before, list) and isinstance(after, list):
            trees = self._lists(before, after)
        return trees or (self._leaf(before), self._leaf(after))

    def _objects(
        self, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The trees of two objects; null where too many members differ."""
        gone, come = before.keys() - after.keys(), after.keys() - before.keys()
        if len(gone) + len(come) > _MOST_IN_AN_OBJECT:
            return None
        other = {
            key
            for key in before
            if key not in gone and self._digests.of(before[key]) != self._digests.of(after[key])
        }
        if len(gone) + len(come) + len(other) > _MOST_IN_AN_OBJECT:
            return None
        old: dict[str, Any] = {}
        new: dict[str, Any] = {}
        for key, value in before.items():
            if key in gone:
                old[key] = self._leaf(value)
            elif key in other:
                old[key], new[key] = self.of(value, after[key])
        for key, value in after.items():
            if key in come:
                new[key] = self._leaf(value)
        return old, new

    def _lists(
        self, before: Sequence[Any], after: Sequence[Any]
    ) -> tuple[dict[int, Any], dict[int, Any]] | None:
        """The trees of two lists; null where too many items differ."""
        if abs(len(before) - len(after)) > _MOST_IN_A_LIST:
            return None
        marks = self._digests.of_items(before, after)
        differing = (
            (one, other)
            for one, other in self._aligned(before, after, marks)
            if one is None or other is None or marks[0][one] != marks[1][other]
        )
        pairs = [*islice(differing, _MOST_IN_A_LIST + 1)]
        if len(pairs) > _MOST_IN_A_LIST:
            return None
        old: dict[int, Any] = {}
        new: dict[int, Any] = {}
        for one, other in pairs:
            if one is None and other is not None:
                new[~other] = self._leaf(after[other])
            elif one is not None and other is None:
                old[one] = self._leaf(before[one])
            elif one is not None and other is not None:
                old[one], new[one] = self.of(before[one], after[other])
        return old, new

    def _leaf(self, value: Any) -> _Leaf:
        made = _Leaf(self._digests.of(value).hex())
        made.value, made.at = value, next(self._numbers)
        self._left -= 1
        return made

    # Which items belong together

    def _aligned(
        self,
        before: Sequence[Any],
        after: Sequence[Any],
        marks: tuple[Sequence[Hashable], Sequence[Hashable]],
    ) -> Iterator[tuple[int | None, int | None]]:
        """The places of two lists' items, in one order: both where one became the other."""
        same_items = common(*marks)
        old = new = 0
        for one, other in (*same_items, (len(before), len(after))):
            yield from self._between(before, after, range(old, one), range(new, other))
            if one < len(before):
                yield one, other
            old, new = one + 1, other + 1

    def _between(
        self, before: Sequence[Any], after: Sequence[Any], old: range, new: range
    ) -> Iterator[tuple[int | None, int | None]]:
        """The same for items that stand between two that are in both lists."""
        work = len(old) * len(new)
        is_judged = work <= min(_MOST_PAIRS, self._pairs_left)
        if work == 1 or (len(old) == len(new) and not is_judged):
            yield from zip(old, new, strict=True)
            return
        pairs: list[tuple[int, int]] = []
        if is_judged:
            self._pairs_left -= work
            pairs = _alike([before[place] for place in old], [after[place] for place in new])
        gone, come = 0, 0
        for one, other in (*pairs, (len(old), len(new))):
            yield from ((old[place], None) for place in range(gone, one))
            yield from ((None, new[place]) for place in range(come, other))
            if one < len(old):
                yield old[one], new[other]
            gone, come = one + 1, other + 1


@dataclass(frozen=True, slots=True)
class _Look:
    """What an item is judged by."""

    sort: type
    tag: tuple[str | None, ...]
    words: Counter[str]

    @classmethod
    def of(cls, item: Any) -> "_Look":
        sort = type(item) if isinstance(item, (dict, list)) else str
        return cls(sort, _tag(item), Counter(_words(item)))

    def likeness(self, other: "_Look") -> float:
        """How alike two items are, from 0 on; more than 1 for those of the same role or name."""
        if self.sort is not other.sort:
            return 0.0
        most = max(self.words.total(), other.words.total(), 1)
        shared = (self.words & other.words).total() / most
        is_named = any(self.tag) and self.tag == other.tag
        return shared + _SAME_SORT + (_SAME_TAG if is_named else 0)


def _words(item: Any) -> Iterator[str]:
    """The first words of an item, keys among them."""
    left = _JUDGED
    todo = [item]
    while todo and left > 0:
        value = todo.pop()
        if isinstance(value, dict):
            members = islice(value.items(), left)
            todo += reversed([part for member in members for part in member])
        elif isinstance(value, list):
            todo += reversed(value[:left])
        else:
            text = (value if isinstance(value, str) else str(value))[:left]
            yield from text.split()
            left -= len(text) + 1


def _tag(item: Any) -> tuple[str | None, ...]:
    """The role, the type and the name of an item, as far as it has them."""
    if not isinstance(item, dict):
        return ()
    function = item.get("function")
    inner = function if isinstance(function, dict) else item
    values = (item.get("role"), item.get("type"), inner.get("name"))
    return tuple(value if isinstance(value, str) else None for value in values)


def _alike(before: Sequence[Any], after: Sequence[Any]) -> list[tuple[int, int]]:
    """Pairs of items that are alike, ascending in both: those whose likenesses add up to most."""
    old, new = ([*map(_Look.of, items)] for items in (before, after))

    @cache
    def likeness(one: int, other: int) -> float:
        found = old[one].likeness(new[other])
        return found if found >= _LEAST_LIKE or len(old) == len(new) else 0.0

    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for one in range(len(old) - 1, -1, -1):
        for other in range(len(new) - 1, -1, -1):
            best[one][other] = max(
                best[one + 1][other],
                best[one][other + 1],
                best[one + 1][other + 1] + likeness(one, other),
            )
    pairs = []
    one = other = 0
    while one < len(old) and other < len(new):
        together = best[one + 1][other + 1] + likeness(one, other)
        if likeness(one, other) and best[one][other] == together:
            pairs.append((one, other))
            one, other = one + 1, other + 1
        elif best[one][other] == best[one + 1][other]:
            one += 1
        else:
            other += 1
    return pairs


# The way back


@dataclass(slots=True)
class _Place:
    """What becomes of the members of an object, or the items of a list."""

    below: dict[str, "_Place"] = field(default_factory=dict)
    changed: dict[str, Any] = field(default_factory=dict)
    added: dict[str, Any] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)


def _made(before: Any, place: _Place) -> Any:
    def member(key: str, value: Any) -> Any:
        if key in place.changed:
            return place.changed[key]
        return _made(value, place.below[key]) if key in place.below else value

    if isinstance(before, dict):
        members = {
            key: member(key, value) for key, value in before.items() if key not in place.removed
        }
        return {**members, **place.added}
    if not isinstance(before, list):
        return before
    items = [
        member(str(at), item) for at, item in enumerate(before) if str(at) not in place.removed
    ]
    for key, value in sorted(place.added.items(), key=lambda one: int(one[0])):
        items.insert(int(key), value)
    return items

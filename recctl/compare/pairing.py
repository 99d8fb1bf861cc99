"""Which recording of one tree became which of another, told by what they ask.

A changed request has another hash, so that git shows one file that went and one that came. Here
they are brought together again: by path, by name, by an equal request, and then by how much alike
they are, first within one test, then across tests, as a test may have been renamed. Everything is
pure, and the same whatever the order in which recordings are given; with the sides swapped, the
same pairs come out.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import nlargest, nsmallest
from itertools import accumulate
from math import log
from zlib import crc32

from recctl.compare.features import Features, overlap, shared_words, similarity
from recctl.dialects import Name
from recctl.sources import NodeId

ALIKE = 0.5
"""Two recordings of one test of at least this similarity are taken for one before any look at
other tests, and one that was added for one like another that stays."""

LEAST_SHARED = 0.05
"""So much of what is said in two recordings of one test, or of one that seems renamed, must be the
same in both, as the next has it: a short message may have been reworded almost wholly."""

LEAST_SHARED_ELSEWHERE = 0.2
"""So much of what is said in two recordings of other tests must be the same in both, each pair of
words counted by how rare it is among all: else only the model, the tools and a system prompt that
many have are alike, and the two are strangers."""

BARELY_OTHER = 0.8
"""So much of what is said, whatever is rare, is enough within one test: a few words were added to
what many say."""

BARELY_ALIKE = 0.3
"""Below this, even two recordings of one test are strangers. A chat and another chat with the same
model and parameters have about 0.4 in common, a chat and an embedding less than 0.2."""

ALIKE_ELSEWHERE = ((0.65, 0.45), (0.3, 0.6), (0.0, 0.8))
"""Of two recordings of different tests: how much alike the names of the tests are at least, and how
alike the recordings must be then. A test whose file or parameters were renamed has 0.7 and more."""

_RELATION = 0.5
"""What the names of tests count where several partners would do, beside the requests' 1."""

_CANDIDATES = 12
"""So many are looked at closely for each recording."""

_VOTES = 2_000
"""So many entries of the index are counted for each recording, from the rarest values on."""

_TELLING = 64
_ROUNDS = 8
_NOTHING_GAINED = 1e-9


# What is paired


@dataclass(frozen=True, slots=True)
class Item:
    """A recording of one side: where it is, whose it is, and what it asks.

    `path` is unique on its side, and equal paths on both sides are one place.
    """

    path: str
    test_id: str | None
    features: Features

    @property
    def file_name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Match:
    """A recording before and the one that it became; the similarity is that of their requests."""

    before: Item
    after: Item
    similarity: float


def paired(before: Sequence[Item], after: Sequence[Item]) -> list[Match]:
    """The pairs among the recordings of two sides, in order of path; each is in one at most.

    Equal paths are one recording, then equal names. Of the others those of one test are paired
    where their requests are equal or alike, then those of different tests, then what is left of
    one test, if it is not too different.
    """
    work = _Work(before, after)
    work.match_equal(lambda item: item.path)
    work.match_equal(lambda item: item.file_name if Name.parse(item.file_name) else None)
    work.match_equal(lambda item: (_owner(item), item.features.digest))
    work.match_alike(_owner, work.rarity.at_least(ALIKE))
    work.match_equal(lambda item: item.features.digest)
    work.match_alike(_function, work.rarity.alike_elsewhere)
    work.match_alike(lambda _: "", work.rarity.alike_elsewhere)
    work.match_alike(_owner, work.rarity.at_least(BARELY_ALIKE))
    return sorted(work.matches, key=lambda match: (match.after.path, match.before.path))


def likened(added: Sequence[Item], staying: Sequence[Item]) -> Mapping[str, Match]:
    """For those of the added recordings that resemble one that stays: the one, by added path.

    As far as there are enough, each gets one of its own; what is left over, the nearest.
    """
    work = _Work(staying, added)
    work.match_equal(lambda item: (_owner(item), item.features.digest))
    work.match_alike(_owner, work.rarity.at_least(ALIKE))
    work.match_equal(lambda item: item.features.digest)
    work.match_alike(_function, work.rarity.alike_elsewhere)
    work.match_alike(lambda _: "", work.rarity.alike_elsewhere)
    found = {match.after.path: match for match in work.matches}
    if work.after and staying:
        pool = _Index([_Placed(item) for item in sorted(staying, key=lambda item: item.path)])
        for rank, one in enumerate(work.after):
            if nearest := _nearest(one, rank, pool, work.rarity):
                found[one.item.path] = nearest
    return found


# How they are paired


def _owner(item: Item) -> object:
    """The test; where there is none, the folder."""
    return item.test_id or (item.path.rpartition("/")[0],)


def _function(item: Item) -> object:
    """The test without its file, which may have been renamed."""
    node = NodeId.parse(item.test_id or "")
    return (node.names, node.parameters) if node.names else None


class _Placed:
    """An item with what its test id and its folder tell."""

    __slots__ = ("item", "names", "node", "place")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.node = NodeId.parse(item.test_id or "")
        self.names = _names(item.test_id or item.path.rpartition("/")[0])
        self.place = frozenset(
            crc32(f"::{name}".encode("utf-8", "surrogatepass")) for name in self.names
        )


_NAME = re.compile(r"[^\W_]+")


@lru_cache(maxsize=4096)
def _names(text: str) -> frozenset[str]:
    return frozenset(_NAME.findall(text))


def _relation(a: _Placed, b: _Placed) -> float:
    """How much alike the names of two tests are, or of two folders."""
    if a.item.test_id == b.item.test_id is not None:
        return 1.0
    return (
        0.6 * overlap(a.names, b.names)
        + 0.2 * (a.node.names == b.node.names)
        + 0.2 * (a.node.parameters == b.node.parameters)
    )


_Accepts = Callable[[_Placed, _Placed, float], bool]


class _Rarity:
    """How much what is said tells, by how rare it is among all: and so, who may be a partner.

    A prompt or tools that all tests share make any two of them alike; that they are one recording
    is told by what few say.
    """

    def __init__(self, items: Sequence[_Placed]) -> None:
        counts: Counter[int] = Counter()
        for one in items:
            counts.update(_said(one.item.features))
        size = len(items)
        self._weights = {
            mark: int(1000 * log(1 + size / count) ** 2) for mark, count in counts.items()
        }
        self._sums: dict[int, tuple[Features, list[int]]] = {}

    def at_least(self, least: float) -> _Accepts:
        """Accepts two recordings of one test."""
        return lambda a, b, found: found >= least and self._share_words(a, b, is_near=True)

    def alike_elsewhere(self, a: _Placed, b: _Placed, found: float) -> bool:
        """Accept two of different tests: the less alike these are called, the more they must be."""
        relation = _relation(a, b)
        if found < next(least for related, least in ALIKE_ELSEWHERE if relation >= related):
            return False
        return self._share_words(a, b, is_near=relation >= ALIKE_ELSEWHERE[0][0])

    def _share_words(self, a: _Placed, b: _Placed, *, is_near: bool) -> bool:
        one, other = a.item.features, b.item.features
        if is_near and shared_words(one, other) >= BARELY_OTHER:
            return True
        reach = min(one.reach, other.reach)
        weights = self._weights
        shared = sum([weights[mark] for mark in _said(one) & _said(other)])
        total = self._told_up_to(reach, one) + self._told_up_to(reach, other) - shared
        return shared >= (LEAST_SHARED if is_near else LEAST_SHARED_ELSEWHERE) * total

    def _told_up_to(self, reach: int, features: Features) -> int:
        """How much a request tells by its words up to a checksum, or by its values."""
        known = self._sums.get(id(features))
        if known is None:
            marks: Collection[int] = features.ranked or features.values
            sums = [0, *accumulate(self._weights[mark] for mark in marks)]
            known = self._sums[id(features)] = features, sums
        return known[1][features.words_up_to(reach) if features.words else -1]


def _said(features: Features) -> frozenset[int]:
    """The words of a request; where it has none, its values."""
    return features.words or features.values


class _Work:
    """Pairs as they are made, and what is left, in order of path."""

    def __init__(self, before: Iterable[Item], after: Iterable[Item]) -> None:
        self.matches: list[Match] = []
        self.before = [_Placed(item) for item in sorted(before, key=lambda item: item.path)]
        self.after = [_Placed(item) for item in sorted(after, key=lambda item: item.path)]
        self.rarity = _Rarity([*self.before, *self.after])

    def match_equal(self, key: Callable[[Item], object]) -> None:
        """Pair what has an equal key that is not null, those of the most alike places first."""
        for before, after in self._blocks(key):
            if len(before) == len(after) == 1:
                self._match(before[0], after[0])
                continue
            pairs = _assigned(before, after, lambda *_: True)
            used = {id(one) for pair in pairs for one in pair}
            pairs += zip(
                (one for one in before if id(one) not in used),
                (one for one in after if id(one) not in used),
                strict=False,
            )
            for pair in pairs:
                self._match(*pair)
        self._drop_matched()

    def match_alike(self, key: Callable[[Item], object], accepts: _Accepts) -> None:
        """Pair what has an equal key and is alike enough."""
        for before, after in self._blocks(key):
            for pair in _assigned(before, after, accepts):
                self._match(*pair)
        self._drop_matched()

    def _blocks(
        self, key: Callable[[Item], object]
    ) -> Iterator[tuple[list[_Placed], list[_Placed]]]:
        blocks: dict[object, tuple[list[_Placed], list[_Placed]]] = {}
        for side, items in enumerate((self.before, self.after)):
            for one in items:
                found = key(one.item)
                if found is not None:
                    blocks.setdefault(found, ([], []))[side].append(one)
        return (block for block in blocks.values() if all(block))

    def _match(self, before: _Placed, after: _Placed) -> None:
        found = similarity(before.item.features, after.item.features)
        self.matches.append(Match(before.item, after.item, found))

    def _drop_matched(self) -> None:
        used_before = {match.before.path for match in self.matches}
        used_after = {match.after.path for match in self.matches}
        self.before = [one for one in self.before if one.item.path not in used_before]
        self.after = [one for one in self.after if one.item.path not in used_after]


# Who is whose partner


def _assigned(
    before: Sequence[_Placed], after: Sequence[_Placed], accepts: _Accepts
) -> list[tuple[_Placed, _Placed]]:
    """Pairs of what is alike enough, the most alike first, and then mended where a swap is better.

    Only some candidates are looked at; what finds none of its own free is tried again.
    """
    pairs: list[tuple[_Placed, _Placed]] = []
    for _ in range(_ROUNDS):
        made = _Assignment(before, after, accepts).pairs() if before and after else []
        if not made:
            break
        pairs += made
        used = {id(one) for pair in made for one in pair}
        before = [one for one in before if id(one) not in used]
        after = [one for one in after if id(one) not in used]
    return pairs


class _Assignment:
    """One round: the candidates of two sides, and the best way to bring them together."""

    def __init__(
        self, before: Sequence[_Placed], after: Sequence[_Placed], accepts: _Accepts
    ) -> None:
        self._before, self._after, self._accepts = before, after, accepts
        self._telling = _Telling([*before, *after])
        self._scores: dict[tuple[int, int], float | None] = {}
        self._after_of: dict[int, int] = {}
        self._before_of: dict[int, int] = {}

    def pairs(self) -> list[tuple[_Placed, _Placed]]:
        """The pairs of this round."""
        edges = sorted(self._edges(), key=self._order)
        for a, b in edges:
            if a not in self._after_of and b not in self._before_of:
                self._join(a, b)
        for _ in range(_ROUNDS):
            if not [edge for edge in edges if self._mend(*edge)]:
                break
        return [(self._before[a], self._after[b]) for a, b in sorted(self._after_of.items())]

    def _edges(self) -> set[tuple[int, int]]:
        sizes = len(self._before), len(self._after)
        if sizes[0] * sizes[1] <= _CANDIDATES * sum(sizes):
            found = {(a, b) for a in range(sizes[0]) for b in range(sizes[1])}
        else:
            of_after, of_before = _Index(self._after), _Index(self._before)
            found = {
                (a, b) for a, one in enumerate(self._before) for b in of_after.nearest(one, a)
            } | {(a, b) for b, one in enumerate(self._after) for a in of_before.nearest(one, b)}
        return {edge for edge in found if self._score(*edge) is not None}

    def _score(self, a: int, b: int) -> float | None:
        """What decides; null for two that are not alike enough."""
        if (a, b) not in self._scores:
            one, other = self._before[a], self._after[b]
            found = similarity(one.item.features, other.item.features)
            score = found + self._telling.share(one, other) + _RELATION * _relation(one, other)
            self._scores[a, b] = score if self._accepts(one, other, found) else None
        return self._scores[a, b]

    def _order(self, edge: tuple[int, int]) -> tuple[float, int, list[str]]:
        """The best first; at a tie the nearest in the conversation, then by path on either side."""
        one, other = self._before[edge[0]].item, self._after[edge[1]].item
        distance = abs(one.features.turns - other.features.turns)
        return -(self._score(*edge) or 0.0), distance, sorted((one.path, other.path))

    def _join(self, a: int, b: int) -> None:
        self._after_of[a], self._before_of[b] = b, a

    def _mend(self, a: int, b: int) -> bool:
        """Join two that are not, and their partners with each other, if all gain by that."""
        if self._after_of.get(a) == b:
            return False
        old_b, old_a = self._after_of.get(a), self._before_of.get(b)
        gain = self._score(a, b) or 0.0
        if old_b is not None and old_a is not None:
            crossed = self._score(old_a, old_b)
            if crossed is None:
                return False
            gain += crossed
        gain -= 0.0 if old_b is None else self._score(a, old_b) or 0.0
        gain -= 0.0 if old_a is None else self._score(old_a, b) or 0.0
        if gain <= _NOTHING_GAINED:
            return False
        if old_b is not None:
            del self._before_of[old_b]
        if old_a is not None:
            del self._after_of[old_a]
        self._join(a, b)
        if old_b is not None and old_a is not None:
            self._join(old_a, old_b)
        return True


class _Telling:
    """What the values and words that two items share tell, by how rare they are among all.

    Templates stand in many requests; what stands in two of them has not come there by chance. This
    decides between partners, but is no measure that could be reported. Of each item only the
    rarest count, if they are not its own alone.
    """

    def __init__(self, items: Sequence[_Placed]) -> None:
        counts: Counter[int] = Counter()
        for one in items:
            counts.update(one.item.features.values)
            counts.update(one.item.features.words)
        size = len(items)
        self._weights = {
            mark: int(1000 * log(1 + size / count)) for mark, count in counts.items() if count > 1
        }
        self._marks: dict[int, frozenset[int]] = {}
        self._totals: dict[int, int] = {}
        for one in items:
            ranked = nsmallest(
                _TELLING,
                (
                    (counts[mark], mark)
                    for marks in (one.item.features.values, one.item.features.words)
                    for mark in marks
                    if mark in self._weights
                ),
            )
            self._marks[id(one)] = frozenset(mark for _, mark in ranked)
            self._totals[id(one)] = sum(self._weights[mark] for _, mark in ranked)

    def share(self, a: _Placed, b: _Placed) -> float:
        """How much of what could be shared is shared, from 0 to 1."""
        total = self._totals[id(a)] + self._totals[id(b)]
        shared = self._marks[id(a)] & self._marks[id(b)]
        return 2 * sum([self._weights[mark] for mark in shared]) / total if total else 1.0


class _Index:
    """Which items have which values, words and names: the rarer one is, the more it tells."""

    def __init__(self, items: Sequence[_Placed]) -> None:
        self.items = items
        self._holding: dict[int, list[int]] = defaultdict(list)
        for number, one in enumerate(items):
            for mark in _marks(one):
                self._holding[mark].append(number)
        self._sizes = [len(_marks(one)) for one in items]

    def nearest(self, one: _Placed, rank: int) -> list[int]:
        """The places of the few items that have the most in common with one of the other side.

        Of those with equally much the next after its rank come first: equal items are given
        different candidates, so that all find a partner.
        """
        size = len(self.items)
        known = [
            (len(held), mark)
            for mark in _marks(one)
            if (held := self._holding.get(mark)) and len(held) < size
        ]
        votes: dict[int, int] = defaultdict(int)
        left = _VOTES
        for count, mark in sorted(known):
            weight = int(1000 * log(1 + size / count))
            for number in self._holding[mark]:
                votes[number] += weight
            left -= count
            if left <= 0:
                break
        own = len(_marks(one))

        def rank_of(number: int) -> tuple[float, int]:
            # Of two that share as much, the one that has less beside it is nearer.
            return votes[number] / (own + self._sizes[number]), -((number - rank) % size)

        best = nlargest(_CANDIDATES, votes, key=rank_of)
        return best or [(rank + step) % size for step in range(min(size, _CANDIDATES))]


def _marks(one: _Placed) -> frozenset[int]:
    features = one.item.features
    return features.values | features.words | one.place


def _nearest(one: _Placed, rank: int, pool: _Index, rarity: _Rarity) -> Match | None:
    """The best of those in an index that is alike enough, whether it has a partner or not."""
    best: tuple[float, float, _Placed] | None = None
    for number in sorted(pool.nearest(one, rank)):
        other = pool.items[number]
        found = similarity(one.item.features, other.item.features)
        score = found + _RELATION * _relation(one, other)
        if best is not None and score <= best[0]:
            continue
        of_one_test = _owner(other.item) == _owner(one.item)
        accepts = rarity.at_least(ALIKE) if of_one_test else rarity.alike_elsewhere
        if accepts(other, one, found):
            best = score, found, other
    return None if best is None else Match(best[2].item, one.item, best[1])

"""What many changes have in common, told once."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from recctl.compare.changes import Changes, Fate, Pair
from recctl.compare.values import Line, Statement


@dataclass(frozen=True, slots=True)
class Variant:
    """One way in which a change was made in several recordings, in so many."""

    details: tuple[Line, ...]
    recordings: int


@dataclass(frozen=True, slots=True)
class Common:
    """A change that several recordings have by its headline; the most frequent variants first.

    A variant that only one recording has is none: it is that recording's own.
    """

    headline: str
    recordings: int
    variants: tuple[Variant, ...]

    @property
    def is_one(self) -> bool:
        """Whether it is the same in all of these recordings."""
        return len(self.variants) == 1 and self.variants[0].recordings == self.recordings

    def statement(self, variant: Variant) -> Statement:
        """The change as one of the variants has it."""
        return Statement(self.headline, variant.details)


@dataclass(frozen=True, slots=True)
class Summary:
    """Changes in numbers.

    `compared` are the recordings that were compared with another one. A change that all of them
    have is in `common` like others, the most frequent first.
    """

    counts: Mapping[Fate, int]
    tests: int
    compared: int
    unread: int
    common: tuple[Common, ...]
    _shared: frozenset[tuple[str, tuple[Line, ...]]] = frozenset()

    @property
    def recordings(self) -> int:
        """How many recordings differ; a pair is one."""
        return sum(self.counts.values())

    def own(self, pair: Pair) -> tuple[tuple[Statement, ...], tuple[Statement, ...]]:
        """The statements on a pair's requests and answers that no other pair has."""
        if pair.comparison is None:
            return (), ()
        sides = pair.comparison.statements, pair.comparison.answers
        requests, answers = (
            tuple(one for one in side if (one.headline, one.details) not in self._shared)
            for side in sides
        )
        return requests, answers

    def is_common(self, pair: Pair) -> bool:
        """Whether nothing is told of a pair but what others have, too."""
        return bool(_statements(pair)) and not any(self.own(pair))


def summary(changes: Changes) -> Summary:
    """The changes in numbers, and what several of them have in common."""
    headlines: Counter[str] = Counter()
    variants: Counter[tuple[str, tuple[Line, ...]]] = Counter()
    for pair in changes.pairs:
        told = dict.fromkeys((one.headline, one.details) for one in _statements(pair))
        variants.update(told.keys())
        headlines.update(dict.fromkeys(headline for headline, _ in told).keys())
    shared = {key: count for key, count in variants.most_common() if count > 1}
    by_headline: dict[str, list[Variant]] = {}
    for (headline, details), count in shared.items():
        by_headline.setdefault(headline, []).append(Variant(details, count))
    common = tuple(
        Common(headline, count, tuple(by_headline.get(headline, ())))
        for headline, count in headlines.most_common()
        if count > 1
    )
    counts = Counter(pair.fate for pair in changes.pairs)
    return Summary(
        counts={fate: counts[fate] for fate in Fate},
        tests=len({pair.test_id for pair in changes.pairs if pair.test_id is not None}),
        compared=sum(pair.comparison is not None for pair in changes.pairs),
        unread=len(changes.unread),
        common=common,
        _shared=frozenset(shared),
    )


def _statements(pair: Pair) -> tuple[Statement, ...]:
    found = pair.comparison
    return () if found is None else (*found.statements, *found.answers)

"""What many changes have in common, told once."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from recctl.compare.changes import Changes, Fate, Pair
from recctl.compare.values import Comparison, Line, Statement


@dataclass(frozen=True, slots=True)
class Variant:
    """One way in which a change was made in several recordings, in so many."""

    details: tuple[Line, ...]
    recordings: int


@dataclass(frozen=True, slots=True)
class Common:
    """A change that several recordings have by its headline; the most frequent variants first.

    A variant that only one recording has is none: it is that recording's own. `of_answers` says
    that it is one of the answers, not of the requests.
    """

    headline: str
    recordings: int
    variants: tuple[Variant, ...]
    of_answers: bool = False

    @property
    def is_one(self) -> bool:
        """Whether it is the same in all of these recordings."""
        return len(self.variants) == 1 and self.variants[0].recordings == self.recordings

    @property
    def ways(self) -> int:
        """In how many ways it was made, those of one recording among them."""
        return len(self.variants) + self.recordings - sum(one.recordings for one in self.variants)

    def statement(self, variant: Variant) -> Statement:
        """The change as one of the variants has it."""
        return Statement(self.headline, variant.details)


@dataclass(frozen=True, slots=True)
class Told:
    """A change as it is told of one recording.

    `statement` has no details where these stand with a common change, of which it then is the
    `variant`, counted from 1, if there are several.
    """

    statement: Statement
    is_own: bool = True
    variant: int | None = None


_Key = tuple[bool, str, tuple[Line, ...]]


@dataclass(frozen=True, slots=True)
class Summary:
    """Changes in numbers.

    `compared` are the recordings that were compared with another one. A change that all of them
    have is in `common` like others, the most frequent first. `hidden` counts the differences that
    no statement tells, as they are volatile.
    """

    counts: Mapping[Fate, int]
    tests: int
    compared: int
    unread: int
    common: tuple[Common, ...]
    hidden: int = 0

    @property
    def recordings(self) -> int:
        """How many recordings differ; a pair is one."""
        return sum(self.counts.values())

    def is_all(self, common: Common) -> bool:
        """Whether all recordings that were compared have a change, and the same one."""
        return common.is_one and common.recordings == self.compared

    def told(self, pair: Pair) -> tuple[tuple[Told, ...], tuple[Told, ...]]:
        """What is to be told of a pair's request and answer.

        What all have is left out; of what others have, too, the details are.
        """
        if pair.comparison is None:
            return (), ()
        known = {(one.of_answers, one.headline): one for one in self.common}
        requests, answers = (
            tuple(self._told(statements, of_answers, known))
            for of_answers, statements in _sides(pair.comparison)
        )
        return requests, answers

    def has_own(self, pair: Pair) -> bool:
        """Whether anything is told of a pair that no other has."""
        return any(one.is_own for side in self.told(pair) for one in side)

    def _told(
        self,
        statements: Iterable[Statement],
        of_answers: bool,
        known: Mapping[tuple[bool, str], Common],
    ) -> Iterator[Told]:
        for one in statements:
            common = known.get((of_answers, one.headline))
            number = None if common is None else _number(common, one)
            if common is None or number is None:
                yield Told(one)
            elif not self.is_all(common):
                yield Told(
                    Statement(one.headline), is_own=False, variant=None if common.is_one else number
                )


def _number(common: Common, statement: Statement) -> int | None:
    """Which variant of a common change a statement is, from 1; null for none."""
    for number, variant in enumerate(common.variants, 1):
        if variant.details == statement.details:
            return number
    return None


def summary(changes: Changes) -> Summary:
    """The changes in numbers, and what several of them have in common."""
    headlines: Counter[tuple[bool, str]] = Counter()
    variants: Counter[_Key] = Counter()
    for pair in changes.pairs:
        if pair.comparison is None:
            continue
        told = {
            (of_answers, one.headline, one.details): None
            for of_answers, statements in _sides(pair.comparison)
            for one in statements
        }
        variants.update(told.keys())
        headlines.update({key[:2]: None for key in told}.keys())
    by_headline: dict[tuple[bool, str], list[Variant]] = {}
    for (of_answers, headline, details), count in variants.most_common():
        if count > 1:
            by_headline.setdefault((of_answers, headline), []).append(Variant(details, count))
    common = tuple(
        Common(headline, count, tuple(by_headline.get((of_answers, headline), ())), of_answers)
        for (of_answers, headline), count in headlines.most_common()
        if count > 1
    )
    counts = Counter(pair.fate for pair in changes.pairs)
    compared = [pair.comparison for pair in changes.pairs if pair.comparison is not None]
    return Summary(
        counts={fate: counts[fate] for fate in Fate},
        tests=len({pair.test_id for pair in changes.pairs if pair.test_id is not None}),
        compared=len(compared),
        unread=len(changes.unread),
        common=common,
        hidden=sum(one.hidden for one in compared),
    )


def _sides(comparison: Comparison) -> tuple[tuple[bool, tuple[Statement, ...]], ...]:
    """The statements of a request and its answer, each with whether they are of the answer."""
    return (False, comparison.statements), (True, comparison.answers)

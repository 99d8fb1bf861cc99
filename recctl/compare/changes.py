"""What became of the recordings of one tree in another: changed, moved, added, removed.

Only what differs is read, and of what is equal on both sides a little, where an added recording
may be like it.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from recctl.compare import compare
from recctl.compare.features import features_of, similarity
from recctl.compare.pairing import Item, Match, likened, paired
from recctl.compare.sides import File, Sides
from recctl.compare.values import Comparison, Part
from recctl.dialects import Name, Table
from recctl.difference import is_same
from recctl.errors import UnreadableError
from recctl.jsontext import parse
from recctl.recording import Recording

SUBMODULE = "a submodule, not compared"
"""Why a submodule that moved is unread."""

_TEST_CHANGED = "test id changed"
"""The statement that a pair tells by itself; as `compare` words it."""

_LARGE_FILE = b"version https://git-lfs.github.com/spec/"

_MOST_LIKENED = 3_000
"""So many files that did not change are read, if need be, to see what an added one is like."""

_MOST_KEPT = 32 * 1024 * 1024
"""Bytes of files that are kept in memory once they are parsed. Others are parsed a second time."""


class Fate(StrEnum):
    """What became of a recording.

    `changed`: it is on both sides, at one place or, as its request is another one now, under
    another name. `moved`: the same request, but for the test id, has another name or folder.
    `added` and `removed`: it has no partner.
    """

    CHANGED = "changed"
    MOVED = "moved"
    ADDED = "added"
    REMOVED = "removed"


class Rest(StrEnum):
    """What differs in a pair of which no statement tells."""

    ANSWER = "only the answer differs; told by --part all"
    MEMBERS = "only members beside request and answer differ; told by --part all"
    VOLATILE = "says the same: only ids, times, nulls or chunk boundaries differ"
    FORM = "only the form of the file differs"
    NOTHING = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A recording's file, as it is shown, and the digits of its name; null for another name."""

    path: str
    hash: str | None

    @classmethod
    def of(cls, path: str) -> "Place":
        """The place of a path."""
        name = Name.parse(path.rpartition("/")[2])
        return cls(path, name.digits if name else None)


@dataclass(frozen=True, slots=True)
class Pair:
    """A recording on one side or both.

    `like` is one that stays and that an added one resembles. The comparison is with that or with
    the one before, and so is the similarity of the requests; both are null where there is none.
    `formerly` is the test of that one, where it is another; no statement of the comparison says so.
    """

    fate: Fate
    test_id: str | None
    before: Place | None
    after: Place | None
    like: Place | None = None
    similarity: float | None = None
    comparison: Comparison | None = None
    rest: Rest = Rest.NOTHING
    formerly: str | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that differs and is no readable recording, at least on one side, and why there.

    Or a submodule that is at another commit. `named` is what `git show` calls the file, where a
    commit or the index is meant and not the file at the path.
    """

    path: str
    before: str | None
    after: str | None
    named: str | None = None

    @property
    def is_submodule(self) -> bool:
        """Whether it is a submodule, of which nothing could be read."""
        return SUBMODULE in (self.before, self.after)


@dataclass(frozen=True, slots=True)
class Changes:
    """All that differs, by test and then by path."""

    pairs: tuple[Pair, ...]
    unread: tuple[Unread, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether both sides are equal."""
        return not self.pairs and not self.unread


TestOf = Callable[[Path], tuple[str | None] | None]
"""Gives the test of a recording in the work tree, if that is known without a look into it."""


def changes(
    sides: Sides,
    table: Table,
    *,
    part: Part = Part.REQUEST,
    ignore_volatile: bool = True,
    test_of: TestOf = lambda _: None,
) -> Changes:
    """What differs between two trees. What cannot be read is told, and the rest goes on.

    Raises GitError where git fails on the way, UnreadableError where a file goes meanwhile.
    """
    return _Reading(sides, _Look(table, part, ignore_volatile), test_of).changes()


def between(
    before: tuple[str, Recording],
    after: tuple[str, Recording],
    table: Table,
    *,
    part: Part = Part.REQUEST,
    ignore_volatile: bool = True,
) -> Pair:
    """Two recordings, each with its path, as a pair, whatever they have in common."""
    (path_before, old), (path_after, new) = before, after
    look = _Look(table, part, ignore_volatile)
    comparison = look.at(old, new)
    found = similarity(features_of(old), features_of(new))
    return Pair(
        _fate(path_before, path_after, same=found == 1),
        new.test_id or old.test_id,
        Place.of(path_before),
        Place.of(path_after),
        similarity=found,
        comparison=comparison,
        rest=look.rest(old, new, comparison),
        formerly=old.test_id if old.test_id != new.test_id else None,
    )


def _fate(before: str, after: str, *, same: bool) -> Fate:
    """What became of a recording with a partner, by their places; `same` says the request is."""
    if not same or before == after:
        return Fate.CHANGED
    (folder, _, name), (new_folder, _, new_name) = (
        path.rpartition("/") for path in (before, after)
    )
    parsed, new_parsed = Name.parse(name), Name.parse(new_name)
    if parsed and new_parsed and folder == new_folder and parsed.digits == new_parsed.digits:
        return Fate.CHANGED  # a list of other models
    return Fate.MOVED


@dataclass(frozen=True, slots=True)
class _Look:
    """What is compared, and by which rules."""

    table: Table
    part: Part
    ignore_volatile: bool

    def at(self, old: Recording, new: Recording, part: Part | None = None) -> Comparison:
        """Two recordings compared."""
        return compare(
            old, new, self.table, part=part or self.part, ignore_volatile=self.ignore_volatile
        )

    def rest(self, old: Recording, new: Recording, comparison: Comparison) -> Rest:
        """What differs where nothing is told."""
        if comparison.statements or comparison.answers:
            return Rest.NOTHING
        if is_same(old.document, new.document):
            return Rest.FORM if old.file_name == new.file_name else Rest.NOTHING
        said = self.at(old, new, Part.RESPONSE).answers if self.part is Part.REQUEST else ()
        if not said:
            return Rest.VOLATILE
        is_beside = all(_is_beside(pointer) for one in said for pointer in one.pointers)
        return Rest.MEMBERS if is_beside else Rest.ANSWER


def _is_beside(pointer: str) -> bool:
    """Whether a difference is one of the file that its request and its answer have no part in."""
    return pointer.startswith("/recording/") and f"{pointer}/".split("/")[2] != "response"


def _loaded(file: File) -> Recording:
    """A recording. Raises UnreadableError, whose text is the reason alone."""
    raw = file.read()
    if raw.startswith(_LARGE_FILE):
        raise UnreadableError("a pointer of Git LFS, which keeps the content; try: git lfs pull")
    parsed = parse(raw)
    if not parsed.readable:
        flaw = parsed.flaws[-1]
        raise UnreadableError(f"line {flaw.line}: {flaw.detail}")
    if not Recording.is_interaction(parsed.value):
        raise UnreadableError("no recording: it has no request and response")
    return Recording(file.path.rpartition("/")[2], parsed.value, len(raw))


class _Reading:
    """One look at two sides."""

    def __init__(self, sides: Sides, look: _Look, test_of: TestOf) -> None:
        self.sides = sides
        self._look = look
        self._test_of = test_of
        self._kept: dict[tuple[str, str], Recording] = {}
        self._room = _MOST_KEPT

    def changes(self) -> Changes:
        """What differs."""
        staying, differing = self._split()
        before, after, unread = self._read(differing)
        unread += [
            Unread(path, SUBMODULE if was else None, SUBMODULE if is_there else None)
            for path, (was, is_there) in self.sides.submodules.items()
        ]
        matches = paired(before, after)
        partners = {match.before.path for match in matches}
        arrived = {match.after.path for match in matches}
        added = [item for item in after if item.path not in arrived]
        in_place = [match.before for match in matches if match.before.path == match.after.path]
        likes = self._likes(added, in_place, staying)
        pairs = [self._pair(match) for match in matches]
        pairs += [self._added(item, likes.get(item.path)) for item in added]
        pairs += [
            Pair(Fate.REMOVED, item.test_id, self._place("before", item.path), None)
            for item in before
            if item.path not in partners
        ]
        pairs.sort(key=_order)
        return Changes(tuple(pairs), tuple(unread))

    def _split(self) -> tuple[list[str], list[str]]:
        """The places whose files are equal on both sides, and those at which they differ."""
        equal: list[str] = []
        others: list[str] = []
        for place in sorted(self.sides.before.keys() | self.sides.after.keys()):
            both = self.sides.before.get(place), self.sides.after.get(place)
            (equal if _are_equal(*both) else others).append(place)
        return equal, others

    def _read(self, places: Iterable[str]) -> tuple[list[Item], list[Item], list[Unread]]:
        items: dict[str, list[Item]] = {"before": [], "after": []}
        unread = []
        for place in places:
            made: dict[str, Item] = {}
            reasons: dict[str, str] = {}
            for side in items:
                if place not in self._files(side):
                    continue
                try:
                    made[side] = self._item(side, place)
                except UnreadableError as error:
                    reasons[side] = str(error)
            if reasons:
                # The side after can be mended, so that it is the one to look at.
                worst = self._files("after" if "after" in reasons else "before")[place]
                unread.append(
                    Unread(place, reasons.get("before"), reasons.get("after"), worst.named)
                )
                continue
            for side, item in made.items():
                items[side].append(item)
        return items["before"], items["after"], unread

    def _likes(
        self, added: Sequence[Item], in_place: Sequence[Item], staying: Sequence[str]
    ) -> Mapping[str, Match]:
        """What stays and resembles an added recording: of its test, else of its folder."""
        if not added:
            return {}
        folders = {item.path.rpartition("/")[0] for item in added}
        near = [place for place in staying if place.rpartition("/")[0] in folders]
        near = near[:_MOST_LIKENED]
        tests = {item.test_id for item in added}
        own = {place for place in near if self._is_of(place, tests)}
        found = dict(likened(added, [*in_place, *self._items(sorted(own))]))
        left = [item for item in added if item.path not in found]
        if left and len(own) < len(near):
            others = [place for place in near if place not in own]
            found.update(likened(left, list(self._items(others))))
        return found

    def _items(self, places: Iterable[str]) -> Iterator[Item]:
        for place in places:
            try:
                yield self._item("before", place)
            except UnreadableError:
                continue

    def _is_of(self, place: str, tests: Collection[str | None]) -> bool:
        """Whether a recording that stays is of one of the tests; read only if it may be."""
        if self.sides.top is not None:
            known = self._test_of(self.sides.top / place)
            if known is not None:
                return known[0] in tests
        try:
            content = self._files("before")[place].read()
            if not any(json.dumps(one).encode("ascii") in content for one in tests):
                return False
            return self._recording("before", place).test_id in tests
        except UnreadableError:
            return False

    def _pair(self, match: Match) -> Pair:
        old = self._recording("before", match.before.path)
        new = self._recording("after", match.after.path)
        comparison = self._look.at(old, new)
        rest = self._look.rest(old, new, comparison)
        files = self.sides.before[match.before.path], self.sides.after[match.after.path]
        if rest is Rest.FORM and _are_equal(*files):
            rest = Rest.NOTHING
        return Pair(
            _fate(match.before.path, match.after.path, same=match.similarity == 1),
            match.after.test_id,
            self._place("before", match.before.path),
            self._place("after", match.after.path),
            similarity=match.similarity,
            comparison=_without_test(comparison, match),
            rest=rest,
            formerly=_formerly(match),
        )

    def _added(self, item: Item, match: Match | None) -> Pair:
        place = self._place("after", item.path)
        if match is None:
            return Pair(Fate.ADDED, item.test_id, None, place)
        old = self._recording("before", match.before.path)
        comparison = self._look.at(old, self._recording("after", item.path))
        return Pair(
            Fate.ADDED,
            item.test_id,
            None,
            place,
            like=self._place("before", match.before.path),
            similarity=match.similarity,
            comparison=_without_test(comparison, match),
            formerly=_formerly(match),
        )

    def _item(self, side: str, place: str) -> Item:
        recording = self._recording(side, place)
        return Item(place, recording.test_id, features_of(recording))

    def _recording(self, side: str, place: str) -> Recording:
        if (side, place) in self._kept:
            return self._kept[side, place]
        made = _loaded(self._files(side)[place])
        if made.size <= self._room:
            self._room -= made.size
            self._kept[side, place] = made
        return made

    def _place(self, side: str, place: str) -> Place:
        return Place.of(self._files(side)[place].path)

    def _files(self, side: str) -> Mapping[str, File]:
        return self.sides.before if side == "before" else self.sides.after


def _formerly(match: Match) -> str | None:
    return match.before.test_id if match.before.test_id != match.after.test_id else None


def _without_test(comparison: Comparison, match: Match) -> Comparison:
    """A comparison without the statement that the test is another one, where the pair says so."""
    if _formerly(match) is None:
        return comparison
    kept = tuple(one for one in comparison.statements if one.headline != _TEST_CHANGED)
    return replace(comparison, statements=kept)


def _are_equal(before: File | None, after: File | None) -> bool:
    if before is None or after is None:
        return False
    if before.known_as is not None and after.known_as is not None:
        return before.known_as == after.known_as
    try:
        return before.read() == after.read()
    except UnreadableError:
        return False


def _order(pair: Pair) -> tuple[bool, str, int, str]:
    """By test, those without one last; then what became of it; then by path."""
    place = pair.after or pair.before
    rank = list(Fate).index(pair.fate)
    return pair.test_id is None, pair.test_id or "", rank, place.path if place else ""

"""Recordings in git's history: what was there, and which of it is meant.

`Search` finds what is wanted, `contents` reads it. What a history means is decided by pure
functions of it.
"""

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from recctl.corpus import recording_of
from recctl.dialects import Name
from recctl.errors import NothingFoundError, UnsoundError, UsageError
from recctl.gitstore import Blob, Change, Commit, Objects, Repository
from recctl.recording import Recording
from recctl.safetext import one_line
from recctl.wording import some

_DIGITS = re.compile(r"(?P<models>models-)?(?P<hash>[0-9a-f]{4,64})(?P<digest>-[0-9a-f]{0,8})?")
_SHORTEST = 12
"""Digits of the shortest names. A longer reference may mean such a name, too."""
_MOST_GLOBS = 64
"""More are not looked for by name: all names are told, which takes less time then."""
_MOST_LISTED = 20


@dataclass(frozen=True, slots=True)
class Version:
    """A content that a path had, and the commit that gave it that."""

    blob: Blob
    commit: Commit


@dataclass(frozen=True, slots=True)
class Past:
    """What became of one path.

    `versions` are the newest first; the one that HEAD holds is before all others. `removed` is the
    commit that removed the last one, null where it is still held. `has_moved` says that this commit
    gave the same file name to another folder.
    """

    path: str
    versions: tuple[Version, ...]
    removed: Commit | None = None
    has_moved: bool = False

    @property
    def name(self) -> Name | None:
        """The recording's name; null where the file's name is none."""
        return Name.parse(_file_name(self.path))


@dataclass(frozen=True, slots=True)
class Reference:
    """What a user calls one recording: the start of its hash, its file name, or its path.

    `rec_id` is the id it may be called by instead, which its answer may hold under another name.
    """

    text: str
    hash: str
    digest: str = ""
    is_model_list: bool = False
    rec_id: str | None = None
    path: str | None = None

    @classmethod
    def parse(cls, text: str, path: str | None = None) -> "Reference":
        """The parts of a reference; `path` is where it leads to in the work tree, if it is a path.

        Raises UsageError for a text that is none.
        """
        last = text.replace("\\", "/").rpartition("/")[2] if path is not None else text
        wanted = last.lower().removesuffix(".json")
        match = _DIGITS.fullmatch(wanted.removeprefix("rec-"))
        if match is None or (path is not None and Name.parse(last) is None):
            raise UsageError(
                f"{one_line(text)!r} is no reference: give 4 to 64 hex digits of the hash,"
                " a rec- id, or a recording's file name or path"
            )
        rec_id = wanted if wanted.startswith("rec-") else None
        digest = (match["digest"] or "").removeprefix("-")
        return cls(text, match["hash"], digest, match["models"] is not None, rec_id, path)

    @property
    def globs(self) -> tuple[str, ...]:
        """Globs that the names of all files meant match, and perhaps those of others."""
        start = self.hash[:_SHORTEST]
        lists = f"models-{start}*.json"
        return (lists,) if self.is_model_list else (f"{start}*.json", lists)

    def fits(self, past: Past) -> bool:
        """Whether a path may be the one that is meant."""
        name = past.name
        if name is None or (self.path is not None and past.path != self.path):
            return False
        if self.is_model_list and name.digest is None:
            return False
        return name.is_meant_by(self.hash, self.digest)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A path to be restored, and the versions that will do, the best one first.

    `reason` says in one line why it is; empty: whatever each version gives as one.
    """

    past: Past
    versions: tuple[Version, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A recording out of the history. `source` is where git has it, as `COMMIT:PATH`.

    `reason` says in one line why it is brought back.
    """

    path: str
    content: bytes = field(repr=False)
    source: str
    reason: str
    test_id: str | None = None

    @property
    def file_name(self) -> str:
        """The recording's file name."""
        return _file_name(self.path)


@dataclass(frozen=True, slots=True)
class Search:
    """Finds recordings in the history of a repository.

    `under` is the folder that they must have been in or below; empty: anywhere. With `revision`
    only what that commit holds is looked at. With `every`, what is found is what may be meant, be
    it one or many.
    """

    repository: Repository
    under: str = ""
    revision: str | None = None
    every: bool = False

    def by_reference(self, texts: Iterable[str]) -> list[Wanted]:
        """The recordings that references mean.

        Raises NothingFoundError for a reference that means none; UsageError for one that is none,
        and for one that may mean several, unless `every` is wanted.
        """
        wanted: dict[str, Wanted] = {}
        todo = [Reference.parse(text, self._place_in(text)) for text in texts]
        for known in self._scopes([glob for one in todo for glob in one.globs]):
            todo = self._take(todo, _by_name(known), wanted)
            if not todo:
                return list(wanted.values())
        if any(one.rec_id for one in todo):
            for known in self._scopes():
                todo = self._take(todo, self._by_id(todo, known), wanted)
        if todo:
            named = ", ".join(repr(one_line(one.text)) for one in todo)
            raise NothingFoundError(f"no recording {named} in {self._searched}")
        return list(wanted.values())

    def by_test(self, test_id: str) -> list[Wanted]:
        """The recordings of tests that the work tree lacks; all that a given revision has of them.

        Raises NothingFoundError where the history has none, in the work tree or not.
        """
        tests = Tests(test_id)
        for known in self._scopes():
            lacking, there = [], []
            for past in known.values():
                if self.revision is None and os.path.lexists(self.repository.top / past.path):
                    there.append(past)
                elif not past.has_moved:
                    lacking.append(past)
            with self.repository.objects() as objects:
                found = [Wanted(past, (own,)) for past, own in _owned(lacking, tests, objects)]
                if found or any(True for _ in _owned(there, tests, objects)):
                    return found
        raise NothingFoundError(
            f"no recording of {one_line(test_id)!r} in {self._searched}: name a test, or its"
            " function, class, file or folder, as test ids do"
        )

    def by_deletion(self, revisions: str) -> tuple[list[Wanted], list[str]]:
        """The missing recordings that a commit or a range deleted, and the other missing files.

        A merge is compared with its first parent. Raises UsageError for an unknown revision,
        NothingFoundError where no recording was deleted.
        """
        repository = self.repository
        if ".." in revisions:
            before, after = repository.ends(revisions)
            commit = repository.commit(after)
            between = repository.history(f"{before}..{after}", named=["*"])
            gone = lost(repository.changes(before, after), between)
            reason = f"removed in {one_line(revisions)}"
        else:
            commit = repository.commit(revisions)
            parent = repository.parent(commit.id)
            gone = {} if parent is None else lost(repository.changes(parent, commit.id))
            reason = f"removed by {dated(commit)}"
        gone = {path: blob for path, blob in gone.items() if self._is_under(path)}
        if not any(Name.parse(_file_name(path)) for path in gone):
            raise NothingFoundError(f"{one_line(revisions)} deleted no recordings")
        missing = {p: b for p, b in gone.items() if not os.path.lexists(repository.top / p)}
        found, others = [], []
        for past in held_by(commit, missing).values():
            if past.name is None:
                others.append(past.path)
            else:
                found.append(Wanted(replace(past, removed=commit), past.versions, reason))
        if self.every and found:
            *_, known = self._scopes([_file_name(one.past.path) for one in found])
            found = [replace(one, past=known.get(one.past.path, one.past)) for one in found]
        elif self.revision is not None:
            found = self._as_held([one.past.path for one in found])
        return found, others

    def _as_held(self, paths: Iterable[str]) -> list[Wanted]:
        """Paths as the given revision has them. Raises NothingFoundError for one it lacks."""
        (known,) = self._scopes()
        lacking = [path for path in paths if path not in known]
        if lacking:
            raise NothingFoundError(f"no {some(map(one_line, lacking))} in {self._searched}")
        return [Wanted(known[path], known[path].versions) for path in paths]

    def _scopes(self, names: Sequence[str] = ("*.json",)) -> Iterator[Mapping[str, Past]]:
        """What became of recordings whose names match globs: in HEAD's history, then in all."""
        if self.revision is not None:
            commit = self.repository.commit(self.revision)
            yield self._of_recordings(held_by(commit, self.repository.tree(commit.id)))
            return
        if len(names) > _MOST_GLOBS:
            names = ("*.json",)
        head = self.repository.head()
        tree = {} if head is None else self.repository.tree(head)
        for scope in (None,) if head is None else (head, None):
            yield self._of_recordings(pasts(self.repository.history(scope, named=names), tree))

    def _of_recordings(self, known: Mapping[str, Past]) -> Mapping[str, Past]:
        return {path: past for path, past in known.items() if past.name and self._is_under(path)}

    def _is_under(self, path: str) -> bool:
        return not self.under or path.startswith(f"{self.under}/")

    def _place_in(self, text: str) -> str | None:
        """Where a reference that is a path leads; null for one that is none."""
        if not set(text) & {"/", os.sep}:
            return None
        place = self.repository.place_of(Path(text))
        if place is None:
            top = one_line(self.repository.top)
            raise UsageError(f"{one_line(text)}: outside of the work tree {top}")
        return place

    def _take(
        self,
        todo: Sequence[Reference],
        fitting_of: Callable[[Reference], Sequence[Past]],
        wanted: dict[str, Wanted],
    ) -> list[Reference]:
        """The references that nothing fits; what the others mean is added to `wanted`."""
        left = []
        for reference in todo:
            fitting = fitting_of(reference)
            home = None if self.every else meant(reference, fitting)
            chosen = fitting if home is None else [home]
            wanted.update((past.path, Wanted(past, past.versions)) for past in chosen)
            if not chosen:
                left.append(reference)
        return left

    def _by_id(
        self, todo: Sequence[Reference], known: Mapping[str, Past]
    ) -> Callable[[Reference], Sequence[Past]]:
        """What holds a reference's `rec-` id in its newest content."""
        ids = {one.text: f'"{one.rec_id}"'.encode() for one in todo if one.rec_id}
        holders: dict[str, list[Past]] = {}
        with self.repository.objects() as objects:
            newest = objects.read_all(past.versions[0].blob.id for past in known.values())
            for past, (_, content) in zip(known.values(), newest, strict=True):
                for text, needle in ids.items():
                    if needle in (content or b""):
                        holders.setdefault(text, []).append(past)
        return lambda reference: holders.get(reference.text, [])

    @property
    def _searched(self) -> str:
        """Where was looked, and what else may be tried."""
        if self.revision is not None:
            return f"{one_line(self.revision)}; without --rev all commits are searched"
        if self.repository.is_shallow:
            return "the history of this shallow clone; get all of it: git fetch --unshallow"
        return "the history"


def contents(
    repository: Repository, wanted: Iterable[Wanted]
) -> tuple[list[Found], list[UnsoundError]]:
    """The recordings that are wanted, and why others cannot be had, a line for each.

    Where the best version is no recording, the next one is taken.
    """
    found, flaws = [], []
    listed = list(wanted)
    with repository.objects() as objects:
        best = objects.read_all(one.versions[0].blob.id for one in listed)
        for one, (_, newest) in zip(listed, best, strict=True):
            path = one.past.path
            for place, version in enumerate(one.versions):
                content = newest if place == 0 else objects.read(version.blob.id)
                try:
                    recording = read(path, version.blob, content)
                except UnsoundError as flaw:
                    flaws.append(UnsoundError(f"{flaw} (as of {version.commit.id[:12]})"))
                    continue
                source = f"{version.commit.id[:12]}:{path}"
                reason = one.reason or reason_of(one.past, version)
                found.append(Found(path, content or b"", source, reason, recording.test_id))
                break
    return found, flaws


def pasts(history: Iterable[tuple[Commit, Change]], head: Mapping[str, Blob]) -> Mapping[str, Past]:
    """What became of each path in a history told newest first; `head` is what HEAD holds."""
    told = list(history)
    given = {(commit.id, _file_name(change.path)) for commit, change in told if _adds(change)}
    versions: dict[str, dict[str, Version]] = {}
    removals: dict[str, Commit] = {}
    for commit, change in told:
        mine = versions.setdefault(change.path, {})
        if change.after is not None:
            mine.setdefault(change.after.id, Version(change.after, commit))
        elif not mine and change.path not in head:
            removals.setdefault(change.path, commit)
    found = {}
    for path, mine in versions.items():
        if not mine:
            continue
        now = head.get(path)
        ordered = sorted(mine.values(), key=lambda one: now is not None and one.blob.id != now.id)
        removed = removals.get(path)
        moved = removed is not None and (removed.id, _file_name(path)) in given
        found[path] = Past(path, tuple(ordered), removed, moved)
    return found


def held_by(commit: Commit, tree: Mapping[str, Blob]) -> Mapping[str, Past]:
    """What a commit holds, as if nothing else had ever been."""
    return {path: Past(path, (Version(blob, commit),)) for path, blob in tree.items()}


def meant(reference: Reference, fitting: Iterable[Past]) -> Past | None:
    """The one path that a reference means among those that fit it; null where there is none.

    Of one name in several folders it is where that name is still held, or was held last. Raises
    UsageError where that leaves several, listing them.
    """
    named: dict[Name | None, list[Past]] = {}
    for past in fitting:
        named.setdefault(past.name, []).append(past)
    homes = [home for same in named.values() for home in _homes(same)]
    if len(homes) > 1:
        raise _ambiguous(reference, homes)
    return homes[0] if homes else None


class Tests:
    """The tests that an id stands for: one test, or all of a function, a class, a file, a folder.

    An id stands for the ids that go on after it with `[`, `::` or `/`.
    """

    def __init__(self, wanted: str) -> None:
        self._wanted = wanted.rstrip("/")
        if not self._wanted:
            raise UsageError("--test needs the id of a test, or the path of its file")
        # As the recorder spells it in JSON, and as others may, who do not escape what is no ASCII.
        spellings = (json.dumps(self._wanted, ensure_ascii=escaped) for escaped in (True, False))
        self._spellings = {one[1:-1].encode("utf-8", "surrogatepass") for one in spellings}

    def may_own(self, content: bytes) -> bool:
        """Whether it is worth while to parse a recording: whether the id stands in its bytes."""
        return any(spelling in content for spelling in self._spellings)

    def own(self, test_id: str | None) -> bool:
        """Whether a recording's test is one of them."""
        if test_id is None or not test_id.startswith(self._wanted):
            return False
        rest = test_id[len(self._wanted) :]
        return not rest or rest.startswith(("[", "::", "/"))


def lost(
    changes: Iterable[Change], history: Iterable[tuple[Commit, Change]] = ()
) -> Mapping[str, Blob]:
    """What is gone between two trees, by path: the last content it had.

    `changes` are those from one tree to the other. `history` are those of the commits between
    them, newest first: what came and went on the way is lost, too. A file that only moved to
    another folder is not lost.
    """
    listed, told = list(changes), list(history)
    given = {_file_name(change.path) for change in listed if _adds(change)}
    moved = {(commit.id, _file_name(change.path)) for commit, change in told if _adds(change)}
    judged = {change.path for change in listed if change.after is not None}
    gone: dict[str, Blob] = {}
    for commit, change in told:
        if change.path in judged:
            continue
        judged.add(change.path)  # what was before the newest change is of no importance
        name = _file_name(change.path)
        stays = change.after is not None or name in given or (commit.id, name) in moved
        if change.before is not None and not stays:
            gone[change.path] = change.before
    for change in listed:
        if change.after is None and change.before and _file_name(change.path) not in given:
            gone.setdefault(change.path, change.before)
    return gone


def read(path: str, blob: Blob, content: bytes | None) -> Recording:
    """The recording in a content out of the history.

    Raises UnsoundError, whose text says which file and why it is none.
    """
    shown = one_line(path)
    name = _file_name(path)
    if Name.parse(name) is None:
        raise UnsoundError(f"{shown}: not the name of a recording")
    if blob.is_link:
        raise UnsoundError(f"{shown}: a link")
    if content is None:
        raise UnsoundError(f"{shown}: its content is missing from the repository, or too large")
    return recording_of(path, name, content)


def reason_of(past: Past, version: Version) -> str:
    """Why a version is brought back: what removed it, or what it comes from."""
    if past.removed is not None and version == past.versions[0]:
        return f"removed by {dated(past.removed)}"
    return f"as of {dated(version.commit)}"


def dated(commit: Commit) -> str:
    """A commit in one line: its short id, its day, its subject."""
    return f"{commit.id[:12]} {day(commit)} {one_line(commit.subject)}".rstrip()


def day(commit: Commit) -> str:
    """The day of a commit, in UTC; a question mark for a time that is none."""
    time = time_of(commit)
    return "?" if time is None else time[:10]


def time_of(commit: Commit) -> str | None:
    """When a commit was made, in UTC, as in 2026-04-09T10:00:00Z; null for a time that is none."""
    try:
        return f"{datetime.fromtimestamp(commit.time, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (OverflowError, OSError, ValueError):
        return None


def _by_name(known: Mapping[str, Past]) -> Callable[[Reference], Sequence[Past]]:
    return lambda reference: [past for past in known.values() if reference.fits(past)]


def _owned(known: Sequence[Past], tests: Tests, objects: Objects) -> Iterator[tuple[Past, Version]]:
    """The paths that belonged to one of the tests, each with the newest version that did."""
    newest = objects.read_all(past.versions[0].blob.id for past in known)
    for past, (_, content) in zip(known, newest, strict=True):
        for place, version in enumerate(past.versions):
            raw = content if place == 0 else objects.read(version.blob.id)
            if raw is not None and _is_owned(past.path, version, raw, tests):
                yield past, version
                break


def _is_owned(path: str, version: Version, content: bytes, tests: Tests) -> bool:
    try:
        return tests.may_own(content) and tests.own(read(path, version.blob, content).test_id)
    except UnsoundError:
        return False


def _homes(same: Sequence[Past]) -> list[Past]:
    """Where one name is still held, else where it was held last, leaving out where it moved on."""
    stayed = [past for past in same if not past.has_moved] or same
    held = [past for past in stayed if past.removed is None]
    if held:
        return held
    # All are as old as they are told: the first one was removed last.
    return [past for past in stayed if past.removed == stayed[0].removed]


def _ambiguous(reference: Reference, fitting: Sequence[Past]) -> UsageError:
    listed = "".join(f"\n  {one_line(past.path)}" for past in fitting[:_MOST_LISTED])
    more = len(fitting) - _MOST_LISTED
    rest = f"\n  … and {more:,} more" if more > 0 else ""
    several = len({past.name for past in fitting}) > 1
    advice = "give more digits, or the path of one of" if several else "give the path of one of"
    return UsageError(f"{one_line(reference.text)!r} is ambiguous, {advice}:{listed}{rest}")


def _file_name(path: str) -> str:
    return path.rpartition("/")[2]


def _adds(change: Change) -> bool:
    return change.before is None and change.after is not None

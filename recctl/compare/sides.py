"""Two trees of recordings, and what differs between them: two folders, or what git knows.

A side has files by place, a path that means the same on both. Nothing is read here but what must
be to know whether two files are equal.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from recctl import corpus
from recctl.dialects import Name, published
from recctl.errors import NothingFoundError, UnreadableError, UsageError
from recctl.gitstore import Blob, Objects, Repository, Tree, bare_repository_of, repository_of
from recctl.safetext import one_line

_SKIPPED = frozenset({"node_modules", "__pycache__"})
_SHORT = 12


@dataclass(frozen=True, slots=True)
class File:
    """A file of one side. `read` raises UnreadableError, whose text is the reason alone.

    `known_as` is equal for equal contents; null where the content must be read to know. `named` is
    what `git show` calls it, where git has it; null for a file of the disk.
    """

    path: str
    read: Callable[[], bytes]
    known_as: str | None = None
    named: str | None = None


@dataclass(frozen=True, slots=True)
class Sides:
    """The files of two trees by place.

    `submodules` are those that are at another commit on the other side, or not there: whether one
    is on either side. What is in a submodule is no part of a tree.
    `top` is the folder where the files of the side after lie; null where git has them.
    """

    before: Mapping[str, File]
    after: Mapping[str, File]
    submodules: Mapping[str, tuple[bool, bool]] = field(default_factory=dict)
    top: Path | None = None


# Where the trees come from


def of_folders(before: str, after: str) -> Sides:
    """The recordings below two folders; a place counts from its folder.

    Raises NothingFoundError where neither has any.
    """
    sides = [_of_folder(before), _of_folder(after)]
    if not any(sides):
        raise NothingFoundError(
            f"no recordings below {one_line(before)} and {one_line(after)}:"
            f" name folders that hold a folder {published().beside_test!r}"
        )
    return Sides(sides[0], sides[1], top=Path(after))


@contextmanager
def of_git(
    revisions: str, paths: Sequence[str], *, named: bool, staged: bool = False
) -> Iterator[Sides]:
    """The two sides that revisions name: `A..B`, `A...B`, or `A` and the work tree, or the index.

    What is read is at or below the paths; `named` says that the user named these, so that they
    must exist somewhere. Of the work tree, files that git does not have yet count, too, unless it
    ignores them. Two commits need no work tree.

    Raises UsageError for no repository, an unknown revision, and paths that are not in the
    repository; GitError where git fails.
    """
    is_range = ".." in revisions
    repository = _repository(paths, of_commits=is_range)
    under = _places(repository, paths)
    since: _End
    until: _End | None = None
    if is_range:
        if staged:
            raise UsageError("--staged compares the index with one commit, not with a range")
        since, until = _ends(repository, revisions)
    else:
        since = _end(_commit(repository, revisions, staged=staged), revisions)
        until = _INDEX if staged else None
    with repository.objects() as objects:
        trees = _Trees(repository, objects, under, frozenset(under if named else ()))
        held = trees.held(since)
        before = trees.files(held, since)
        now = trees.held(until or _INDEX)
        after = trees.at_work(held, now) if until is None else trees.files(now, until)
        moved = trees.submodules(held, now, at_work=until is None)
        if named:
            _check_found(repository, under, paths, {**before, **after, **dict.fromkeys(moved)})
        yield Sides(before, after, moved, repository.top if until is None else None)


@dataclass(frozen=True, slots=True)
class _End:
    """A commit, and how it is called; without a commit the index, or what is before any commit."""

    commit: str | None
    shown: str

    @property
    def is_index(self) -> bool:
        """Whether it is the index."""
        return self.commit is None and not self.shown


_INDEX = _End(None, "")


def _of_folder(folder: str) -> dict[str, File]:
    try:
        found = corpus.find([folder])
    except NothingFoundError:
        return {}
    top = Path(folder)
    return {
        entry.path.relative_to(top).as_posix(): _of_entry(str(entry.path), entry)
        for entry in found.entries
    }


def _of_entry(path: str, entry: corpus.Entry) -> File:
    return File(path, lambda: corpus.read(entry))


def _repository(paths: Sequence[str], *, of_commits: bool) -> Repository:
    found = repository_of(Path(paths[0]))
    if found is None:
        found = _bare(paths, of_commits=of_commits)
    if found is None:
        where = "the working directory" if paths[0] == "." else one_line(paths[0])
        raise UsageError(
            f"{where} is in no git work tree, or git is not installed;"
            " two folders are compared by: recctl diff FOLDER FOLDER"
        )
    for path in paths[1:]:
        other = repository_of(Path(path)) or _bare([path], of_commits=of_commits)
        if other is None or other.top != found.top:
            raise UsageError(
                f"{one_line(path)} is not in the repository {one_line(found.top)}:"
                " run this once for each repository"
            )
    return found


def _bare(paths: Sequence[str], *, of_commits: bool) -> Repository | None:
    """The repository without a work tree at the first path or, else, here."""
    found = bare_repository_of(Path(paths[0])) or bare_repository_of(Path())
    if found is not None and not of_commits:
        raise UsageError(
            f"{one_line(found.top)} is a bare repository, without a work tree or an index to"
            " compare with; two commits are compared by: recctl diff --git A..B"
        )
    return found


def _places(repository: Repository, paths: Sequence[str]) -> list[str]:
    """The paths as the repository names them; one beyond the work tree is none of them."""
    places = []
    for path in paths:
        place = repository.place_of(Path(os.path.abspath(path)))
        if place is None:
            raise UsageError(f"{one_line(path)} is outside of {one_line(repository.top)}")
        places.append(place)
    return places


def _commit(repository: Repository, revision: str, *, staged: bool) -> str | None:
    """The commit to compare with; null for the index of a repository without any."""
    if revision == "HEAD":
        head = repository.head()
        if head is not None or staged:
            return head
        raise UsageError(
            "the repository has no commit yet; what is staged is told by: recctl diff --git"
            " --staged"
        )
    try:
        return repository.resolve(revision)
    except UsageError as error:
        if os.path.lexists(revision):
            shown = one_line(revision)
            raise UsageError(
                f"{shown} is a path and no revision; say against which:"
                f" recctl diff --git=HEAD {shown}"
            ) from error
        raise _with_list(error) from None


def _ends(repository: Repository, revisions: str) -> tuple[_End, _End]:
    try:
        since, until = repository.ends(revisions)
    except UsageError as error:
        raise _with_list(error) from None
    left, _, right = revisions.partition("..")
    is_base = right.startswith(".")
    shown = since[:_SHORT] if is_base else left or "HEAD"
    return _end(since, shown), _end(until, right.removeprefix(".") or "HEAD")


def _end(commit: str | None, shown: str) -> _End:
    """A commit, called as it can be called with a path behind."""
    return _End(commit, commit[:_SHORT] if commit and shown.startswith(":/") else shown)


def _with_list(error: UsageError) -> UsageError:
    return UsageError(f"{error}; list commits with: git log --oneline --all")


@dataclass(frozen=True, slots=True)
class _Trees:
    """The files of trees that are recordings, as `corpus.find` has it, told by their paths alone.

    `named` are those that count whatever they are called.
    """

    repository: Repository
    objects: Objects
    under: Sequence[str]
    named: frozenset[str]

    def held(self, end: _End) -> Tree:
        """What a commit or the index has."""
        if end.commit is None and not end.is_index:
            return Tree({}, {})
        return self.repository.tree_of(end.commit, self.under)

    def files(self, tree: Tree, end: _End) -> dict[str, File]:
        """What git has, as a revision names it."""
        return {
            place: self._of_blob(place, blob, end.shown)
            if place not in tree.unmerged
            else File(place, _unmerged)
            for place, blob in self._counting(tree.files).items()
        }

    def at_work(self, held: Tree, now: Tree) -> dict[str, File]:
        """The files of the work tree: as the index has them, changed since, and new ones.

        `held` is what they are compared with, `now` the index.
        """
        top = self.repository.top
        tracked = self._counting(now.files)
        changed = self.repository.uncommitted(top / place for place in tracked)
        files = {
            place: self._of_disk(place, held.files.get(place))
            if top / place in changed
            else self._of_blob(place, blob)
            for place, blob in tracked.items()
            if top / place not in changed or os.path.lexists(top / place)
        }
        for new in sorted(self.repository.new(self.under)):
            if self._counts(new):
                files[new] = self._of_disk(new, held.files.get(new))
        return files

    def submodules(self, held: Tree, now: Tree, *, at_work: bool) -> dict[str, tuple[bool, bool]]:
        """The submodules that are at other commits, or only on one side."""
        before, after = held.submodules, now.submodules
        is_moved = at_work and after
        moved = self.repository.submodules_moved(self.under) if is_moved else frozenset()
        return {
            place: (place in before, place in after)
            for place in sorted(before.keys() | after.keys())
            if before.get(place) != after.get(place) or place in moved
        }

    def _counting(self, blobs: Mapping[str, Blob]) -> dict[str, Blob]:
        """Those of some files that count."""
        return {place: blob for place, blob in blobs.items() if self._counts(place)}

    def _counts(self, place: str) -> bool:
        if place in self.named:
            return True
        *folders, name = place.split("/")
        if not name.endswith(".json") or any(_is_skipped(folder) for folder in folders):
            return False
        inside = published().beside_test in folders and not name.startswith(".")
        return inside or Name.parse(name) is not None

    def _of_blob(self, place: str, blob: Blob, revision: str | None = None) -> File:
        def read() -> bytes:
            if blob.is_link:
                raise UnreadableError("a link, not followed")
            content = self.objects.read(blob.id)
            if content is None:
                raise UnreadableError("git lacks the content; try: git fsck")
            return content

        named = None if revision is None else f"{revision}:{place}"
        return File(place, read, f"link {blob.id}" if blob.is_link else blob.id, named)

    def _of_disk(self, place: str, held: Blob | None) -> File:
        """A file of the work tree. Where git keeps other line ends, these are no difference."""
        entry = corpus.Entry(self.repository.top / place, (self.repository.top,))
        known_as = None
        if held is not None:
            with suppress(UnreadableError):
                content = corpus.read(entry)
                forms = (content, content.replace(b"\r\n", b"\n"))
                known_as = held.id if held.id in map(self.repository.id_of, forms) else None
        return File(place, lambda: corpus.read(entry), known_as)


def _unmerged() -> bytes:
    raise UnreadableError("an unresolved merge")


def _is_skipped(folder: str) -> bool:
    return folder in _SKIPPED or folder.startswith(".")


def _check_found(
    repository: Repository, under: Sequence[str], paths: Sequence[str], found: Iterable[str]
) -> None:
    """Raises UsageError for a path that is on neither side, nor in the work tree."""
    places = list(found)
    for place, path in zip(under, paths, strict=True):
        is_there = place in ("", *places) or any(one.startswith(f"{place}/") for one in places)
        if not is_there and not os.path.lexists(repository.top / place):
            raise UsageError(
                f"{one_line(path)}: no such file or folder on either side;"
                " a revision stands right behind --git: recctl diff --git REV PATH"
            )

"""Two trees of recordings, and what differs between them: two folders, or what git knows.

A side has files by place, a path that means the same on both. Nothing is read here but what must
be to know whether two files are equal.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from recctl import corpus
from recctl.dialects import Name, published
from recctl.errors import NothingFoundError, UnreadableError, UsageError
from recctl.gitstore import Blob, Objects, Repository, repository_of
from recctl.safetext import one_line

_SKIPPED = frozenset({"node_modules", "__pycache__"})


@dataclass(frozen=True, slots=True)
class File:
    """A file of one side. `read` raises UnreadableError, whose text is the reason alone.

    `known_as` is equal for equal contents; null where the content must be read to know.
    """

    path: str
    read: Callable[[], bytes]
    known_as: str | None = None


@dataclass(frozen=True, slots=True)
class Sides:
    """The files of two trees by place."""

    before: Mapping[str, File]
    after: Mapping[str, File]


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
    return Sides(*sides)


@contextmanager
def of_git(
    revisions: str, paths: Sequence[str], *, named: bool, staged: bool = False
) -> Iterator[Sides]:
    """The two sides that revisions name: `A..B`, `A...B`, or `A` and the work tree, or the index.

    What is read is at or below the paths; `named` says that the user named these, so that they
    must exist somewhere. Of the work tree, files that git does not have yet count, too.

    Raises UsageError for no repository, an unknown revision, and paths that are not in the
    repository; GitError where git fails.
    """
    repository = _repository(paths)
    under = _places(repository, paths)
    since: str | None
    until: str | None = None
    if ".." in revisions:
        if staged:
            raise UsageError("--staged compares the index with one commit, not with a range")
        since, until = _ends(repository, revisions)
    else:
        since = _commit(repository, revisions, staged=staged)
    with repository.objects() as objects:
        trees = _Trees(repository, objects, under, frozenset(under if named else ()))
        held = trees.counting({} if since is None else repository.tree(since, under))
        if until is not None:
            after = trees.files(trees.counting(repository.tree(until, under)))
        elif staged:
            after = trees.files(trees.counting(repository.staged(under)))
        else:
            after = trees.at_work(paths, held)
        before = trees.files(held)
        if named:
            _check_found(repository, under, paths, {**before, **after})
        yield Sides(before, after)


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


def _repository(paths: Sequence[str]) -> Repository:
    found = repository_of(Path(paths[0]))
    if found is None:
        where = "the working directory" if paths[0] == "." else one_line(paths[0])
        raise UsageError(
            f"{where} is in no git work tree, or git is not installed;"
            " two folders are compared by: recctl diff FOLDER FOLDER"
        )
    for path in paths[1:]:
        other = repository_of(Path(path))
        if other is None or other.top != found.top:
            raise UsageError(
                f"{one_line(path)} is not in the repository {one_line(found.top)}:"
                " run this once for each repository"
            )
    return found


def _places(repository: Repository, paths: Sequence[str]) -> list[str]:
    """The paths as the repository names them; one beyond the work tree is none of them."""
    places = []
    for path in paths:
        place = repository.place_of(Path(os.path.abspath(path)))  # noqa: PTH100 - no links
        if place is None:
            raise UsageError(f"{one_line(path)} is outside of {one_line(repository.top)}")
        places.append(place)
    return places


def _commit(repository: Repository, revision: str, *, staged: bool) -> str | None:
    """The commit to compare with; null for the index of a repository without any."""
    if revision == "HEAD" and repository.head() is None:
        if staged:
            return None
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


def _ends(repository: Repository, revisions: str) -> tuple[str, str]:
    try:
        return repository.ends(revisions)
    except UsageError as error:
        raise _with_list(error) from None


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

    def counting(self, blobs: Mapping[str, Blob]) -> dict[str, Blob]:
        """Those of some files that count."""
        return {place: blob for place, blob in blobs.items() if self._counts(place)}

    def files(self, blobs: Mapping[str, Blob]) -> dict[str, File]:
        """What git has."""
        return {place: self._of_blob(place, blob) for place, blob in blobs.items()}

    def at_work(self, paths: Sequence[str], held: Mapping[str, Blob]) -> dict[str, File]:
        """The files of the work tree: as the index has them, changed since, and new ones.

        `held` is what they are compared with.
        """
        top = self.repository.top
        tracked = self.counting(self.repository.staged(self.under))
        changed = self.repository.uncommitted(top / place for place in tracked)
        files = {
            place: self._of_disk(place, held.get(place))
            if top / place in changed
            else self._of_blob(place, blob)
            for place, blob in tracked.items()
            if top / place not in changed or os.path.lexists(top / place)
        }
        try:
            found = corpus.find([path for path in paths if os.path.lexists(path)] or ["."]).entries
        except NothingFoundError:
            found = ()
        for entry in found:
            new = self.repository.place_of(entry.path)
            if new is not None and new not in tracked and self._counts(new):
                files[new] = self._of_disk(new, held.get(new))
        return files

    def _counts(self, place: str) -> bool:
        if place in self.named:
            return True
        *folders, name = place.split("/")
        if not name.endswith(".json") or any(_is_skipped(folder) for folder in folders):
            return False
        inside = published().beside_test in folders and not name.startswith(".")
        return inside or Name.parse(name) is not None

    def _of_blob(self, place: str, blob: Blob) -> File:
        def read() -> bytes:
            if blob.is_link:
                raise UnreadableError("a link, not followed")
            content = self.objects.read(blob.id)
            if content is None:
                raise UnreadableError("git lacks the content; try: git fsck")
            return content

        return File(place, read, f"link {blob.id}" if blob.is_link else blob.id)

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

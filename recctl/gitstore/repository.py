"""A work tree and the repository behind it: how one is found, and what it is asked."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path

from recctl.errors import UsageError
from recctl.gitstore.objects import Objects
from recctl.gitstore.running import GitError, line_of, output_of, tokens_of
from recctl.gitstore.values import (
    LOGGED,
    RAW,
    SUBMODULE,
    Blob,
    Change,
    Commit,
    Tree,
    around,
    blob_of,
    changes_in,
    commit_of,
    exactly,
    glob,
)
from recctl.safetext import one_line

_LOOSE_HEADS = ("HEAD", "FETCH_HEAD")
"""Commits that may be neither a branch's nor in a log of one."""

_NO_WORK_TREE = ("not a git repository", "must be run in a work tree", "cannot use bare repository")


@dataclass(frozen=True, slots=True)
class Repository:
    """A work tree and the repository behind it.

    `top` is the work tree's folder, links resolved. `is_shallow` says that the history is cut off:
    the oldest commits here seem to have added all files that they hold.
    """

    top: Path
    is_shallow: bool
    algorithm: str
    """What object ids are made with: sha1 or sha256."""
    index: Path | None = None
    """The index of a commit that is being made, where this runs in a hook; null: the usual one."""

    def uncommitted(self, paths: Iterable[Path]) -> frozenset[Path]:
        """Those paths, made absolute, at which git and the work tree differ from HEAD.

        These are files modified, staged, deleted, added to the index, or in a conflict. Files that
        git was told to take for unchanged are compared nevertheless. Untracked files are none.

        Raises GitError.
        """
        found: set[Path] = set()
        for repository, names in self._shared_out(paths)[0].items():
            differing = repository._differing(set(names.values()))
            found.update(path for path, name in names.items() if name in differing)
        return frozenset(found)

    def untracked(self, paths: Iterable[Path]) -> frozenset[Path]:
        """Those paths, made absolute, that git does not have: ignored ones, and ones outside.

        Raises GitError.
        """
        shared, outside = self._shared_out(paths)
        found = set(outside)
        for repository, names in shared.items():
            wanted = set(names.values())
            listing = repository._listed("ls-files", "-z", "--", *around(wanted))
            tracked = wanted.intersection(map(os.fsdecode, listing))
            found.update(path for path, name in names.items() if name not in tracked)
        return frozenset(found)

    def new(self, under: Sequence[str] = ()) -> frozenset[str]:
        """The files of the work tree that git neither has nor ignores, at and below some paths.

        Nothing in a repository inside of this one is among them. Raises GitError.
        """
        listing = self._others(*map(exactly, under))
        return frozenset(name for name in listing if not name.endswith("/"))

    def changed_since(self, commit: str) -> frozenset[str]:
        """The files that differ between a commit and the work tree, committed since or not.

        Of those that git does not have, the Python files that it does not ignore: with them a
        suite may have other tests. Raises UsageError for an unknown commit, and GitError.
        """
        found = self._listed(
            *("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff"),
            *("--ignore-submodules=dirty", self.resolve(commit), "--"),
        )
        return frozenset(chain(map(os.fsdecode, found), self._others(":/*.py")))

    def unknown_files(self) -> frozenset[str]:
        """The files in the work tree that git neither has nor ignores. Raises GitError."""
        return frozenset(self._others(":/"))

    def kept_out(self) -> frozenset[str]:
        """The files that git has, and does not put into the work tree: those of a sparse checkout.

        In such a one, no missing file is taken for one that was deleted. Raises GitError.
        """
        listing = self._listed("ls-files", "-t", "-z")
        found = {os.fsdecode(one[2:]) for one in listing if one.startswith(b"S ")}
        try:
            is_sparse = line_of(self.top, "config", "--type=bool", "core.sparseCheckout") == "true"
        except GitError:
            is_sparse = False  # git ends with 1 where it is not set
        if is_sparse:
            missing = self._listed("ls-files", "--deleted", "-z")
            found.update(map(os.fsdecode, missing))
        return frozenset(found)

    def hidden(self) -> frozenset[str]:
        """The files of whose changes git was told to take no notice. Raises GitError."""
        listing = self._listed("ls-files", "-v", "-z")
        return frozenset(os.fsdecode(one[2:]) for one in listing if one[:1] != b"H")

    def added_at(self, paths: Iterable[Path]) -> Mapping[Path, int]:
        """When each path was first added to the history of HEAD, in seconds since 1970.

        Paths are made absolute; one that no commit holds is missing. Of a path that was removed
        and added again, the first time counts. Renames are not followed. In a shallow clone no
        time is earlier than where it begins.

        Raises GitError.
        """
        times: dict[Path, int] = {}
        for repository, names in self._shared_out(paths)[0].items():
            head = repository.head()
            if head is None:
                continue
            wanted = set(names.values())
            added: dict[str, int] = {}
            for commit, change in repository._log([head], around(wanted)):
                if change.before is None and change.path in wanted:
                    added[change.path] = commit.time  # an older commit comes later
            times.update((path, added[name]) for path, name in names.items() if name in added)
        return times

    def authored_at(self, path: str, blob: str) -> int | None:
        """When a content first came to a path, by its author's clock, in seconds since 1970.

        All commits are looked through that git knows: of branches, tags, stashes, of what HEAD and
        branches once were, and of what was fetched last. A commit that is rebased or picked keeps
        its author's time. Null where no commit has the content there, and in a shallow clone,
        whose oldest commits seem to have added everything.

        Raises GitError.
        """
        if self.is_shallow:
            return None
        heads = [head for head in _LOOSE_HEADS if self._is_known(head)]
        order = ("--full-history", "-m", f"--find-object={blob}")
        form = (*RAW, "--format=%H %at %s")
        tokens = tokens_of(
            self.top, "log", "--all", "--reflog", *order, *form, *heads, "--", exactly(path)
        )
        return min(
            (
                commit.time
                for commit, change in changes_in(tokens)
                if commit is not None and change.after is not None and change.after.id == blob
            ),
            default=None,
        )

    def resolve(self, revision: str) -> str:
        """The id of the commit that a revision names. Raises UsageError where there is none."""
        try:
            # A revision must not be read as an option.
            return self._parsed(revision) if not revision.startswith("-") else self._parsed("")
        except GitError as error:
            told = str(error)
            reason = told if "ambiguous" in told else "no such commit, branch or tag"
            hint = "; this clone is shallow: git fetch --unshallow" if self.is_shallow else ""
            shown = one_line(revision)
            raise UsageError(f"unknown revision {shown!r}: {reason}{hint}") from None

    def head(self) -> str | None:
        """The id of the commit of HEAD; null where there is none yet."""
        try:
            return self._parsed("HEAD")
        except GitError:
            return None

    def commit(self, revision: str) -> Commit:
        """The commit that a revision names. Raises UsageError where there is none."""
        told = output_of(self.top, "log", "--max-count=1", *LOGGED, self.resolve(revision), "--")
        return commit_of(told.rstrip(b"\n"))

    def ends(self, revisions: str) -> tuple[str, str]:
        """The two commits that `A..B` names, or `A...B`: where B left A, and B.

        A missing end is HEAD. Raises UsageError where an end is unknown, where there is no `..`,
        and for two commits without a common one.
        """
        left, dots, right = revisions.partition("..")
        if not dots:
            raise UsageError(f"{one_line(revisions)!r} is no range of commits, as A..B is")
        from_base = right.startswith(".")
        ids = [self.resolve(end or "HEAD") for end in (left, right.removeprefix("."))]
        if from_base:
            try:
                ids[0] = line_of(self.top, "merge-base", *ids)
            except GitError:
                raise UsageError(f"{one_line(revisions)!r} have no common commit") from None
        return ids[0], ids[1]

    def parent(self, commit: str) -> str | None:
        """The id of a commit's first parent; null for a first commit.

        Raises UsageError for an unknown commit, and where a shallow clone begins with it.
        """
        commit = self.resolve(commit)
        listed = output_of(self.top, "rev-list", "--parents", "--max-count=1", commit, "--")
        _, *parents = listed.decode("ascii").split()
        if parents:
            return parents[0]
        if self.is_shallow and b"\nparent " in output_of(self.top, "cat-file", "commit", commit):
            raise UsageError(
                f"this shallow clone begins with {commit[:12]}, what was before is not here:"
                " git fetch --unshallow"
            )
        return None

    def tree(self, revision: str, under: Sequence[str] = ()) -> Mapping[str, Blob]:
        """The files of a commit, or those at and below some paths, by path.

        Submodules are left out. Raises UsageError for an unknown revision.
        """
        return self.tree_of(self.resolve(revision), under).files

    def tree_of(self, commit: str | None, under: Sequence[str] = ()) -> Tree:
        """All that the commit of an id holds, or the index, at and below some paths.

        Raises GitError.
        """
        specs = ("--", *map(exactly, under))
        if commit is None:
            listing = self._listed("ls-files", "--stage", "-z", *specs)
        else:
            listing = tokens_of(self.top, "ls-tree", "-r", "-z", "--full-tree", commit, *specs)
        best: dict[str, tuple[int, Blob]] = {}
        submodules: dict[str, str] = {}
        unmerged = set()
        for entry in listing:
            attributes, _, raw = entry.partition(b"\t")
            # Of the index, mode, id and stage; of a commit, mode, type and id.
            mode, *rest = attributes.split()
            object_id = rest[0 if commit is None else 1]
            stage = int(rest[1]) if commit is None else 0
            path, blob = os.fsdecode(raw), blob_of(mode, object_id)
            rank = (0, 2, 3, 1).index(stage)
            if stage:
                unmerged.add(path)
            if int(mode, 8) == SUBMODULE:
                submodules[path] = object_id.decode("ascii")
            elif blob and (path not in best or rank < best[path][0]):
                best[path] = (rank, blob)
        files = {path: blob for path, (_, blob) in best.items()}
        return Tree(files, submodules, frozenset(unmerged))

    def submodules_moved(self, under: Sequence[str] = ()) -> frozenset[str]:
        """The submodules whose work tree is at another commit than the index has, by path.

        One that is not checked out has not moved. Raises GitError.
        """
        tokens = tokens_of(
            self.top,
            *("diff-files", *RAW, "--ignore-submodules=dirty", "--", *map(exactly, under)),
            index=self.index,
        )
        found = set()
        for told in tokens:  # as `changes_in` has it, of which a submodule is none
            name = os.fsdecode(next(tokens))
            if told.lstrip(b":").startswith(b"%o " % SUBMODULE):
                found.add(name)
        return frozenset(found)

    def staged(self, under: Sequence[str] = ()) -> Mapping[str, Blob]:
        """The files of the index, or those at and below some paths, by path.

        Of a path in a conflict, our side counts, or theirs where we have none. Submodules are left
        out. A file that was only announced (`git add --intent-to-add`) is there, and empty.

        Raises GitError.
        """
        return self.tree_of(None, under).files

    def changes(self, before: str, after: str, under: Sequence[str] = ()) -> Iterator[Change]:
        """The files that differ between two commits, in order of path; renames are not looked for.

        Raises UsageError for an unknown revision.
        """
        ids = [self.resolve(before), self.resolve(after)]
        tokens = tokens_of(self.top, "diff-tree", "-r", *RAW, *ids, "--", *map(exactly, under))
        return (change for _, change in changes_in(tokens))

    def history(
        self,
        revision: str | None = None,
        *,
        under: Sequence[str] = (),
        named: Sequence[str] = ("*.json",),
    ) -> Iterator[tuple[Commit, Change]]:
        """Every change that the commits made to files, the newest commit first.

        `revision` is a commit, whose ancestors are told with it, or a range `A..B`. Without one
        all that is known is told: the history of HEAD first, then what only other branches, tags
        and stashes have. `under` are folders; `named` are globs of file names, in which `*` and
        `?` stand for any characters.

        A change of a merge is told where its result is none of its parents'. A file that moved is
        told as one removed and one added.

        Raises UsageError for an unknown revision, GitError where git fails on the way.
        """
        specs = [glob(folder, name) for folder in under or ("",) for name in named]
        if revision is None:
            head = self.head()
            if head is not None:
                yield from self._log([head], specs)
            yield from self._log(["--all", *([] if head is None else ["--not", head])], specs)
        elif ".." in revision:
            before, after = self.ends(revision)
            yield from self._log([f"{before}..{after}"], specs)
        else:
            yield from self._log([self.resolve(revision)], specs)

    def objects(self) -> "Objects":
        """A reader of objects, to be used in a `with` block."""
        return Objects(self.top)

    def sizes(self, ids: Iterable[str]) -> Mapping[str, int]:
        """The sizes of objects in bytes; missing ones are left out. Raises GitError."""
        asked = "".join(f"{one}\n" for one in dict.fromkeys(ids)).encode("ascii")
        form = "--batch-check=%(objectname) %(objectsize)"
        lines = output_of(self.top, "cat-file", form, given=asked).decode("ascii").splitlines()
        pairs = (line.split(" ") for line in lines)
        return {name: int(size) for name, size in pairs if size.isdecimal()}

    def id_of(self, content: bytes) -> str:
        """The id that git gives to a file of this content, if no filter is at work."""
        from hashlib import new  # most commands need no hash of git's

        framed = b"blob %d\0%b" % (len(content), content)
        return new(self.algorithm, framed, usedforsecurity=False).hexdigest()

    def place_of(self, path: Path) -> str | None:
        """A path as this repository names it; null for one outside of the work tree.

        Links are resolved among the folders above, not at the path itself. The top is an empty
        text.
        """
        placed = Path(os.path.realpath(path.parent)) / path.name
        if path.name in ("", ".."):
            placed = Path(os.path.realpath(path))
        if not placed.is_relative_to(self.top):
            return None
        place = placed.relative_to(self.top).as_posix()
        return "" if place == "." else place

    def _listed(self, *arguments: str) -> Iterator[bytes]:
        """What a command prints that looks at the index, piece by piece."""
        return tokens_of(self.top, *arguments, index=self.index)

    def _others(self, *specs: str) -> Iterator[str]:
        """The files in the work tree, of those, that git neither has nor ignores."""
        listing = ("ls-files", "--others", "--exclude-standard", "-z", "--", *specs)
        return map(os.fsdecode, self._listed(*listing))

    def _parsed(self, revision: str) -> str:
        # What follows `:/` is a text to look for, with all that stands behind it.
        commit = revision if revision.startswith(":/") else f"{revision}^{{commit}}"
        return line_of(self.top, "rev-parse", "--verify", commit)

    def _is_known(self, revision: str) -> bool:
        try:
            self._parsed(revision)
        except GitError:
            return False
        return True

    def _log(
        self, revisions: Sequence[str], specs: Sequence[str]
    ) -> Iterator[tuple[Commit, Change]]:
        order = ("--date-order", "--full-history")  # a side branch that came to nothing counts
        form = ("-c", *RAW, *LOGGED)
        tokens = tokens_of(self.top, "log", *order, *form, *revisions, "--", *specs)
        return ((commit, change) for commit, change in changes_in(tokens) if commit is not None)

    def _differing(self, wanted: set[str]) -> set[str]:
        """Those names at which the index or the work tree differs from HEAD."""
        specs = around(wanted)
        flags = ("--no-renames", "--untracked-files=no", "--ignore-submodules=all")
        tokens = self._listed("status", "--porcelain=v2", "-z", *flags, "--", *specs)
        # Fields before the path, by the kind of line. Source: git-status(1), Porcelain Format 2.
        fields = {b"1": 8, b"u": 10}
        found = {
            os.fsdecode(token.split(b" ", fields[token[:1]])[-1])
            for token in tokens
            if token[:1] in fields
        }
        return found & wanted | self._differing_in_secret(wanted, specs)

    def _differing_in_secret(self, wanted: set[str], specs: Sequence[str]) -> set[str]:
        """Those names that differ from the index, though git was told to look away from them."""
        marked = {}
        for entry in self._listed("ls-files", "-v", "--stage", "-z", "--", *specs):
            attributes, _, raw = entry.partition(b"\t")
            tag, _, object_id, _ = attributes.split()
            name = os.fsdecode(raw)
            looked_away = tag == b"S" or tag.islower()
            if looked_away and name in wanted and (self.top / name).is_file():
                marked[name] = object_id
        found = set()
        for name, object_id in marked.items():  # so few that each may cost a process
            if output_of(self.top, "hash-object", "--", name).strip() != object_id:
                found.add(name)
        return found

    def _shared_out(
        self, paths: Iterable[Path]
    ) -> tuple[dict["Repository", dict[Path, str]], list[Path]]:
        """Absolute paths with their names in the repository that has them, and those outside.

        A submodule or another repository inside of the work tree has its own files.
        """
        owners: dict[Path, Repository] = {self.top: self}
        shared: dict[Repository, dict[Path, str]] = {}
        outside = []
        folders: dict[Path, Path] = {}
        for given in paths:
            path = Path(os.path.abspath(given))
            if path.parent not in folders:
                folders[path.parent] = Path(os.path.realpath(path.parent))
            folder = folders[path.parent]
            if not folder.is_relative_to(self.top):
                outside.append(path)
                continue
            owner = _owner(folder, owners)
            name = (folder.relative_to(owner.top) / path.name).as_posix()
            shared.setdefault(owner, {})[path] = name
        return shared, outside


def repository_of(path: Path) -> Repository | None:
    """The repository whose work tree holds a file or folder, which need not exist yet.

    Null where git is not installed or the path lies in no work tree. Raises GitError where git
    refuses to look: for an owner it does not trust, for settings it cannot read.
    """
    if shutil.which("git") is None:
        return None
    folder = os.path.abspath(path)
    while not os.path.isdir(folder):  # noqa: PTH112 - a NUL byte must not raise
        folder, below = os.path.dirname(folder), folder  # noqa: PTH120
        if folder == below:
            return None
    facts = ("--is-shallow-repository", "--show-object-format", "--absolute-git-dir")
    try:
        top = line_of(Path(folder), "rev-parse", "--show-toplevel")
        shallow, algorithm, store = line_of(Path(folder), "rev-parse", *facts).split("\n", 2)
    except GitError as error:
        if any(reason in str(error) for reason in _NO_WORK_TREE):
            return None
        raise
    return Repository(
        Path(os.path.realpath(top)),
        is_shallow=shallow == "true",
        algorithm="sha256" if algorithm == "sha256" else "sha1",
        index=_index_of_hook(Path(top), Path(store)),
    )


def bare_repository_of(path: Path) -> Repository | None:
    """The repository without a work tree that a folder is or lies in; its own folder is the top.

    Its commits can be read, and nothing else. Null where git is not installed or there is none.
    """
    folder = Path(os.path.abspath(path))
    if shutil.which("git") is None or not folder.is_dir():
        return None
    facts = ("--is-bare-repository", "--is-shallow-repository", "--show-object-format")
    try:
        bare, shallow, algorithm = line_of(folder, "rev-parse", *facts).split("\n")
        store = line_of(folder, "rev-parse", "--absolute-git-dir")
    except GitError as error:
        if any(reason in str(error) for reason in _NO_WORK_TREE):
            return None
        raise
    if bare != "true":
        return None
    return Repository(
        Path(os.path.realpath(store)),
        is_shallow=shallow == "true",
        algorithm="sha256" if algorithm == "sha256" else "sha1",
    )


def is_kept_out(path: Path) -> bool:
    """Whether git has a file that is not in the work tree because the checkout is sparse.

    It is asked once, until the index changes. Where it cannot be asked, all files of what seems to
    be a sparse checkout are kept out. Raises nothing.
    """
    folder = Path(os.path.abspath(path)).parent
    top = next((one for one in (folder, *folder.parents) if os.path.lexists(one / ".git")), None)
    if top is None:
        return False
    try:
        store = top / ".git"
        if store.is_file():  # of a further work tree, or a submodule
            store = top / store.read_text("utf-8").removeprefix("gitdir:").strip()
        status = (store / "index").stat()
        stamp = (status.st_ino, status.st_size, status.st_mtime_ns)
        kept = _kept_out(top, stamp)
        if kept is None:
            return (store / "info/sparse-checkout").exists()
        name = path.relative_to(top).as_posix()
    except (OSError, ValueError):
        return False  # no index, so that git has no files
    return name in kept


@lru_cache(maxsize=64)
def _kept_out(top: Path, _stamp: tuple[int, ...]) -> frozenset[str] | None:
    """The files of a work tree that are kept out of it; null where git cannot tell."""
    try:
        repository = repository_of(top)
        return None if repository is None else repository.kept_out()
    except GitError:
        return None


def _index_of_hook(top: Path, store: Path) -> Path | None:
    """The index that git tells a hook to look at, if it is one of this repository's."""
    told = os.environ.get("GIT_INDEX_FILE")
    if not told:
        return None
    index = Path(os.path.realpath(top / told))  # git starts hooks at the top
    return index if index.parent == Path(os.path.realpath(store)) else None


def _owner(folder: Path, owners: dict[Path, Repository]) -> Repository:
    """The repository that has the files of a folder, among the known ones or a new one."""
    seen = []
    while folder not in owners:
        seen.append(folder)
        if os.path.lexists(folder / ".git"):
            nested = repository_of(folder)
            if nested is not None and nested.top == folder:
                owners[folder] = nested
                break
        folder = folder.parent
    owners.update(dict.fromkeys(seen, owners[folder]))
    return owners[folder]

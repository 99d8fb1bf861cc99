"""What git tells, as values: contents, commits, changes, trees, and how it is asked for them."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

LOGGED = ("--format=%H %ct %s",)
"""How a log is to tell a commit, see `commit_of`."""
RAW = ("--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff")
"""How changes are to be told, see `changes_in`."""
_LINK, SUBMODULE = 0o120000, 0o160000
_MOST_PATHSPECS = 64
"""So many paths are named to git one by one; the length of a command line is limited."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A file's content as git keeps it: the object's id and the mode, as in 0o100644."""

    id: str
    mode: int

    @property
    def is_link(self) -> bool:
        """Whether the content is the target of a symbolic link."""
        return self.mode == _LINK


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit: when it was made, in seconds since 1970, and the first line of its message."""

    id: str
    time: int
    subject: str


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one path: what was there and what is; null where there is no file."""

    path: str
    before: Blob | None
    after: Blob | None


@dataclass(frozen=True, slots=True)
class Tree:
    """What a commit or the index holds, by path.

    `submodules` have the commits that are asked for. `unmerged` are paths in a conflict, of which
    `files` has our side, or theirs where we have none.
    """

    files: Mapping[str, Blob]
    submodules: Mapping[str, str]
    unmerged: frozenset[str] = frozenset()


# Out of what git prints


def blob_of(mode: bytes, object_id: bytes) -> Blob | None:
    """A file of a tree or the index; null for none and for a submodule."""
    bits = int(mode, 8)
    return Blob(object_id.decode("ascii"), bits) if bits not in (0, SUBMODULE) else None


def commit_of(told: bytes) -> Commit:
    """A commit as `LOGGED` has git tell it."""
    name, time, subject = told.split(b" ", 2)
    return Commit(name.decode("ascii"), int(time or b"0"), subject.decode("utf-8", "replace"))


def changes_in(tokens: Iterator[bytes]) -> Iterator[tuple[Commit | None, Change]]:
    """The changes in git's raw form, each with its commit where one was told before.

    Source: git-diff-tree(1), Raw output format; a merge has as many colons as parents.
    """
    commit = None
    for token in tokens:
        told = token.lstrip(b"\n")
        if not told:
            continue
        if not told.startswith(b":"):
            commit = commit_of(told)
            continue
        path = os.fsdecode(next(tokens))
        parents = len(told) - len(told.lstrip(b":"))
        values = told[parents:].split(b" ")
        sides = [
            blob_of(mode, name)
            for mode, name in zip(values[: parents + 1], values[parents + 1 : -1], strict=True)
        ]
        before = next((side for side in sides[:-1] if side is not None), None)
        if before is not None or sides[-1] is not None:
            yield commit, Change(path, before, sides[-1])


# What it is asked about


def exactly(path: str) -> str:
    """A pathspec for one path and what is below it. Source: gitglossary(7), pathspec."""
    return f":(top,literal){path}" if path not in ("", ".") else ":/"


def glob(folder: str, name: str) -> str:
    """A pathspec for the files of a name in a folder and those below it."""
    plain = re.sub(r"[*?\[\\]", r"\\\g<0>", folder.rstrip("/"))
    return f":(top,glob){plain}/**/{name}" if plain not in ("", ".") else f":(top,glob)**/{name}"


def around(names: set[str]) -> list[str]:
    """Pathspecs for all of those names, and perhaps more: nothing stands for all files."""
    for paths in (names, {os.path.dirname(name) for name in names}):  # noqa: PTH120
        if len(paths) <= _MOST_PATHSPECS and "" not in paths:
            return [exactly(path) for path in sorted(paths)]
    return []

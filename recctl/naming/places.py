"""The folder that a recording goes to, as the recorder looks for it. Pure."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from recctl.dialects import Name, Table
from recctl.errors import UsageError
from recctl.recording import Recording
from recctl.safetext import one_line
from recctl.sources import NodeId

_FULL = 64
"""Digits of a hash."""


def folder_for(path: str, name: Name, table: Table) -> str:
    """The folder for a recording that gets another name and keeps its test: mostly its own.

    In a recordings folder, short names lie in `responses` and full ones do not.
    """
    folder = PurePosixPath(path).parent.parts
    *above, last = ("", *folder)
    if table.beside_test not in folder:
        pass
    elif len(name.digits) < _FULL and last != table.old_subfolder:
        folder = (*folder, table.old_subfolder)
    elif len(name.digits) == _FULL and last == table.old_subfolder and table.beside_test in above:
        folder = folder[:-1]
    return "/".join(folder)


def folder_kept(path: str, recording: Recording, name: Name, table: Table) -> str:
    """The same for one that is given no other test.

    One from before tests were recorded serves all of them, so it goes to where all tests look, if
    it comes out of the folder in which none does any more.
    """
    folder = folder_for(path, name, table)
    is_moved = folder != path.rpartition("/")[0]
    if is_moved and "test_id" not in recording.document:
        return shared_home(path, table) or folder
    return folder


def home(path: str, test_id: str, table: Table, formerly: str | None = None) -> str:
    """The folder, from the root, that a test's recordings lie in, for one that now lies at `path`.

    The path in a test id counts from some folder above; which, is told by where the recording
    lies: in the folder of the test that it belonged to, or in the shared one, or below a folder
    with which a test's path begins. Where nothing tells, it is the root.

    Raises UsageError for a test id whose path leads out of that folder.
    """
    wanted = _beside(test_id, table)
    if "/" in wanted or ".." in wanted:
        raise UsageError(f"{one_line(test_id)!r} is no test id: its path leads out of the tree")
    folder = _without_old(path, table)
    shared = PurePosixPath(table.shared_folder).parts
    former = () if formerly is None else _beside(formerly, table)
    for ending in (former, shared):
        if ending and folder[-len(ending) :] == ending:
            return "/".join((*folder[: -len(ending)], *wanted))
    base = _base(folder, former)
    if base is None:
        base = _base(folder, wanted)
    return "/".join((*(base or ()), *wanted))


def shared_home(path: str, table: Table) -> str | None:
    """The folder, from the root, that every test falls back to; null where nothing tells it."""
    shared = PurePosixPath(table.shared_folder).parts
    base = _base(_without_old(path, table), shared)
    return None if base is None else "/".join((*base, *shared))


def _beside(test_id: str, table: Table) -> tuple[str, ...]:
    """The folder beside a test's file, part by part, as the test id has it."""
    return (*PurePosixPath(NodeId.parse(test_id).file).parent.parts, table.beside_test)


def _without_old(path: str, table: Table) -> tuple[str, ...]:
    """The folder that a file lies in, without the one in it for short names."""
    folder = PurePosixPath(path).parent.parts
    return folder[:-1] if folder[-1:] == (table.old_subfolder,) else folder


def _base(folder: tuple[str, ...], like: tuple[str, ...]) -> tuple[str, ...] | None:
    """The part of a folder's path from which on it begins as another does, best of all; or null."""
    alike = {at: _alike(folder[at:], like) for at in range(len(folder))}
    best = max(alike, key=lambda at: alike[at], default=None)
    return None if best is None or not alike[best] else folder[:best]


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many parts two paths have in common from their beginning."""
    count = 0
    for mine, yours in zip(one, other, strict=False):
        if mine != yours:
            break
        count += 1
    return count

"""Copies of one recording that nobody finds, as another is found first. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Protocol

from recctl.dialects import Name, Table
from recctl.sources import NodeId


class Copy(Protocol):
    """A file: its path from the root, the folder and the name in that.

    `asker` is the one test that can ask by the file's name; null where there are several.
    """

    @property
    def path(self) -> str: ...
    @property
    def folder(self) -> str: ...
    @property
    def file_name(self) -> str: ...
    @property
    def asker(self) -> str | None: ...


def shadowed(candidates: Iterable[Copy], table: Table) -> Mapping[str, str]:
    """The paths of copies that nobody finds -> the copy that is found instead.

    A name holds the hash of a request. Where a test id goes into that, one test alone can ask by
    the name, and it looks beside its file first, then in the shared folder. So the first of the
    two that has a copy shadows the other, and those in folders where it never looks. If neither
    has one, the copies are misplaced, and nothing is shadowed.

    Nothing is said of names by which several tests may ask, as for a tool's call: each of them
    finds the copy beside itself. Nor of lists of models, all of which are read. Nor where it is
    open which of several trees a test would be run in.
    """
    copies = defaultdict[str, list[Copy]](list)
    for one in candidates:
        copies[one.file_name].append(one)
    found: dict[str, str] = {}
    for file_name, alike in copies.items():
        name = Name.parse(file_name)
        if len(alike) > 1 and name is not None and name.digest is None:
            found |= _shadowed(alike, table)
    return found


def _shadowed(alike: Sequence[Copy], table: Table) -> dict[str, str]:
    """The same of copies of one name."""
    askers = {one.asker for one in alike if one.asker is not None}
    if len(askers) != 1:
        return {}
    beside = PurePosixPath(NodeId.parse(askers.pop()).file).parent / table.beside_test
    looked_in = (beside.parts, PurePosixPath(table.shared_folder).parts)
    bases = [{one.path: _base(one.folder, ending) for one in alike} for ending in looked_in]
    for by_path in bases:
        holding = [(path, base) for path, base in by_path.items() if base is not None]
        if holding:
            break
    if len(holding) != 1:
        return {}
    ((winner, base),) = holding
    found = {}
    for one in alike:
        others = {by_path[one.path] for by_path in bases} - {None, base}
        inside = PurePosixPath(one.folder).parts[: len(base)] == base
        if one.path != winner and inside and not others:
            found[one.path] = winner
    return found


def _base(folder: str, ending: tuple[str, ...]) -> tuple[str, ...] | None:
    """The part of a folder's path before an ending; null where it ends otherwise."""
    parts = PurePosixPath(folder).parts
    start = len(parts) - len(ending)
    return parts[:start] if start >= 0 and parts[start:] == ending else None

"""Where the recorder looks for a recording, and what it would find there."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path, PurePosixPath

from recctl.corpus import Entry
from recctl.dialects import Table
from recctl.explain.asking import path_of
from recctl.explain.known import read
from recctl.explain.told import FULL, Miss
from recctl.explain.values import Cause, Explanation, Place
from recctl.sources import NodeId

_MOST_ROOTS = 3


class Places:
    """The folders of a corpus, among them those in which tests have their recordings.

    `top` is where ids of tests count from if nothing tells otherwise.
    """

    def __init__(self, entries: Sequence[Entry], top: Path, table: Table) -> None:
        self._entries = entries
        self._top = top
        self._table = table
        self._roots_of: dict[tuple[PurePosixPath, ...], list[Path]] = {}

    def of(self, miss: Miss, *, is_list: bool) -> tuple[Place, ...]:
        """The paths at which the recorder looks, in its order; without its test's where unknown."""
        own = None if miss.test_id is None else self._folder_of(miss.test_id)
        shared = PurePosixPath(self._table.shared_folder)
        folders = [shared] if own is None else [own, shared]
        digits = miss.hash + ("" if len(miss.hash) == FULL else "…")
        name = f"models-{digits}-*.json" if is_list else f"{digits}.json"
        places: list[Place] = []
        if not miss.hash:
            return ()
        for root in self._roots(folders):
            for folder in dict.fromkeys(folders):
                places += _looked_at(root / folder, name, is_list=is_list)
        return tuple(places)

    def root_of(self, test_id: str) -> Path:
        """The folder from which a test's id counts."""
        return self._roots([self._folder_of(test_id) or PurePosixPath()])[0]

    def told_of(self, before: Explanation, miss: Miss) -> Explanation:
        """An explanation of which more is known: with that, and where the recorder looks then."""
        is_list = bool(self.lists_models(miss))
        return replace(
            before,
            asked=replace(before.asked, miss=miss),
            places=self.of(miss, is_list=is_list),
        )

    def with_causes(self, before: Explanation, causes: Sequence[Cause]) -> Explanation:
        """An explanation by its causes, with the test that they tell."""
        asked_by = {cause.test_id for cause in causes if cause.test_id}
        if before.asked.miss.test_id is not None or len(asked_by) != 1:
            return replace(before, causes=tuple(causes))
        made = self.told_of(before, replace(before.asked.miss, tests=tuple(asked_by)))
        return replace(made, causes=tuple(causes))

    def lists_models(self, miss: Miss) -> bool | None:
        """Whether a list of models was asked for; null where that is not known."""
        path = miss.endpoint or path_of(miss.url)
        return None if path is None else path.endswith(tuple(self._table.model_lists))

    def _folder_of(self, test_id: str) -> PurePosixPath | None:
        """The folder beside a test's file; null where that would lead out of the tree."""
        file = PurePosixPath(NodeId.parse(test_id).file)
        if file.is_absolute() or ".." in file.parts or "\0" in test_id:
            return None
        return file.parent / self._table.beside_test

    def _roots(self, folders: Sequence[PurePosixPath]) -> list[Path]:
        """The folders from which test ids count: those below which such folders lie."""
        wanted = tuple(one for one in folders if one.parts)
        if wanted not in self._roots_of:
            self._roots_of[wanted] = self._found_roots(wanted)
        return self._roots_of[wanted]

    @cached_property
    def _folders(self) -> dict[Path, None]:
        return dict.fromkeys(entry.path.parent for entry in self._entries)

    def _found_roots(self, folders: Sequence[PurePosixPath]) -> list[Path]:
        above = self._folders
        found: dict[Path, None] = {}
        # One part, as that of a test at the top has, is the name of any folder of recordings.
        telling = [one for one in folders if len(one.parts) > 1]
        for wanted in telling:
            found = found or dict.fromkeys(_above(wanted, above))
        for wanted in telling:
            for folder in () if found else above:
                # A test's folder whose recordings are all gone lies beside others.
                if wanted.parts[0] in folder.parts:
                    place = folder.parts.index(wanted.parts[0])
                    found.setdefault(Path(*folder.parts[:place]))
        for wanted in folders:
            found = found or dict.fromkeys(_above(wanted, above))
        if not found:
            found[Path(os.path.relpath(self._top))] = None
        return list(found)[:_MOST_ROOTS]


def _above(wanted: PurePosixPath, folders: Iterable[Path]) -> Iterator[Path]:
    """The folders below which some folder has such a path."""
    for folder in folders:
        if folder.parts[-len(wanted.parts) :] == wanted.parts:
            yield Path(*folder.parts[: -len(wanted.parts)])


def _looked_at(folder: Path, name: str, *, is_list: bool) -> Iterator[Place]:
    """The paths of one folder at which the recorder looks: of lists of models, all that fit."""
    found = sorted(folder.glob(name)) if is_list else [folder / name]
    for path in found:
        is_there = os.path.lexists(path)
        yield Place(str(path), is_there, read(Entry(path))[1] if is_there else None)
    if not found:
        yield Place(str(folder / name))

"""What git knows of the tree that is here, each thing asked for once."""

import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

from recctl.errors import UsageError
from recctl.gitstore import Repository, repository_of
from recctl.project import OWN_FOLDER
from recctl.prune.paths import is_recording

_OF_TOOLS = frozenset({OWN_FOLDER, "__pycache__"})
"""Folders in which no test is, and nothing that one needs."""


class Checkout:
    """A root, below which paths count, and the repository around it, if there is one.

    All methods raise GitError where git cannot tell.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.repository: Repository | None = repository_of(root)
        self.top = self.repository.top if self.repository is not None else root
        place = self.repository.place_of(root) if self.repository is not None else None
        self._above = f"{place}/" if place else ""
        self._has: dict[str, bool] = {}
        self._recordings: dict[str, Mapping[str, str]] = {}
        self._changed: dict[str, frozenset[str]] = {}

    @cached_property
    def above(self) -> "Checkout | None":
        """That of the repository around this one, as around a submodule; null without one."""
        if self.repository is None or repository_of(self.top.parent) is None:
            return None
        outer = Checkout(self.top.parent)
        return Checkout(outer.top)

    def has(self, commit: str) -> bool:
        """Whether there is a commit of that full id here."""
        if commit not in self._has:
            self._has[commit] = self._resolves(commit)
        return self._has[commit]

    def recordings_of(self, commit: str) -> Mapping[str, str]:
        """The recordings of a commit by path, and the ids of their contents; none if unknown."""
        if commit not in self._recordings:
            files = self.repository.tree(commit) if self.repository and self.has(commit) else {}
            self._recordings[commit] = {
                self._path(name): blob.id
                for name, blob in files.items()
                if name.startswith(self._above) and is_recording(name)
            }
        return self._recordings[commit]

    def committed(self, paths: Iterable[str]) -> Mapping[str, str]:
        """Of those paths that git has as they are here, the ids of the contents."""
        head = self.repository.head() if self.repository else None
        if self.repository is None or head is None:
            return {}
        held = self.recordings_of(head)
        hidden = self.hidden.keys()
        here = {
            self.root / path: path
            for path in paths
            if path in held and self._above + path not in hidden
        }
        differing = self.repository.uncommitted(here)
        return {path: held[path] for place, path in here.items() if place not in differing}

    def changed_recordings(self, commit: str) -> list[str]:
        """The recordings below the root that differ between a commit and what is here."""
        names = (one for one in self._since(commit) if one.startswith(self._above))
        return [self._path(one) for one in names if is_recording(one)]

    def changed_others(self, commit: str) -> frozenset[str]:
        """The other files that differ, as git names them."""
        return frozenset(one for one in self._since(commit) if not is_recording(one))

    @cached_property
    def tracked(self) -> frozenset[str]:
        """The paths of the files below the root that git has, checked out or not."""
        return frozenset(self._path(one) for one in self._names if one.startswith(self._above))

    @cached_property
    def others(self) -> Mapping[str, Path]:
        """The files that are no recordings, as git names them, and where they should be."""
        if self.repository is None:
            return {}
        kept_out = self.repository.kept_out()
        return {
            one: self.top / one
            for one in self._names
            if one not in kept_out and not is_recording(one)
        }

    @cached_property
    def hidden(self) -> Mapping[str, Path]:
        """The files of whose changes git takes no notice, as it names them, and where they are."""
        hidden = self.repository.hidden() if self.repository is not None else ()
        places = {one: self.top / one for one in hidden}
        return {one: place for one, place in places.items() if os.path.lexists(place)}

    @cached_property
    def unknown(self) -> Mapping[str, Path]:
        """The files that git neither has nor ignores, as it names them, and where they are.

        Without recordings, what recctl keeps of its changes, and what Python makes of sources.
        """
        if self.repository is None:
            return {}
        return {
            one: self.top / one
            for one in self.repository.unknown_files()
            if not is_recording(one) and _OF_TOOLS.isdisjoint(one.split("/"))
        }

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(self.repository.staged()) if self.repository else frozenset()

    def _since(self, commit: str) -> frozenset[str]:
        if commit not in self._changed:
            known = self.repository is not None and self.has(commit)
            self._changed[commit] = (
                self.repository.changed_since(commit) if known and self.repository else frozenset()
            )
        return self._changed[commit]

    def _resolves(self, commit: str) -> bool:
        if self.repository is None:
            return False
        try:
            return self.repository.resolve(commit) == commit
        except UsageError:
            return False

    def _path(self, name: str) -> str:
        return name.removeprefix(self._above)

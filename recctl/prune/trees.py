"""Which tree a list of tests speaks for, where one repository holds several.

The ids of tests count from a folder, the base. Two packages of a repository may have tests of the
same ids, with different bases.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from recctl.dialects import Table
from recctl.evidence import Evidence
from recctl.evidence.spelling import spelled_path
from recctl.prune.checkout import Checkout
from recctl.prune.paths import by_name, is_recording, name_in
from recctl.rules.origin import bases_above
from recctl.sources import NodeId


@dataclass(frozen=True)
class Trees:
    """The folders below a root that the ids of tests may count from.

    `folders` are those that hold recordings, and all above them; `tracked` are the paths of the
    files that git has, checked out or not. `roots` are configured.
    """

    root: Path
    evidence: Evidence
    folders: frozenset[str] = frozenset({""})
    tracked: frozenset[str] = frozenset()
    roots: tuple[str, ...] = ()

    def holding(self, file: str) -> frozenset[str]:
        """The folders from which a path leads to a file."""
        known = self._held.get(file)
        if known is None:
            known = self._held[file] = frozenset(self._search(file))
        return known

    @cached_property
    def recordings(self) -> frozenset[str]:
        """Of the files that git has, those with a recording's name."""
        return frozenset(filter(is_recording, self.tracked))

    def bases(self, path: str, test_id: str | None, table: Table) -> frozenset[str]:
        """The folders that the id of a recording's test may count from; none if that is unclear.

        A recording without a test id belongs to all trees that it lies in.
        """
        folder = path.rpartition("/")[0]
        found = {"/".join(one) for one in bases_above(_parts(folder), test_id, table)}
        if test_id is None:
            return frozenset(found or {one for one in self._known if _is_in(folder, one)})
        if not found:
            return frozenset(one for one in self.roots if _is_in(folder, one))
        having = found & self.holding(NodeId.parse(test_id).file)
        return frozenset(having or found)

    def speaking(self, bases: frozenset[str]) -> frozenset[str]:
        """The ids of the lists that speak for trees: each for all of them, or of no sources."""
        return frozenset(
            one for one, fits in self._fits.items() if fits is None or (bases and bases <= fits)
        )

    def is_sure(self, bases: frozenset[str]) -> bool:
        """Whether each list speaks for these trees only, or for others only."""
        return all(
            fits is None or fits == bases or fits.isdisjoint(bases) for fits in self._fits.values()
        )

    def _search(self, file: str) -> Iterable[str]:
        for folder in self.folders:
            try:
                if os.path.lexists(os.path.join(self.root, folder, file)):  # noqa: PTH118
                    yield folder
            except ValueError:  # a NUL byte
                return
        for path in self._by_name.get(name_in(file), ()):
            if path == file:
                yield ""
            elif path.endswith(f"/{file}"):
                yield path.removesuffix(f"/{file}")

    @cached_property
    def _held(self) -> dict[str, frozenset[str]]:
        return {}

    @cached_property
    def _by_name(self) -> Mapping[str, list[str]]:
        return by_name(self.tracked)

    @cached_property
    def _known(self) -> frozenset[str]:
        """The trees that lists speak for."""
        return frozenset().union(*(fits for fits in self._fits.values() if fits is not None))

    @cached_property
    def _fits(self) -> Mapping[str, frozenset[str] | None]:
        """By the ids of lists, the trees that have all of a list's files; null without sources."""
        files: dict[str, set[str]] = {one.id: set() for one in self.evidence.lists}
        for test, lists in self.evidence.listed.items():
            for one in lists:
                files.setdefault(one, set()).add(test.partition("::")[0])
        roots = {one.id: one.root for one in self.evidence.lists}
        return {one: self._fitting(held, roots.get(one, "")) for one, held in files.items()}

    def _fitting(self, files: set[str], root: str) -> frozenset[str] | None:
        held = [self.holding(file) for file in files]
        if not any(held):
            return None
        common = frozenset.intersection(*held)
        return _named_by(root, common) if root and len(common) > 1 else common


def trees_of(
    evidence: Evidence, paths: Iterable[str], checkout: Checkout, roots: Iterable[Path]
) -> Trees:
    """The trees that the recordings at some paths from a root may lie in.

    `roots` are configured, absolute. Raises GitError.
    """
    folders = {""}
    for folder in {path.rpartition("/")[0] for path in paths}:
        folders.update(str(one) for one in (PurePosixPath(folder), *PurePosixPath(folder).parents))
    real = (one.resolve() for one in roots)
    inside = (one.relative_to(checkout.root) for one in real if one.is_relative_to(checkout.root))
    return Trees(
        checkout.root,
        evidence,
        frozenset(folders - {"."}),
        checkout.tracked,
        tuple(_shown(one) for one in inside),
    )


def spelled_bases(bases: Iterable[str]) -> frozenset[str]:
    """Folders as traces have them."""
    return frozenset(map(spelled_path, bases))


def _named_by(root: str, bases: frozenset[str]) -> frozenset[str]:
    """Of several folders the one that a path elsewhere ends in; the top if it ends in none."""
    place = "/" + root.replace("\\", "/").strip("/")
    named = [one for one in bases if one and place.endswith(f"/{one}")]
    if named:
        return frozenset({max(named, key=len)})
    return bases & {""} or bases


def _parts(folder: str) -> tuple[str, ...]:
    return PurePosixPath(folder).parts


def _is_in(folder: str, base: str) -> bool:
    return not base or folder == base or folder.startswith(f"{base}/")


def _shown(folder: Path) -> str:
    place = folder.as_posix()
    return "" if place == "." else place

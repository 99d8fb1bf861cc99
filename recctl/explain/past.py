"""What git's history has of recordings that were not found."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from math import inf
from pathlib import Path

from recctl.corpus import recording_of
from recctl.dialects import Table
from recctl.errors import NothingFoundError, UnsoundError, UsageError
from recctl.explain.asking import is_of
from recctl.explain.told import Miss
from recctl.explain.values import FOR_PROOF, Cause, Why
from recctl.gitstore import Blob, GitError, Repository
from recctl.past import Found, Past, Reference, Search, Wanted, contents, meant, pasts
from recctl.recording import Recording
from recctl.safetext import argument

_MOST_GLOBS = 32
_MOST = 5
_MOST_REMOVED = 500
"""So many recordings are looked at that were removed last, where the test is not known."""


class PastOf:
    """The history of a repository."""

    def __init__(self, repository: Repository, table: Table) -> None:
        self._repository = repository
        self._table = table

    def by_name(self, misses: Sequence[Miss]) -> list[list[Cause]]:
        """What the history has under the names that were looked for, for each miss.

        Raises GitError.
        """
        wanted = [Reference.parse(one.hash) if one.hash else None for one in misses]
        globs = sorted({glob for one in wanted if one is not None for glob in one.globs})
        if not globs:
            return [[] for _ in misses]
        if len(globs) > _MOST_GLOBS:
            globs = ["*.json"]
        known = pasts(self._repository.history(named=globs), self._tree)
        return [[] if one is None else self._of(one, known) for one in wanted]

    def by_test(self, miss: Miss) -> list[Cause]:
        """What the test once had with just the request that was looked for. Never raises."""
        if miss.test_id is None or len(miss.hash) < FOR_PROOF:
            return []
        with suppress(NothingFoundError, UsageError, GitError):  # the search by names has told
            wanted = Search(self._repository).by_test(miss.test_id)
            return self._of_requests([miss], wanted)[0]
        return []

    def by_requests(self, misses: Sequence[Miss]) -> list[list[Cause]]:
        """What was removed last with just the requests that were looked for, for each miss.

        Never raises.
        """
        whole = [miss for miss in misses if len(miss.hash) >= FOR_PROOF]
        found: list[list[Cause]] = []
        with suppress(GitError):  # the search by names has told why
            found = self._of_requests(whole, self._removed_last()) if whole else []
        causes = iter(found)
        return [next(causes, []) if len(miss.hash) >= FOR_PROOF else [] for miss in misses]

    def _removed_last(self) -> list[Wanted]:
        """What was removed and is not there again, the last first."""
        top = self._repository.top
        lacking = [
            past
            for past in pasts(self._repository.history(), self._tree).values()
            if past.name and not past.has_moved and not os.path.lexists(top / past.path)
        ]
        lacking.sort(key=_removed_at, reverse=True)
        return [Wanted(past, past.versions) for past in lacking[:_MOST_REMOVED]]

    def _of_requests(self, misses: Sequence[Miss], wanted: Sequence[Wanted]) -> list[list[Cause]]:
        causes: list[list[Cause]] = [[] for _ in misses]
        for found in contents(self._repository, wanted)[0]:
            try:
                recording = recording_of(found.path, found.file_name, found.content)
            except UnsoundError:
                continue
            for miss, known in zip(misses, causes, strict=True):
                if self._asks(recording, miss) and len(known) < _MOST:
                    known.append(self._to_rehash(found))
        return causes

    def _asks(self, recording: Recording, miss: Miss) -> bool:
        """Whether a recording has just the request that was looked for, under any dialect."""
        if miss.model is not None and recording.model != miss.model:
            return False  # no dialect hides which model was asked
        return any(
            is_of(recording, dialect, miss.hash) for dialect in reversed(self._table.dialects)
        )

    def _to_rehash(self, found: Found) -> Cause:
        path = os.path.relpath(self._repository.top / found.path)
        reason = (
            f"git has just this request, {found.reason}; its name is of another dialect,"
            f" so rehash it then: recctl rehash {argument(path)}"
        )
        return self._cause(found.path, reason, found.test_id, found.path)

    @cached_property
    def _tree(self) -> Mapping[str, Blob]:
        head = self._repository.head()
        return {} if head is None else self._repository.tree(head)

    def _of(self, wanted: Reference, known: Mapping[str, Past]) -> list[Cause]:
        fitting = [past for past in known.values() if wanted.fits(past)]
        try:
            one = meant(wanted, fitting)
            chosen, is_only = ([] if one is None else [one]), True
        except UsageError:
            chosen, is_only = fitting[:_MOST], False
        causes = []
        for past in chosen:
            if os.path.lexists(self._repository.top / past.path):
                place = os.path.relpath(self._repository.top / past.path)
                causes.append(
                    Cause(
                        Why.ELSEWHERE,
                        place,
                        "it is there, outside of the paths that were looked in",
                        f"recctl show {argument(place)}",
                        past.name.digits if past.name else None,
                    )
                )
                continue
            found, flaws = contents(self._repository, [Wanted(past, past.versions)])
            for version in found:
                reason = f"git has it, {version.reason}"
                if past.removed is None:
                    reason = "HEAD has it, the work tree does not"
                reference = wanted.text if is_only else past.path
                causes.append(self._cause(past.path, reason, version.test_id, reference))
            causes += [
                Cause(Why.REMOVED, past.path, f"git had it, but no recording: {flaw}")
                for flaw in (flaws if not found else ())
            ]
        return causes

    def _cause(self, path: str, reason: str, test_id: str | None, reference: str) -> Cause:
        """That git has a recording; a reference is a hash, or a path from the top."""
        top = self._repository.top
        command = "recctl restore"
        if "/" in reference:
            reference = os.path.relpath(top / reference)
            reference = reference if "/" in reference else f"./{reference}"
        if not Path(os.path.realpath(".")).is_relative_to(top):
            folder = (top / path).parent
            while not folder.is_dir() and folder != top:
                folder = folder.parent
            command += f" --under {argument(os.path.relpath(folder))}"
        name = path.rpartition("/")[2].removesuffix(".json")
        return Cause(
            Why.REMOVED,
            os.path.relpath(top / path),
            reason,
            f"{command} {argument(reference)}",
            name.removeprefix("models-")[:64],
            test_id,
        )


def _removed_at(past: Past) -> float:
    """When it was removed; what HEAD still has, last."""
    return inf if past.removed is None else past.removed.time

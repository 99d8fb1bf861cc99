"""What lies under the name that was looked for."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from recctl.corpus import Entry
from recctl.dialects import Name
from recctl.explain.known import read
from recctl.explain.places import Places
from recctl.explain.told import FULL
from recctl.explain.values import Asked, Cause, Explanation, Place, Why
from recctl.gitstore import Repository
from recctl.recording import Recording
from recctl.safetext import argument


class Names:
    """The recordings of a corpus by the digits of their names."""

    def __init__(
        self, entries: Sequence[Entry], repository: Repository | None, places: Places
    ) -> None:
        self._repository = repository
        self._places = places
        self._named: dict[str, list[Entry]] = {}
        for entry in entries:
            if name := Name.parse(entry.path.name):
                self._named.setdefault(name.digits, []).append(entry)

    def explained(self, one: Asked) -> Explanation:
        """What is there under the name that was looked for."""
        digits = self._completed(one.miss.hash)
        one = replace(one, miss=replace(one.miss, hash=digits))
        entries = self._named.get(digits, []) if len(digits) == FULL else []
        is_list = self._places.lists_models(one.miss)
        taken = [(entry, *read(entry)) for entry in entries]
        owners = {recording.test_id for _, recording, _ in taken if recording and recording.test_id}
        if not one.miss.tests and len(owners) == 1:
            one = replace(one, miss=replace(one.miss, tests=tuple(owners)))
        if is_list is None:
            is_list = any(_has_digest(entry) for entry in entries)
        places = self._places.of(one.miss, is_list=is_list)
        causes = [
            self._of_name(one, entry, recording, flaw, places) for entry, recording, flaw in taken
        ]
        seen = {os.path.abspath(entry.path) for entry in entries}
        for place in places:
            # Where the recorder looks may lie outside of what was named.
            if place.is_there and os.path.abspath(place.path) not in seen:
                entry = Entry(Path(place.path))
                causes.append(self._of_name(one, entry, *read(entry), places))
        # The recorder takes the first file that it sees, whatever is in it.
        order = [os.path.abspath(place.path) for place in places]
        causes.sort(key=lambda cause: _place_in(order, os.path.abspath(cause.path)))
        return Explanation(one, places, tuple(causes))

    def beginning(self, digits: str) -> int:
        """How many recordings have a name that begins with digits, of which there are some."""
        return sum(one.startswith(digits) for one in self._named) if digits else 0

    def _completed(self, digits: str) -> str:
        """All digits of a hash of which the first are known, if one recording's name has them."""
        if len(digits) == FULL or not digits:
            return digits
        found = {one for one in self._named if one.startswith(digits) and len(one) == FULL}
        return found.pop() if len(found) == 1 else digits

    def _of_name(
        self,
        one: Asked,
        entry: Entry,
        recording: Recording | None,
        flaw: str | None,
        places: Sequence[Place],
    ) -> Cause:
        """What is to be said of a file that has the name that was looked for."""
        path = str(entry.path)
        shown = argument(path)
        test_id = recording.test_id if recording else None
        looked = [os.path.abspath(place.path) for place in places]
        here = os.path.abspath(path)
        lies_right = here in looked or (not one.miss.tests and test_id is None)
        cause = Cause(Why.THERE, path, "", hash=one.miss.hash, test_id=test_id)
        if not lies_right and places:
            target = places[0].path
            owned = test_id in one.miss.tests
            where = argument(str(PurePosixPath(target).parent))
            verb = "mv" if owned else "cp"
            return replace(
                cause,
                why=Why.ELSEWHERE,
                message="it lies in another folder than the recorder looks in"
                + ("" if owned else ", as another test made it"),
                command=f"mkdir -p {where} && {verb} {shown} {where}/"
                if flaw is None
                else f"recctl validate {shown}",
            )
        if flaw is not None:
            shadowed = ""
            if here in looked:
                after = places[looked.index(here) + 1 :]
                shadowed = "; it hides the one after it" if any(a.is_there for a in after) else ""
            return replace(
                cause,
                why=Why.FLAWED,
                message=f"it is there, but cannot be replayed: {flaw}{shadowed}",
                command=f"recctl validate {shown}",
            )
        message, command = self._of_present(entry.path)
        return replace(cause, message=message, command=command)

    def _of_present(self, path: Path) -> tuple[str, str]:
        """What is to be said of a recording that is where it should be, and what to do."""
        shown = argument(str(path))
        repository = self._repository
        told_by_git = f"git log --stat -- {shown}"
        if repository is None:
            return "it is there: the run that failed had other files", f"recctl show {shown}"
        if repository.untracked([path]):
            return "it is there, but git does not have it yet", f"git add {shown}"
        if repository.uncommitted([path]):
            return "it is there, but not as git has it committed", f"git status -- {shown}"
        return "it is there and committed: the run that failed had an older tree", told_by_git


def _has_digest(entry: Entry) -> bool:
    name = Name.parse(entry.path.name)
    return name is not None and name.digest is not None


def _place_in(order: Sequence[str], path: str) -> int:
    return order.index(path) if path in order else len(order)

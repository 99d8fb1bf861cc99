"""What the recordings tell that were opened: how names are made, and what was answered. Reads them.

They are read once, and only where something is about to go.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from recctl.dialects import (
    MaterialError,
    Name,
    Standing,
    Table,
    hashes_under,
    identify,
    material_under,
)
from recctl.evidence import Evidence
from recctl.evidence.spelling import spelled, spelled_path
from recctl.evidence.verdicts import MOST_OPENINGS
from recctl.hashing import request_hash
from recctl.prune.askers import Askers, TooManyError
from recctl.prune.paths import by_name, is_recording, is_same, name_in, recording_at
from recctl.recording import Recording

_MISFITS = (Standing.STALE, Standing.UNREACHABLE)


@dataclass(frozen=True)
class Opened:
    """The recordings that evidence says were opened. `paths` are known files below the root."""

    evidence: Evidence
    root: Path
    paths: frozenset[str]
    table: Table

    @property
    def misfits(self) -> Mapping[Standing, str]:
        """The first of those that are stale, and of those that are unreachable, by path.

        There are none where the target gives all their names. Whoever opened one does not go by
        the target alone.
        """
        return self._told.misfits

    def answering(self, recording: Recording) -> frozenset[str]:
        """The runs in which a recording of the same request was opened, whosever it is.

        Requests are the same if they are so under any dialect, but for the test id.
        """
        told = self._told
        asked = _requests(recording, self.table)
        if not asked:
            return self._runs  # what it asks for is not known
        found = frozenset[str]().union(*(told.answered.get(one, ()) for one in asked))
        return found | self._answering_by_name(recording)

    def answering_for(self, test_id: str) -> frozenset[str]:
        """The runs in which a test may have had an answer that another test got.

        It owns a recording that was not opened then, though another of the same request was. What
        it asks for after that answer, it may not ask for after its own.
        """
        return self._kept_back.get(spelled(test_id), frozenset())

    def _answering_by_name(self, recording: Recording) -> frozenset[str]:
        """The same, by the names of those that cannot be read, or are not as they were."""
        names = self._told.names
        if not names:
            return frozenset()
        try:
            found = self._askers.asked_for(recording, names)
        except TooManyError:
            return frozenset[str]().union(*names.values())
        return frozenset[str]().union(*(names[one] for one in found))

    @cached_property
    def _askers(self) -> Askers:
        evidence = self.evidence
        openers = {one.test for openings in evidence.openings.values() for one in openings}
        known = evidence.listed.keys() | evidence.endings.keys() | openers
        return Askers(self.table, sorted(known - {""}))

    @cached_property
    def _runs(self) -> frozenset[str]:
        return frozenset(one.id for one in self.evidence.runs)

    @cached_property
    def _told(self) -> "_Told":
        misfits: dict[Standing, str] = {}
        answered = defaultdict[str, set[str]](set)
        names = defaultdict[str, set[str]](set)
        opened_in = defaultdict[Path, set[str]](set)
        for path, openings in sorted(self.evidence.openings.items()):
            name = Name.parse(name_in(path))
            if name is None:
                continue
            runs = {one.run for one in openings}
            found = {}
            for place in self._places(path, str(name)):
                opened_in[place] |= runs
                recording = recording_at(place)
                if recording is not None:
                    found[place] = recording
            if len(openings) >= MOST_OPENINGS:
                runs |= self._runs
            standings = {identify(one, self.table).standing for one in found.values()}
            for standing in standings.intersection(_MISFITS):
                misfits.setdefault(standing, path)
            for one in found.values():
                for request in _requests(one, self.table):
                    answered[request] |= runs
            if not found or Standing.UNREACHABLE in standings:
                names[name.digits] |= runs
        return _Told(misfits, answered, names, opened_in)

    @cached_property
    def _kept_back(self) -> Mapping[str, frozenset[str]]:
        found = defaultdict[str, frozenset[str]](frozenset)
        opened_in = self._told.opened_in
        for path in self.paths:
            place = self.root / path
            recording = recording_at(place) if is_recording(path) else None
            if recording is not None and recording.test_id is not None:
                runs = self.answering(recording) - opened_in.get(place, set())
                if runs:
                    for owner in self._owners_of(recording, recording.test_id):
                        found[owner] |= runs
        return found

    def _owners_of(self, recording: Recording, test_id: str) -> Iterator[str]:
        """The test that a recording says it is of, and the one that asks by its name."""
        try:
            yield from self._askers.owners(recording, test_id)
        except TooManyError:
            yield from self._askers.tests

    def _places(self, path: str, file_name: str) -> Iterable[Path]:
        alike = (
            one for one in self._by_name.get(file_name, ()) if is_same(path, spelled_path(one))
        )
        found = {self.root / one for one in alike}
        return sorted(found) or _spelled_so(self.root, path)

    @cached_property
    def _by_name(self) -> Mapping[str, list[str]]:
        return by_name(self.paths)


@dataclass(frozen=True, slots=True)
class _Told:
    """What all of them tell.

    `answered` has runs by request, `names` by the digits of names of what is not as it was, and
    `opened_in` by file.
    """

    misfits: Mapping[Standing, str]
    answered: Mapping[str, set[str]]
    names: Mapping[str, set[str]]
    opened_in: Mapping[Path, set[str]]


def _requests(recording: Recording, table: Table) -> frozenset[str]:
    """What a recording's request comes to under each dialect, whoever makes it; none if unclear."""
    asked = recording.asked_by(None)
    try:
        return frozenset(hashes_under((*table.dialects, table.target), asked))
    except MaterialError:
        pass
    try:
        return frozenset({request_hash(material_under(table.target, asked))})
    except MaterialError:
        return frozenset()


def _spelled_so(root: Path, path: str) -> list[Path]:
    """The files that a path in its one spelling may be of, below a root or absolute."""
    place = root / path
    if place.exists():
        return [place]
    found = [Path(place.anchor) if path.startswith("/") else root]
    for part in path.strip("/").split("/"):
        found = [one for above in found for one in _held(above) if spelled_path(one.name) == part]
    return found


def _held(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []

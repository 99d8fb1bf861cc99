"""What was there already when evidence was made, by git and by the times of files.

That a test did not open a recording, or is in no list, proves something only if the recording was
there, as it is now, and if the test is today's, and gets the answers that it would get today.
"""

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from recctl.dialects import Name, Table
from recctl.evidence import Evidence, Run, case_of
from recctl.evidence.spelling import spelled, spelled_path
from recctl.evidence.verdicts import MOST_OPENINGS
from recctl.prune.askers import Askers, TooManyError
from recctl.prune.checkout import Checkout
from recctl.prune.paths import is_recording, name_in, recording_at
from recctl.safetext import one_line

SLACK = 0.05
"""Seconds by which the time of a file may be behind the clock that runs note: a few ticks."""

COARSE_SLACK = 2.0
"""The same where a file's time has no fraction: some file systems keep times no better."""

_BEGINNINGS = (b'{"kind":"run"', b'{\n  "version": 1,\n  "command": "')
"""How traces begin, and plans."""


@dataclass(frozen=True, slots=True)
class Touched:
    """What changed among the recordings since a run began, or went that it opened.

    `digits` are those of their names, `owners` the tests that they belong to; `anybody` says that
    one of them may be asked for by any test.
    """

    digits: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()
    anybody: bool = False

    def __or__(self, other: "Touched") -> "Touched":
        """What changed by either."""
        return Touched(
            self.digits | other.digits,
            self.owners | other.owners,
            self.anybody or other.anybody,
        )


_NOTHING = Touched()


@dataclass(frozen=True)
class Past:
    """By the ids of runs: the paths that are newer, and what was touched since.

    It is that of some paths only. `loose` are the runs of which git cannot tell what else has
    changed since, with the time at which they began.
    """

    evidence: Evidence = field(default_factory=Evidence)
    paths: frozenset[str] = frozenset()
    newer: Mapping[str, frozenset[str]] = field(default_factory=dict)
    touched: Mapping[str, Touched] = field(default_factory=dict)
    loose: Mapping[str, float] = field(default_factory=dict)

    def newer_than(self, path: str) -> frozenset[str]:
        """The runs at whose time the file at a path may not have been there as it is."""
        is_known = path in self.paths
        return frozenset(one for one, paths in self.newer.items() if path in paths or not is_known)

    def changed_since(self, test_id: str | None, places: Iterable[Path] = ()) -> frozenset[str]:
        """The runs since which something changed that a test may open; without one, any test.

        `places` are where the test's file may be. Where git cannot tell, its time does.
        """
        if test_id is None:
            return frozenset(one for one, touched in self.touched.items() if touched != _NOTHING)
        test = spelled(test_id)
        found = {
            run
            for run, touched in self.touched.items()
            if touched != _NOTHING
            and (
                touched.anybody
                or test in touched.owners
                or not touched.digits.isdisjoint(self._digits_of(test, run))
            )
        }
        if self.loose:
            times = [time for time in map(_changed, places) if time is not None] or [0.0]
            found.update(
                run
                for run, at in self.loose.items()
                if any(_may_follow(time, at) for time in times)
            )
        return frozenset(found)

    def _digits_of(self, test: str, run: str) -> frozenset[str]:
        """The hashes by which a test may have asked in a run."""
        found = self._digits.get((test, run))
        if found is None:
            names = (Name.parse(name_in(one)) for one in self.evidence.opened_by(test, run))
            found = frozenset(one.digits for one in names if one is not None)
            self._digits[test, run] = found
        return found

    @cached_property
    def _digits(self) -> dict[tuple[str, str], frozenset[str]]:
        return {}


def past_of(
    evidence: Evidence,
    paths: Collection[str],
    checkout: Checkout,
    table: Table,
    *,
    accept_older_runs: bool = False,
) -> Past:
    """What was there of the recordings at some paths from a root. Raises GitError."""
    if evidence.is_empty:
        return Past()
    times = {path: _changed(checkout.root / path) for path in paths}
    seen = _Seen(evidence, checkout, times, checkout.committed(paths), table, accept_older_runs)
    newer: dict[str, frozenset[str]] = {}
    touched: dict[str, Touched] = {}
    loose: dict[str, float] = {}
    for run in sorted(evidence.runs):
        lacking = seen.newer_than(run)
        newer[run.id] = newer.get(run.id, frozenset()) | lacking
        touched[run.id] = touched.get(run.id, _NOTHING) | seen.touched_since(run, lacking)
        if not accept_older_runs and not checkout.has(run.commit):
            loose[run.id] = min(run.started, loose.get(run.id, run.started))
    return Past(evidence, frozenset(paths), newer, touched, loose)


def older_runs(
    evidence: Evidence, checkout: Checkout, given: Collection[Path] = ()
) -> Iterator[str]:
    """A line for each run whose tests may not be those that are here now. Raises GitError.

    What may differ is told by git; where the run had changes that were not committed, by the times
    of all files, and by those always of files that git does not have. Recordings do not count, nor
    the files of the evidence itself, which are `given`, other traces, plans, and what this very
    process prints to.
    """
    if checkout.repository is None:
        return
    files: tuple[Path | int, ...] = (*given, 1, 2)
    kept = frozenset(one for one in map(_identity, files) if one is not None)
    told: dict[tuple[str, bool, float], str] = {}
    for run in sorted(evidence.runs, key=lambda one: (one.command, one)):
        if not run.commit:
            continue
        state = (run.commit, run.dirty, run.started)
        if state not in told:
            told[state] = _why_older(run, checkout, kept)
        if told[state]:
            yield f"{one_line(run.command)}: {told[state]}"


def _why_older(run: Run, checkout: Checkout, kept: Collection[tuple[int, int]]) -> str:
    commit = one_line(run.commit[:7])
    if not checkout.has(run.commit):
        outer = checkout.above
        if outer is not None and outer.has(run.commit):
            of = (
                f"its run was of commit {commit} of {one_line(outer.root)}, of which this is a part"
            )
            return f"{of} with commits of its own: trace in {one_line(checkout.top)}"
        return f"its run was of commit {commit}, which is not here: fetch it, trace again"
    others, of = checkout.changed_others(run.commit), f"of commit {commit}"
    if run.dirty:
        of = f"of uncommitted changes to {commit}"
        places = {**{one: checkout.top / one for one in others}, **checkout.others}
        others = _changed_after(run.started, places)
    hidden = {one: at for one, at in checkout.hidden.items() if not is_recording(one)}
    others |= _changed_after(run.started, hidden)
    new = _changed_after(run.started, checkout.unknown)
    others |= {one for one in new if not _is_of_recctl(checkout.top / one)}
    others = frozenset(one for one in others if _identity(checkout.top / one) not in kept)
    if not others:
        return ""
    count, first = len(others), one_line(min(others))
    told = f"{first} has" if count == 1 else f"{count:,} other files have ({first}, …)"
    return f"its run was {of}, and {told} changed since: trace again"


def _identity(file: Path | int) -> tuple[int, int] | None:
    """What tells a file from all others, by whatever path it is reached; null without one."""
    try:
        status = os.stat(file)  # noqa: PTH116 - a descriptor is no path
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _is_of_recctl(path: Path) -> bool:
    """Whether a file begins as a trace or a plan does."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(max(map(len, _BEGINNINGS))).startswith(_BEGINNINGS)
    except OSError:
        return False


def _changed_after(moment: float, places: Mapping[str, Path]) -> frozenset[str]:
    """Of files, those that may have changed after a moment, and those that are gone."""
    return frozenset(
        one for one, place in places.items() if _may_follow(_changed_at(place), moment)
    )


@dataclass(frozen=True)
class _Seen:
    """The recordings that are here, when they were changed last, and which of them git has.

    `committed` has the ids of the contents of the latter.
    """

    evidence: Evidence
    checkout: Checkout
    times: Mapping[str, float | None]
    committed: Mapping[str, str]
    table: Table
    accept_older_runs: bool

    def newer_than(self, run: Run) -> frozenset[str]:
        """The paths of what may not have been there, as it is, when a run began.

        In a work tree with changes that were not committed, a file of the commit may have been
        missing.
        """
        by_git = bool(run.commit) and (self.accept_older_runs or not run.dirty)
        then = self.checkout.recordings_of(run.commit) if by_git else {}
        return frozenset(
            path
            for path, time in self.times.items()
            if _may_follow(time, run.started)
            and not (path in then and then[path] == self.committed.get(path))
        )

    def touched_since(self, run: Run, newer: frozenset[str]) -> Touched:
        """What has changed since a run began, of what its tests may open."""
        if self.times and len(newer) == len(self.times):
            return Touched(anybody=True)  # it proves nothing of anything
        changed = [*newer, *self._changed_outside(run)]
        owners = [one for path in changed for one in self._owners_of(path)]
        gone = self._gone.get(run.id, frozenset()) | self._gone_for_all
        names = (Name.parse(name_in(path)) for path in (*changed, *gone))
        return Touched(
            frozenset(name.digits for name in names if name is not None),
            frozenset(one for one in owners if one is not None),
            None in owners and not self.accept_older_runs,
        )

    def _changed_outside(self, run: Run) -> list[str]:
        """The recordings that have changed, and are not among those that are looked at."""
        found = []
        for path in self.checkout.changed_recordings(run.commit) if run.commit else ():
            time = _changed(self.checkout.root / path)
            if path not in self.times and time is not None and _may_follow(time, run.started):
                found.append(path)
        return found

    @cached_property
    def _gone(self) -> Mapping[str, frozenset[str]]:
        """By run, the recordings that it opened below the root, and that are not there any more."""
        found = defaultdict[str, set[str]](set)
        for path, openings in self.evidence.openings.items():
            if path in self._spelled or not is_recording(path) or os.path.isabs(path):  # noqa: PTH117
                continue
            if not self._is_there(path):
                for one in openings:
                    found[one.run].add(path)
        return {run: frozenset(paths) for run, paths in found.items()}

    @cached_property
    def _gone_for_all(self) -> frozenset[str]:
        """Those that were opened so often that any other run may have done so."""
        gone = frozenset().union(*self._gone.values())
        return frozenset(one for one in gone if len(self.evidence.openings[one]) >= MOST_OPENINGS)

    def _is_there(self, path: str) -> bool:
        """Whether there is a file at a path in its one spelling."""
        places = (path, *self._tracked.get(path, ()))
        return any(os.path.lexists(self.checkout.root / one) for one in places)

    def _owners_of(self, path: str) -> frozenset[str | None]:
        """The tests that a recording belongs to; null among them if any test may ask for it."""
        if path not in self._owners:
            self._owners[path] = frozenset(_owners(self.checkout.root / path, self._askers))
        return self._owners[path]

    @cached_property
    def _owners(self) -> dict[str, frozenset[str | None]]:
        return {}

    @cached_property
    def _askers(self) -> Askers:
        return Askers(self.table, sorted(self.evidence.endings))

    @cached_property
    def _spelled(self) -> frozenset[str]:
        return frozenset(map(spelled_path, self.times))

    @cached_property
    def _tracked(self) -> Mapping[str, list[str]]:
        """What git has by path in its one spelling."""
        known = defaultdict[str, list[str]](list)
        for path in filter(is_recording, self.checkout.tracked):
            known[spelled_path(path)].append(path)
        return known


def _may_follow(time: float | None, moment: float) -> bool:
    """Whether a file may have changed after a moment, which is 0 if it is not known."""
    if time is None:
        return True
    return time + (SLACK if time % 1 else COARSE_SLACK) > moment


def _changed(path: Path) -> float | None:
    """When a file was last changed, or got its name, in seconds since 1970; null without one."""
    try:
        status = path.lstat()
    except (OSError, ValueError):
        return None
    return max(status.st_mtime, status.st_ctime)


def _changed_at(path: Path) -> float | None:
    """The same; of a file that is not there, when that may have come about."""
    times = map(_changed, (path, *path.parents))
    return next((time for time in times if time is not None), None)


def _owners(path: Path, askers: Askers) -> Iterator[str | None]:
    """The test that a recording says it is of, and the one that asks by its name.

    Null where any may ask for it, or it cannot be read.
    """
    recording = recording_at(path)
    case = None if recording is None else case_of(path.name, recording, askers.table)
    if recording is None or case is None or case.test_id is None or case.shared:
        yield None
        return
    try:
        yield from askers.owners(recording, case.test_id)
    except TooManyError:
        yield None

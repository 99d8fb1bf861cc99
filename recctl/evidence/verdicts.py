"""What evidence holds, how it is merged, and what follows from it. Pure.

All evidence is sets, and merging is their union: in any order, any number of times, the same
comes out. What counts is what is safe:

- A recording that anybody opened is used, whatever else is known.
- Absence from test lists proves a test gone only if no list left tests out.
- That a test passed without opening a recording proves the recording unused only if nothing
  else can ask for it, the trace is whole, and the test did not end in any other way in any run.
- A run that did not select a test says nothing of it, so that shards can be merged.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from heapq import nsmallest
from pathlib import PurePosixPath

from recctl.evidence.cases import Case
from recctl.evidence.spelling import spelled, spelled_path
from recctl.safetext import one_line

MOST_OPENINGS = 20
"""So many openings of one path are kept, the first in their order; one is enough to be used."""


class Outcome(StrEnum):
    """How a test ended in one run."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    """Its setup or its teardown failed."""
    SKIPPED = "skipped"
    XFAILED = "xfailed"
    XPASSED = "xpassed"
    RERUN = "rerun"
    """It passed, but only when it was run again."""
    DESELECTED = "deselected"


class Verdict(StrEnum):
    """What the evidence says of a recording."""

    USED = "used"
    UNUSED = "unused"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why. The value is stable; `Judgement.text` is what to print."""

    OPENED = "opened"

    NOT_LISTED = "not-listed"
    """Its test is in no test list."""
    PARAMETERS_GONE = "parameters-gone"
    """Its test is listed with other parameters only. These may depend on the configuration: the
    lists of all configurations must be given."""
    NOT_OPENED = "not-opened"
    """Its test passed and did not open it."""
    NOBODY_OPENED = "nobody-opened"
    """It is shared; all listed tests passed, and none opened it."""

    OPENED_ELSEWHERE = "opened-elsewhere"
    """A file of its name was opened in another folder, which may be a copy of its own."""
    NO_EVIDENCE = "no-evidence"
    SHARED = "shared"
    """Others than its test may use it."""
    LISTED_ONLY = "listed-only"
    """Its test lives; no trace says what it opens."""
    NEVER_RAN = "never-ran"
    NOT_COLLECTED = "not-collected"
    """Its test is in no list, but its file could not be collected, or the sources have it."""
    PARTIAL_LIST = "partial-list"
    """Its test is in no list, but one of them left tests out."""
    DESELECTED = "deselected"
    NOT_PASSED = "not-passed"
    """Its test failed, was skipped, or else did not simply pass."""
    INCOMPLETE_TRACE = "incomplete-trace"
    """Its test passed, but in a run whose trace may lack openings."""
    OTHER_ROOT = "other-root"
    """A test of the same id passed, in another folder."""
    UNTRACEABLE = "untraceable"
    """Its test passed, but traces hold only files that end in `.json`."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, why, and the same in one line of words."""

    verdict: Verdict
    reason: Reason
    text: str


@dataclass(frozen=True, slots=True, order=True)
class TestList:
    """One list of tests. `id` follows from its content, so that one given twice counts once.

    `deselected` tests were left out of it.
    """

    __test__ = False

    id: str
    name: str
    tests: int
    deselected: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Run:
    """One traced run.

    `flaw` says why it cannot be trusted as it is: tests failed, or it was interrupted; empty for a
    good one. `doubt` says why even a test that passed proves nothing of what it did not open:
    openings may be missing from the trace; empty where none can be.
    """

    id: str
    command: str
    flaw: str = ""
    doubt: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Ending:
    """How a test ended, and in which run or list.

    `base` is the folder that the test's id counts from, itself counted from the root. `traced`
    says whether its process noted what it opened.
    """

    outcome: Outcome
    source: str
    base: str = ""
    traced: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Opening:
    """That a file was opened: for which test, if that is known, and in which run."""

    test: str
    run: str


@dataclass(frozen=True)
class Evidence:
    """What any number of test lists and traces hold. `Evidence()` is none at all.

    `listed` are the tests in lists, `uncollected` the test files that one could not collect;
    `endings` is by test id, `openings` by path from the root, absolute if outside of it. Ids and
    paths are spelled as `spelled` and `spelled_path` have it.
    """

    lists: frozenset[TestList] = frozenset()
    listed: frozenset[str] = frozenset()
    uncollected: frozenset[str] = frozenset()
    runs: frozenset[Run] = frozenset()
    endings: Mapping[str, frozenset[Ending]] = field(default_factory=dict)
    openings: Mapping[str, frozenset[Opening]] = field(default_factory=dict)

    def __or__(self, other: "Evidence") -> "Evidence":
        """Both together. Associative, commutative and idempotent."""
        return merged((self, other))

    @property
    def is_empty(self) -> bool:
        """Whether there is none, by which everything is unknown."""
        return not (self.lists or self.runs)

    @property
    def flaws(self) -> tuple[str, ...]:
        """A line for each run that failed or was interrupted, with what it ran."""
        told = {(run.command, run.flaw) for run in self.runs if run.flaw}
        return tuple(f"{one_line(command)}: {flaw}" for command, flaw in sorted(told))

    @property
    def doubts(self) -> tuple[str, ...]:
        """A line for each run whose trace may lack openings."""
        told = {(run.command, run.doubt) for run in self.runs if run.doubt}
        return tuple(f"{one_line(command)}: {doubt}" for command, doubt in sorted(told))

    @property
    def shards(self) -> int:
        """How many different runs were merged; without traces, how many different lists."""
        return len({run.id for run in self.runs}) or len({one.id for one in self.lists})

    def judge(  # noqa: PLR0911 - each reason in its turn
        self, case: Case, *, in_sources: bool = False
    ) -> Judgement:
        """The verdict on one recording.

        `in_sources` says that the test's function is in the source tree. Then its absence from
        lists proves nothing, as its file may be skipped as a whole, unless it is listed with
        other parameters.
        """
        opened = self._opened(case.path)
        if opened:
            return _used(f"opened {_by(opened)}")
        elsewhere = self._paths_by_name.get(_name_in(spelled_path(case.path)))
        if elsewhere:
            text = f"a file of its name was opened: {one_line(min(elsewhere))}"
            return _unknown(Reason.OPENED_ELSEWHERE, text)
        if self.is_empty:
            return _unknown(Reason.NO_EVIDENCE, "there is no evidence")
        if case.test_id is None or case.shared:
            return self._judge_shared(case)
        test = spelled(case.test_id)
        if test in self.endings:
            return self._judge_run(case, self.endings[test])
        if test in self.listed:
            return _unknown(Reason.LISTED_ONLY, "its test is listed, but in no trace")
        if self.lists:
            return self._judge_unlisted(test, in_sources=in_sources)
        return _unknown(Reason.NEVER_RAN, "its test is in no trace")

    def about(self, case: Case) -> tuple[str, ...]:
        """All that the evidence holds on one recording, a line each."""
        lines = [
            f"opened {_by({one})}, in {self._name(one.run)}" for one in self._opened(case.path)
        ]
        if case.test_id is not None:
            test = spelled(case.test_id)
            lines += [
                f"its test {_WORDS[one.outcome]} in {self._name(one.source)}"
                for one in sorted(self.endings.get(test, ()))
            ]
            if self.lists:
                lists = f"{len(self.lists)} test list{'s' * (len(self.lists) != 1)}"
                lines.append(f"its test is {'' if test in self.listed else 'not '}in {lists}")
        if case.shared and case.test_id is not None:
            lines.append("its hash does not hold the test id: other tests may open it")
        return tuple(dict.fromkeys(lines))

    # What follows from what

    def _judge_shared(self, case: Case) -> Judgement:
        owner = "has no test id" if case.test_id is None else "may be asked for by any test"
        if self._all_passed and case.path.endswith(".json"):
            text = f"it {owner}; all listed tests passed, and none opened it"
            return _unused(Reason.NOBODY_OPENED, text)
        return _unknown(Reason.SHARED, f"it {owner}; that all passed without it is not shown")

    def _judge_run(self, case: Case, endings: frozenset[Ending]) -> Judgement:
        other = _not_passed(endings)
        if other is not None:
            return _unknown(Reason.NOT_PASSED, f"its test {_WORDS[other.outcome]}")
        passed = [one for one in endings if one.outcome is Outcome.PASSED and one.traced]
        if not passed:
            return self._judge_untraced(endings)
        doubts = [self._doubt_of(one.source) for one in passed]
        if all(doubts):
            return _unknown(Reason.INCOMPLETE_TRACE, f"its test passed, but {min(doubts)}")
        sound = [one for one, doubt in zip(passed, doubts, strict=True) if not doubt]
        if not any(_is_below(spelled_path(case.path), one.base) for one in sound):
            place = min(one_line(one.base) for one in sound)
            return _unknown(Reason.OTHER_ROOT, f"a test of that id passed, but of {place}")
        if not case.path.endswith(".json"):
            return _unknown(Reason.UNTRACEABLE, "its test passed, but only .json files are traced")
        return _unused(Reason.NOT_OPENED, "its test passed and did not open it")

    def _judge_untraced(self, endings: frozenset[Ending]) -> Judgement:
        passed = [one for one in endings if one.outcome is Outcome.PASSED]
        if any(one.source in self._doubts_by_run for one in passed):
            text = "its test passed, but not all that it does was traced"
            return _unknown(Reason.INCOMPLETE_TRACE, text)
        if passed:
            return _unknown(Reason.LISTED_ONLY, "its test passed, but is in no trace")
        return _unknown(Reason.DESELECTED, "its test was deselected")

    def _judge_unlisted(self, test: str, *, in_sources: bool) -> Judgement:
        partial = min((one for one in self.lists if one.deselected), default=None)
        if partial is not None:
            left_out = f"{one_line(partial.name)} leaves out {partial.deselected:,} deselected"
            return _unknown(Reason.PARTIAL_LIST, f"its test is not listed, but {left_out}")
        file = PurePosixPath(test.partition("::")[0])
        if any(str(place) in self.uncollected for place in (file, *file.parents)):
            return _unknown(Reason.NOT_COLLECTED, "its test's file was skipped when collecting")
        if _function(test) in self._functions:
            text = "its test is listed with other parameters only"
            return _unused(Reason.PARAMETERS_GONE, text)
        if in_sources:
            text = "its test is in the sources, but was not collected"
            return _unknown(Reason.NOT_COLLECTED, text)
        return _unused(Reason.NOT_LISTED, "its test is in no list")

    # Looking things up

    def _opened(self, path: str) -> list[Opening]:
        """Who opened a recording: the path as it is, or one of which either ends in the other.

        So the root of the trace may lie above or below the root that the path counts from, or be
        that of another checkout.
        """
        wanted = spelled_path(path)
        found: set[Opening] = set()
        for place in self._paths_by_name.get(_name_in(wanted), ()):
            if _ends_in(place, wanted) or _ends_in(wanted, place):
                found |= self.openings[place]
        return sorted(found)

    @cached_property
    def _paths_by_name(self) -> Mapping[str, list[str]]:
        paths: dict[str, list[str]] = {}
        for path in self.openings:
            paths.setdefault(_name_in(path), []).append(path)
        return paths

    @cached_property
    def _functions(self) -> frozenset[str]:
        return frozenset(map(_function, self.listed))

    @cached_property
    def _doubts_by_run(self) -> Mapping[str, str]:
        doubts: dict[str, str] = {}
        for run in sorted(self.runs):
            doubts[run.id] = doubts.get(run.id) or run.doubt
        return doubts

    def _doubt_of(self, run: str) -> str:
        return self._doubts_by_run.get(run, "nothing is known of its run")

    @cached_property
    def _names(self) -> Mapping[str, str]:
        return {one.id: one.name for one in sorted(self.lists)} | {
            one.id: one.command for one in sorted(self.runs)
        }

    def _name(self, source: str) -> str:
        return one_line(self._names.get(source, source))

    @cached_property
    def _all_passed(self) -> bool:
        """Whether all tests are known, and each passed in a trace and never ended otherwise."""
        if not self.listed or not self.runs or self.uncollected:
            return False
        if any(one.deselected for one in self.lists) or any(r.flaw or r.doubt for r in self.runs):
            return False
        return all(
            _not_passed(self.endings.get(test, frozenset())) is None
            and any(e.traced and e.outcome is Outcome.PASSED for e in self.endings.get(test, ()))
            for test in self.listed | self.endings.keys()
        )


_WORDS = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.ERROR: "had an error",
    Outcome.SKIPPED: "was skipped",
    Outcome.XFAILED: "failed, as expected",
    Outcome.XPASSED: "passed, which was not expected",
    Outcome.RERUN: "passed only when run again",
    Outcome.DESELECTED: "was deselected",
}

_SAY_NOTHING = frozenset({Outcome.PASSED, Outcome.DESELECTED})


def _not_passed(endings: Iterable[Ending]) -> Ending | None:
    """The first ending that makes a test unknown, if there is one."""
    return min((one for one in endings if one.outcome not in _SAY_NOTHING), default=None)


def _used(text: str) -> Judgement:
    return Judgement(Verdict.USED, Reason.OPENED, text)


def _unused(reason: Reason, text: str) -> Judgement:
    return Judgement(Verdict.UNUSED, reason, text)


def _unknown(reason: Reason, text: str) -> Judgement:
    return Judgement(Verdict.UNKNOWN, reason, text)


def _by(openings: Iterable[Opening]) -> str:
    """By whom, in a few words: one test by its id, and how many more."""
    tests = sorted({one.test for one in openings if one.test})
    if not tests:
        return "outside of a test"
    more = f" and {len(tests) - 1:,} more" if len(tests) > 1 else ""
    return f"by {one_line(tests[0])}{more}"


def _function(test: str) -> str:
    """A node id without its parameters."""
    file, colons, rest = test.partition("::")
    return file + colons + rest.partition("[")[0]


def _name_in(path: str) -> str:
    return path.rpartition("/")[2]


def _is_below(path: str, base: str) -> bool:
    return not base or path.startswith(f"{base}/")


def _ends_in(path: str, end: str) -> bool:
    return path == end or path.endswith(f"/{end}")


def merged(parts: Iterable[Evidence]) -> Evidence:
    """All of them together: the union of what each holds, in time that grows with their size."""
    lists: set[TestList] = set()
    listed: set[str] = set()
    uncollected: set[str] = set()
    runs: set[Run] = set()
    endings: dict[str, frozenset[Ending]] = {}
    openings: dict[str, frozenset[Opening]] = {}
    for part in parts:
        lists |= part.lists
        listed |= part.listed
        uncollected |= part.uncollected
        runs |= part.runs
        for test, ended in part.endings.items():
            endings[test] = endings.get(test, frozenset()) | ended
        for path, opened in part.openings.items():
            openings[path] = _first(openings.get(path, frozenset()) | opened)
    return Evidence(
        frozenset(lists),
        frozenset(listed),
        frozenset(uncollected),
        frozenset(runs),
        endings,
        openings,
    )


def _first(openings: frozenset[Opening]) -> frozenset[Opening]:
    if len(openings) <= MOST_OPENINGS:
        return openings
    return frozenset(nsmallest(MOST_OPENINGS, openings))

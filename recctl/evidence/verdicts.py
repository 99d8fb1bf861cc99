"""What evidence holds, how it is merged, and what follows from it. Pure.

All evidence is sets, and merging is their union: in any order, any number of times, the same
comes out. What counts is what is safe:

- A recording that anybody opened is used, whatever else is known.
- Absence from test lists proves a test gone only if no list left tests out. That a test is listed
  with other parameters proves nothing: they may depend on the configuration.
- That a test passed without opening a recording proves the recording unused only if nothing
  else can ask for it, and the test simply passed in every run that selected it. Each of these
  runs must have been able to open it: its trace is whole, the recording was there as it is now,
  and so was all that the test opened. Nor may another test have been answered the same request in
  it: that answer may have been kept, and the test need its own when it is run by itself.
- A run that did not select a test says nothing of it, so that shards can be merged.
- More evidence never takes back what speaks for a recording. What a run has against its being
  unused (`TELLING`, and a test file that was not collected) stands, whatever other runs and lists
  say. Where it is unknown for want of evidence, it may turn out unused: its test is in no list, or
  passes without it.
- Tests of the same id in different folders have nothing to do with each other.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
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
    """Its test is listed with other parameters, and cannot have these any more."""
    NOT_OPENED = "not-opened"
    """Its test passed and did not open it."""
    NOBODY_OPENED = "nobody-opened"
    """It is shared; all tests of every configuration passed, and none opened it."""

    OPENED_ELSEWHERE = "opened-elsewhere"
    """A file of its name was opened in another folder, which may be a copy of its own."""
    NO_EVIDENCE = "no-evidence"
    SHARED = "shared"
    """Others than its test may use it."""
    LISTED_ONLY = "listed-only"
    """Its test lives; no trace says what it opens."""
    NEVER_RAN = "never-ran"
    NOT_COLLECTED = "not-collected"
    """Its test is in no list, but its file could not be collected, or the sources may have it."""
    OTHER_PARAMETERS = "other-parameters"
    """Its test is listed with other parameters only; these may depend on the configuration."""
    PARTIAL_LIST = "partial-list"
    """Its test is in no list, but one of them left tests out."""
    DESELECTED = "deselected"
    NOT_PASSED = "not-passed"
    """Its test failed, was skipped, or else did not simply pass."""
    INCOMPLETE_TRACE = "incomplete-trace"
    """Its test passed, but in a run whose trace may lack openings."""
    NEWER_THAN_EVIDENCE = "newer-than-evidence"
    """The recording, or what its test opens, was not there as it is when the evidence was made."""
    SAME_REQUEST = "same-request"
    """Its test passed, but may have had the answer that another test got to the same request."""
    OTHER_ROOT = "other-root"
    """A test of the same id passed, in another folder."""
    OTHER_TREE = "other-tree"
    """No list is of the tree in which its test is."""
    MISNAMED = "misnamed"
    """Its name is not that of its request, and another test may ask by it."""
    UNTRACEABLE = "untraceable"
    """Its test passed, but traces hold only files that end in `.json`."""


TELLING = frozenset(
    {
        Reason.OPENED,
        Reason.OPENED_ELSEWHERE,
        Reason.NOT_PASSED,
        Reason.INCOMPLETE_TRACE,
        Reason.NEWER_THAN_EVIDENCE,
        Reason.SAME_REQUEST,
        Reason.OTHER_ROOT,
        Reason.UNTRACEABLE,
    }
)
"""Reasons that no other evidence makes unused again: a run has them."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, why, and the same in one line of words."""

    verdict: Verdict
    reason: Reason
    text: str


@dataclass(frozen=True, slots=True, order=True)
class TestList:
    """One list of tests. `id` follows from its content, so that one given twice counts once.

    `deselected` tests were left out of it. `root` is the folder that its ids count from, as it was
    called where the list was made, empty if it does not say.
    """

    __test__ = False

    id: str
    name: str
    tests: int
    deselected: int = 0
    root: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Run:
    """One traced run.

    `flaw` says why it cannot be trusted as it is: tests failed, or it was interrupted; empty for a
    good one. `doubt` says why even a test that passed proves nothing of what it did not open:
    openings may be missing from the trace; empty where none can be.

    `started` is when it began, in seconds since 1970, 0 if that is not known. `commit` is the full
    id of HEAD then, empty if that is not known; `dirty` says that the work tree differed from it.
    """

    id: str
    command: str
    flaw: str = ""
    doubt: str = ""
    started: float = 0.0
    commit: str = ""
    dirty: bool = False


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

    `listed` has for each test in lists the ids of these, `uncollected` the test files that one
    could not collect; `endings` is by test id, `openings` by path from the root, absolute if
    outside of it. Ids and paths are spelled as `spelled` and `spelled_path` have it.
    """

    lists: frozenset[TestList] = frozenset()
    listed: Mapping[str, frozenset[str]] = field(default_factory=dict)
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

    def judge(self, case: Case) -> Judgement:  # noqa: PLR0911 - each reason in its turn
        """The verdict on one recording."""
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
        file = PurePosixPath(test.partition("::")[0])
        if any(str(place) in self.uncollected for place in (file, *file.parents)):
            return _unknown(Reason.NOT_COLLECTED, "its test's file was skipped when collecting")
        endings = self._endings_for(case, test)
        if endings:
            return self._judge_run(case, endings)
        if not self.lists:
            return _unknown(Reason.NEVER_RAN, "its test is in no trace")
        lists = self._lists_for(case)
        if not lists:
            return _unknown(Reason.OTHER_TREE, "no list is of the tree that its test is in")
        if not lists.isdisjoint(self.listed.get(test, ())):
            return _unknown(Reason.LISTED_ONLY, "its test is listed, but in no trace")
        return self._judge_unlisted(case, test, lists)

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
                lists = f"{len(self.lists):,} test list{'s' * (len(self.lists) != 1)}"
                lines.append(f"its test is {'' if test in self.listed else 'not '}in {lists}")
        if case.shared and case.test_id is not None:
            lines.append("its hash does not hold the test id: other tests may open it")
        lines += (f"{line} {self._name(one)}" for one, line in self._ages(case))
        return tuple(dict.fromkeys(lines))

    def has_other_parameters(self, test_id: str) -> bool:
        """Whether a test is in no list, and is in one with other parameters."""
        test = spelled(test_id)
        return test not in self.listed and _function(test) in self._by_function

    def opened_by(self, test: str, run: str) -> frozenset[str]:
        """The paths that a test opened in a run, and those of which it is not known who did."""
        return self._opened_by.get((test, run), frozenset()) | self._opened_by_some

    # What follows from what

    def _judge_shared(self, case: Case) -> Judgement:
        owner = "has no test id" if case.test_id is None else "may be asked for by any test"
        if case.path.endswith(".json") and self._all_passed(case):
            text = f"it {owner}; all tests passed, and none opened it"
            return _unused(Reason.NOBODY_OPENED, text)
        return _unknown(Reason.SHARED, f"it {owner}; that all passed without it is not shown")

    def _judge_run(self, case: Case, endings: Iterable[Ending]) -> Judgement:
        other = _not_passed(endings)
        if other is not None:
            return _unknown(Reason.NOT_PASSED, f"its test {_WORDS[other.outcome]}")
        passed = [one for one in endings if one.outcome is Outcome.PASSED]
        ran = [one for one in passed if not self._is_reported(one)]
        if not ran:
            if passed:
                return _unknown(Reason.LISTED_ONLY, "its test passed, but is in no trace")
            return _unknown(Reason.DESELECTED, "its test was deselected")
        # One that is worth nothing may be of a configuration that opens it.
        worthless = (self._worthless(case, one) for one in sorted(ran))
        first = next((one for one in worthless if one is not None), None)
        if first is not None:
            return first
        if not case.path.endswith(".json"):
            return _unknown(Reason.UNTRACEABLE, "its test passed, but only .json files are traced")
        return _unused(Reason.NOT_OPENED, "its test passed and did not open it")

    def _worthless(  # noqa: PLR0911 - each reason in its turn
        self, case: Case, ending: Ending
    ) -> Judgement | None:
        """Why it proves nothing that a test passed and did not open a recording; null if it does.

        The reason is the first that holds.
        """
        run = self._runs.get(ending.source)
        doubt = run.doubt if run is not None else "nothing is known of its run"
        if doubt:
            return _unknown(Reason.INCOMPLETE_TRACE, f"its test passed, but {doubt}")
        if not ending.traced:
            text = "its test passed, but not all that it does was traced"
            return _unknown(Reason.INCOMPLETE_TRACE, text)
        if case.bases != {ending.base}:
            place = one_line(ending.base) or "the top"
            return _unknown(Reason.OTHER_ROOT, f"a test of that id passed, but of {place}")
        if case.other_bases and not (run and run.commit):
            place = one_line(min(case.other_bases)) or "the top"
            text = f"a test of that id passed, which may be that of {place}"
            return _unknown(Reason.OTHER_ROOT, text)
        if ending.source in case.newer_than:
            text = "its test passed, but it may not have been there, as it is, in that run"
            return _unknown(Reason.NEWER_THAN_EVIDENCE, text)
        if ending.source in case.changed_since:
            text = "its test passed, but what that needs has changed since"
            return _unknown(Reason.NEWER_THAN_EVIDENCE, text)
        if ending.source in case.answered_in:
            text = "its test passed, but another was answered the same request in that run"
            return _unknown(Reason.SAME_REQUEST, text)
        return None

    def _judge_unlisted(self, case: Case, test: str, lists: frozenset[str]) -> Judgement:
        partial = min(
            (one for one in self.lists if one.deselected and one.id in lists), default=None
        )
        if partial is not None:
            left_out = f"{one_line(partial.name)} leaves out {partial.deselected:,} deselected"
            return _unknown(Reason.PARTIAL_LIST, f"its test is not listed, but {left_out}")
        siblings = self._siblings(test, lists)
        if siblings:
            return _judge_parameters(case, test, siblings)
        if case.in_sources or (case.in_sources is None and not case.vouched):
            may = "its test is in the sources" if case.in_sources else "the sources may have it"
            return _unknown(Reason.NOT_COLLECTED, f"{may}, but it was not collected")
        if case.in_sources is None and test.partition("::")[0] not in self._files:
            text = "the sources may have its test, but no test of its file was collected"
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
    def _opened_by(self) -> Mapping[tuple[str, str], frozenset[str]]:
        """By test and run, of those openings that are kept."""
        found: dict[tuple[str, str], set[str]] = {}
        for path, openings in self.openings.items():
            for one in openings:
                if one.test:
                    found.setdefault((spelled(one.test), one.run), set()).add(path)
        return {key: frozenset(paths) for key, paths in found.items()}

    @cached_property
    def _opened_by_some(self) -> frozenset[str]:
        """The paths that any test may have opened, as far as is known."""
        return frozenset(
            path
            for path, openings in self.openings.items()
            if len(openings) >= MOST_OPENINGS or any(not one.test for one in openings)
        )

    def _endings_for(self, case: Case, test: str) -> list[Ending]:
        """How a recording's test ended, without what is known to be of another tree.

        Without a commit it is not known what a run's folders count from.
        """
        return [
            one
            for one in self.endings.get(test, ())
            if one.base not in case.other_bases or not self._has_commit(one.source)
        ]

    def _has_commit(self, source: str) -> bool:
        run = self._runs.get(source)
        return run is not None and bool(run.commit)

    def _is_reported(self, ending: Ending) -> bool:
        """Whether a list tells of an ending, and no trace."""
        return ending.source in self._list_ids and ending.source not in self._runs

    def _lists_for(self, case: Case) -> frozenset[str]:
        """The ids of the lists that speak for the tree that a recording's test is in."""
        return self._list_ids if case.lists is None else self._list_ids & case.lists

    @cached_property
    def _list_ids(self) -> frozenset[str]:
        return frozenset(one.id for one in self.lists)

    def _siblings(self, test: str, lists: frozenset[str]) -> frozenset[str]:
        """The tests in some lists that differ from one in their parameters only."""
        alike = self._by_function.get(_function(test), ())
        return frozenset(one for one in alike if not lists.isdisjoint(self.listed[one]))

    @cached_property
    def _by_function(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for test in self.listed:
            found.setdefault(_function(test), []).append(test)
        return found

    @cached_property
    def _files(self) -> frozenset[str]:
        return frozenset(test.partition("::")[0] for test in self.listed)

    @cached_property
    def _runs(self) -> Mapping[str, Run]:
        """By id. One that is told of in several ways has any doubt, and a commit if it is one."""
        found: dict[str, Run] = {}
        for one in sorted(self.runs):
            known = found.setdefault(one.id, one)
            found[one.id] = replace(
                known,
                doubt=known.doubt or one.doubt,
                commit=known.commit if known.commit == one.commit else "",
            )
        return found

    def _ages(self, case: Case) -> Iterator[tuple[str, str]]:
        """The runs that are older than a recording, or than what its test opens."""
        for one in sorted(self._runs):
            if one in case.newer_than:
                yield one, "it may not have been there, as it is, at the time of"
            elif one in case.changed_since:
                yield one, "what its test opens has changed since"
        endings = self.endings.get(spelled(case.test_id), ()) if case.test_id is not None else ()
        for run in sorted(self.runs):
            if run.dirty and any(one.source == run.id for one in endings):
                commit = run.commit[:7] or "a commit"
                yield run.id, f"its test ran with uncommitted changes to {commit} in"

    @cached_property
    def _names(self) -> Mapping[str, str]:
        return {one.id: one.name for one in sorted(self.lists)} | {
            one.id: one.command for one in sorted(self.runs)
        }

    def _name(self, source: str) -> str:
        return one_line(self._names.get(source, source))

    def _all_passed(self, case: Case) -> bool:
        """Whether all tests of a recording's tree are known, and each passed without it.

        Each must have passed in a trace, and no test ended otherwise, in any run. Other
        configurations may have more tests, so the evidence must be of all.
        """
        lists = self._lists_for(case)
        if not (case.vouched and case.bases and lists and self.runs) or self.uncollected:
            return False
        if case.newer_than or case.changed_since or case.answered_in:
            return False
        if any(one.deselected for one in self.lists if one.id in lists):
            return False
        if any(one.flaw or one.doubt for one in self.runs):
            return False
        if not all(self._is_sound(one) for ended in self.endings.values() for one in ended):
            return False
        of_tree = {test for test, held in self.listed.items() if not lists.isdisjoint(held)}
        return bool(of_tree) and all(
            any(_has_passed(one, base) for one in self.endings.get(test, ()))
            for test in of_tree
            for base in case.bases
        )

    def _is_sound(self, ending: Ending) -> bool:
        """Whether a test simply passed, or did not run, and nothing that it did was missed."""
        if ending.outcome not in _SAY_NOTHING:
            return False
        missed = ending.outcome is Outcome.PASSED and not ending.traced
        return not missed or self._is_reported(ending)


def _has_passed(ending: Ending, base: str) -> bool:
    """Whether a test of a folder passed in a trace."""
    return ending.traced and ending.outcome is Outcome.PASSED and ending.base == base


def _judge_parameters(case: Case, test: str, siblings: frozenset[str]) -> Judgement:
    """Of a test that is listed, but with other parameters."""
    told = "its test is listed with other parameters only"
    if case.in_sources is False:
        return _unused(Reason.PARAMETERS_GONE, told)
    if case.written is not None:
        written = frozenset(map(spelled, case.written))
        if test in written:
            text = "the sources have its test with its parameters, but it was not collected"
            return _unknown(Reason.NOT_COLLECTED, text)
        if siblings <= written:
            return _unused(Reason.PARAMETERS_GONE, f"{told}, and so it is in the sources")
    if case.vouched:
        return _unused(Reason.PARAMETERS_GONE, f"{told}, by every configuration")
    advice = "--expect-shards N says that the evidence is of every configuration"
    return _unknown(Reason.OTHER_PARAMETERS, f"{told}; {advice}")


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


def _ends_in(path: str, end: str) -> bool:
    return path == end or path.endswith(f"/{end}")


def merged(parts: Iterable[Evidence]) -> Evidence:
    """All of them together: the union of what each holds, in time that grows with their size."""
    lists: set[TestList] = set()
    listed: dict[str, frozenset[str]] = {}
    uncollected: set[str] = set()
    runs: set[Run] = set()
    endings: dict[str, frozenset[Ending]] = {}
    openings: dict[str, frozenset[Opening]] = {}
    for part in parts:
        lists |= part.lists
        for test, held in part.listed.items():
            listed[test] = listed.get(test, frozenset()) | held
        uncollected |= part.uncollected
        runs |= part.runs
        for test, ended in part.endings.items():
            endings[test] = endings.get(test, frozenset()) | ended
        for path, opened in part.openings.items():
            openings[path] = _first(openings.get(path, frozenset()) | opened)
    return Evidence(
        frozenset(lists),
        listed,
        frozenset(uncollected),
        frozenset(runs),
        endings,
        openings,
    )


def _first(openings: frozenset[Opening]) -> frozenset[Opening]:
    if len(openings) <= MOST_OPENINGS:
        return openings
    return frozenset(nsmallest(MOST_OPENINGS, openings))

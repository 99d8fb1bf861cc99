"""What is said of a recording, word by word."""

from dataclasses import replace

import pytest

from recctl.evidence import (
    Case,
    Ending,
    Evidence,
    Judgement,
    Opening,
    Outcome,
    Reason,
    Run,
    TestList,
    Verdict,
)
from tests.evidence.test_verdicts import (
    CASE,
    GOOD,
    OTHERS,
    PATH,
    TEST,
    listing,
    opening,
    tracing,
)

ELSEWHERE = PATH.replace("/a/", "/b/")
SHARED = Case(PATH, None, vouched=True)
FOREIGN = listing("tests/c.py::t")
SIBLING = listing("tests/a/test_a.py::test_c")
OTHER = Run("other", "pytest -x")


def said(evidence: Evidence, case: Case = CASE, **known: object) -> tuple[str, str, str]:
    judgement = evidence.judge(replace(case, **known))  # type: ignore[arg-type]
    return judgement.verdict.value, judgement.reason.value, judgement.text


@pytest.mark.parametrize(
    ("evidence", "case", "judgement"),
    [
        (opening(test="tests/z.py::t"), CASE, "opened by tests/z.py::t"),
        (opening(test=""), CASE, "opened outside of a test"),
        (
            opening(test="tests/z.py::t") | opening(test="") | opening(test="tests/a.py::t"),
            CASE,
            "opened by tests/a.py::t and 1 more",
        ),
    ],
)
def test_of_what_is_used_it_is_said_by_whom(evidence: Evidence, case: Case, judgement: str) -> None:
    assert said(evidence, case) == ("used", "opened", judgement)


def test_a_test_that_opened_it_in_two_runs_is_named_once() -> None:
    assert said(opening() | opening(run=OTHER))[2] == f"opened by {TEST}"


@pytest.mark.parametrize(
    ("evidence", "case", "reason", "text"),
    [
        (SIBLING, CASE, "not-listed", "its test is in no list"),
        (
            OTHERS,
            replace(CASE, in_sources=False),
            "parameters-gone",
            "its test is listed with other parameters only",
        ),
        (
            OTHERS,
            replace(
                CASE,
                in_sources=True,
                written=frozenset(
                    {"./tests/a/test_a.py::test_b[y]", "tests\\a\\test_a.py::test_b[z]"}
                ),
            ),
            "parameters-gone",
            "its test is listed with other parameters only, and so it is in the sources",
        ),
        (
            OTHERS,
            replace(CASE, in_sources=True, vouched=True),
            "parameters-gone",
            "its test is listed with other parameters only, by every configuration",
        ),
        (tracing(), CASE, "not-opened", "its test passed and did not open it"),
        (
            listing(TEST) | tracing(),
            SHARED,
            "nobody-opened",
            "it has no test id; all tests passed, and none opened it",
        ),
        (
            listing(TEST) | tracing(),
            Case(PATH, TEST, shared=True, vouched=True),
            "nobody-opened",
            "it may be asked for by any test; all tests passed, and none opened it",
        ),
    ],
)
def test_of_what_is_unused_it_is_said_why(
    evidence: Evidence, case: Case, reason: str, text: str
) -> None:
    assert said(evidence, case) == ("unused", reason, text)


@pytest.mark.parametrize(
    ("evidence", "case", "reason", "text"),
    [
        (Evidence(), CASE, "no-evidence", "there is no evidence"),
        (
            opening(ELSEWHERE) | opening(PATH.replace("/a/", "/c/")),
            CASE,
            "opened-elsewhere",
            f"a file of its name was opened: {ELSEWHERE}",
        ),
        (
            tracing(),
            Case(PATH, None),
            "shared",
            "it has no test id; that all passed without it is not shown",
        ),
        (
            tracing(),
            Case(PATH, TEST, shared=True),
            "shared",
            "it may be asked for by any test; that all passed without it is not shown",
        ),
        (listing(TEST), CASE, "listed-only", "its test is listed, but in no trace"),
        (
            listing(TEST)
            | Evidence(endings={TEST: frozenset({Ending(Outcome.PASSED, "1", traced=True)})}),
            CASE,
            "listed-only",
            "its test passed, but is in no trace",
        ),
        (tracing(test="tests/z.py::t"), CASE, "never-ran", "its test is in no trace"),
        (
            FOREIGN | Evidence(uncollected=frozenset({"tests/a"})),
            CASE,
            "not-collected",
            "its test's file was skipped when collecting",
        ),
        (
            SIBLING,
            replace(CASE, in_sources=True),
            "not-collected",
            "its test is in the sources, but it was not collected",
        ),
        (
            SIBLING,
            replace(CASE, in_sources=None),
            "not-collected",
            "the sources may have it, but it was not collected",
        ),
        (
            FOREIGN,
            replace(CASE, in_sources=None, vouched=True),
            "not-collected",
            "the sources may have its test, but no test of its file was collected",
        ),
        (
            OTHERS,
            replace(CASE, in_sources=True, written=frozenset({TEST})),
            "not-collected",
            "the sources have its test with its parameters, but it was not collected",
        ),
        (
            OTHERS,
            replace(CASE, in_sources=True),
            "other-parameters",
            "its test is listed with other parameters only; --expect-shards N says that the"
            " evidence is of every configuration",
        ),
        (
            SIBLING | listing("tests/c.py::t", deselected=1_234, id="2"),
            CASE,
            "partial-list",
            "its test is not listed, but tests.txt leaves out 1,234 deselected",
        ),
        (tracing(Outcome.DESELECTED), CASE, "deselected", "its test was deselected"),
        (
            tracing(run=Run("good", "pytest", doubt="lines are lost")),
            CASE,
            "incomplete-trace",
            "its test passed, but lines are lost",
        ),
        (
            Evidence(endings={TEST: frozenset({Ending(Outcome.PASSED, "gone", "", True)})}),
            CASE,
            "no-evidence",
            "there is no evidence",
        ),
        (
            Evidence(
                runs=frozenset({OTHER}),
                endings={TEST: frozenset({Ending(Outcome.PASSED, "gone", "", True)})},
            ),
            CASE,
            "incomplete-trace",
            "its test passed, but nothing is known of its run",
        ),
        (
            tracing(traced=False),
            CASE,
            "incomplete-trace",
            "its test passed, but not all that it does was traced",
        ),
        (
            tracing(),
            replace(CASE, newer_than=frozenset({"good"})),
            "newer-than-evidence",
            "its test passed, but it may not have been there, as it is, in that run",
        ),
        (
            tracing(),
            replace(CASE, changed_since=frozenset({"good"})),
            "newer-than-evidence",
            "its test passed, but what that needs has changed since",
        ),
        (
            tracing(),
            replace(CASE, answered_in=frozenset({"good"})),
            "same-request",
            "its test passed, but another was answered the same request in that run",
        ),
        (
            tracing(base="other"),
            CASE,
            "other-root",
            "a test of that id passed, but of other",
        ),
        (
            tracing(),
            replace(CASE, bases=frozenset({"other"})),
            "other-root",
            "a test of that id passed, but of the top",
        ),
        (
            tracing(),
            replace(CASE, other_bases=frozenset({"z", "b"})),
            "other-root",
            "a test of that id passed, which may be that of b",
        ),
        (
            tracing(base="b"),
            replace(CASE, bases=frozenset({"b"}), other_bases=frozenset({""})),
            "other-root",
            "a test of that id passed, which may be that of the top",
        ),
        (
            listing(TEST),
            replace(CASE, lists=frozenset()),
            "other-tree",
            "no list is of the tree that its test is in",
        ),
        (
            tracing(),
            replace(CASE, path="tests/a/recordings/one.txt"),
            "untraceable",
            "its test passed, but only .json files are traced",
        ),
    ],
)
def test_of_what_is_unknown_it_is_said_why(
    evidence: Evidence, case: Case, reason: str, text: str
) -> None:
    assert said(evidence, case) == ("unknown", reason, text)


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Outcome.FAILED, "its test failed"),
        (Outcome.ERROR, "its test had an error"),
        (Outcome.SKIPPED, "its test was skipped"),
        (Outcome.XFAILED, "its test failed, as expected"),
        (Outcome.XPASSED, "its test passed, which was not expected"),
        (Outcome.RERUN, "its test passed only when run again"),
    ],
)
def test_how_a_test_ended_is_said_in_words(outcome: Outcome, text: str) -> None:
    assert tracing(outcome).judge(CASE) == Judgement(Verdict.UNKNOWN, Reason.NOT_PASSED, text)
    assert tracing(outcome).about(CASE) == (f"{text} in pytest",)


@pytest.mark.parametrize(
    ("outcome", "text"),
    [(Outcome.PASSED, "its test passed"), (Outcome.DESELECTED, "its test was deselected")],
)
def test_how_a_test_ended_that_says_nothing_more_is_told_too(outcome: Outcome, text: str) -> None:
    assert tracing(outcome).about(CASE) == (f"{text} in pytest",)


def test_of_several_bad_endings_the_first_is_told() -> None:
    both = tracing(Outcome.SKIPPED) | tracing(Outcome.ERROR, run=OTHER)

    assert said(both)[2] == "its test had an error"


def test_all_flaws_and_doubts_are_told_sorted_each_once_with_what_was_run() -> None:
    runs = {
        Run("1", "pytest -x", "tests failed", "lines are lost"),
        Run("2", "pytest -x", "tests failed", "lines are lost"),
        Run("3", "pytest a\nb", "it was interrupted", "it is damaged"),
        GOOD,
    }
    evidence = Evidence(runs=frozenset(runs))

    assert evidence.flaws == ("pytest -x: tests failed", r"pytest a\nb: it was interrupted")
    assert evidence.doubts == ("pytest -x: lines are lost", r"pytest a\nb: it is damaged")


def test_what_is_known_of_a_recording_nobody_opened() -> None:
    evidence = listing("tests/z.py::t") | listing("tests/z.py::u", id="2")

    assert evidence.about(CASE) == ("its test is not in 2 test lists",)
    assert evidence.about(Case(PATH, None)) == ()
    assert evidence.about(Case(PATH, TEST, shared=True)) == (
        "its test is not in 2 test lists",
        "its hash does not hold the test id: other tests may open it",
    )
    assert listing(TEST).about(CASE) == ("its test is in 1 test list",)


def test_each_opening_is_told_with_its_run_once() -> None:
    unknown = Evidence(openings={PATH: frozenset({Opening("", "gone"), Opening("t", "good")})})

    assert (tracing() | opening(run=OTHER) | unknown).about(CASE) == (
        "opened outside of a test, in gone",
        "opened by t, in pytest",
        f"opened by {TEST}, in pytest -x",
        "its test passed in pytest",
    )


def test_the_words_of_results_are_those_that_are_promised() -> None:
    assert [one.value for one in Verdict] == ["used", "unused", "unknown"]
    assert [one.value for one in Outcome] == [
        *("passed", "failed", "error", "skipped", "xfailed", "xpassed", "rerun", "deselected"),
    ]
    assert [one.value for one in Reason] == [one.name.lower().replace("_", "-") for one in Reason]


def test_what_evidence_does_not_say_is_unknown() -> None:
    assert TestList("1", "a.txt", 2) == TestList("1", "a.txt", 2, 0, "")
    assert Run("1", "pytest") == Run("1", "pytest", "", "", 0.0, "", False)
    assert Run("1", "pytest").dirty is False
    assert Ending(Outcome.PASSED, "1") == Ending(Outcome.PASSED, "1", "", False)
    assert Ending(Outcome.PASSED, "1").traced is False
    assert Case("a.json", None) == Case(
        path="a.json",
        test_id=None,
        shared=False,
        bases=frozenset({""}),
        other_bases=frozenset(),
        lists=None,
        newer_than=frozenset(),
        changed_since=frozenset(),
        answered_in=frozenset(),
        in_sources=False,
        written=None,
        vouched=False,
    )
    unset = Case("a.json", None)
    assert (unset.shared, unset.in_sources, unset.vouched) == (False, False, False)
    assert all(one is not None for one in (unset.shared, unset.in_sources, unset.vouched))


def test_of_many_openings_twenty_are_kept() -> None:
    openings = frozenset(Opening(f"t{number:02}", "1") for number in range(25))
    kept = (Evidence(openings={"a": openings}) | Evidence()).openings["a"]

    assert sorted(one.test for one in kept) == [f"t{number:02}" for number in range(20)]


def test_a_source_is_called_by_its_list_or_its_command() -> None:
    reported = Evidence(endings={TEST: frozenset({Ending(Outcome.FAILED, "1")})})

    assert (listing(TEST) | reported).about(CASE) == (
        "its test failed in tests.txt",
        "its test is in 1 test list",
    )


def test_why_a_run_is_too_old_is_told() -> None:
    evidence = tracing() | tracing(run=OTHER) | tracing(run=Run("third", "pytest -v"))
    case = replace(
        CASE, newer_than=frozenset({"good"}), changed_since=frozenset({"good", "other", "gone"})
    )

    assert evidence.about(case)[-2:] == (
        "it may not have been there, as it is, at the time of pytest",
        "what its test opens has changed since pytest -x",
    )


@pytest.mark.parametrize(("commit", "told"), [("0123456789abcdef", "0123456"), ("", "a commit")])
def test_that_a_run_was_of_uncommitted_changes_is_told(commit: str, told: str) -> None:
    dirty = Run("dirty", "pytest", commit=commit, dirty=True)
    elsewhere = tracing(run=Run("dirtier", "pytest -v", dirty=True), test="tests/y.py::t")
    evidence = tracing(run=dirty) | tracing(run=OTHER) | elsewhere

    assert evidence.about(CASE)[-1] == (
        f"its test ran with uncommitted changes to {told} in pytest"
    )
    assert sum("uncommitted" in line for line in evidence.about(CASE)) == 1
    assert not any("uncommitted" in line for line in evidence.about(Case(PATH, "tests/z.py::t")))
    assert evidence.about(Case(PATH, None)) == ()


def test_a_list_is_told_by_its_name_that_leaves_tests_out_and_speaks_for_the_tree() -> None:
    lists = {
        TestList("1", "b.txt", 1, 2),
        TestList("2", "a.txt", 1, 1),
        TestList("3", "whole.txt", 1, 0),
    }
    evidence = Evidence(
        lists=frozenset(lists),
        listed={"tests/a/test_a.py::test_c": frozenset({"1", "2", "3"})},
    )

    assert said(evidence)[2] == "its test is not listed, but b.txt leaves out 2 deselected"
    only = frozenset({"2", "3"})
    assert (
        said(evidence, lists=only)[2] == "its test is not listed, but a.txt leaves out 1 deselected"
    )
    assert said(evidence, lists=frozenset({"3"}))[1] == "not-listed"

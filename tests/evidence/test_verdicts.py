"""What evidence proves of a recording, and what it does not."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recctl.dialects import name_under, published
from recctl.evidence import (
    Case,
    Ending,
    Evidence,
    Opening,
    Outcome,
    Reason,
    Run,
    TestList,
    Verdict,
    case_of,
)
from recctl.evidence.verdicts import MOST_OPENINGS, TELLING, merged
from recctl.recording import Recording

PATH = "tests/a/recordings/" + "0" * 64 + ".json"
TEST = "tests/a/test_a.py::test_b[x]"
CASE = Case(PATH, TEST)
GOOD = Run("good", "pytest")


def listing(*tests: str, deselected: int = 0, id: str = "1") -> Evidence:  # noqa: A002
    lists = frozenset({TestList(id, "tests.txt", len(tests), deselected)})
    return Evidence(lists=lists, listed=dict.fromkeys(tests, frozenset({id})))


def tracing(
    outcome: Outcome = Outcome.PASSED,
    *,
    run: Run = GOOD,
    test: str = TEST,
    base: str = "",
    traced: bool = True,
) -> Evidence:
    ending = Ending(outcome, run.id, base, traced)
    return Evidence(runs=frozenset({run}), endings={test: frozenset({ending})})


def opening(path: str = PATH, test: str = TEST, run: Run = GOOD) -> Evidence:
    return Evidence(runs=frozenset({run}), openings={path: frozenset({Opening(test, run.id)})})


def reason(evidence: Evidence, case: Case = CASE, **known: Any) -> Reason:
    return evidence.judge(replace(case, **known)).reason


# By test lists


def test_without_evidence_all_is_unknown() -> None:
    judgement = Evidence().judge(CASE)

    assert (judgement.verdict, judgement.reason) == (Verdict.UNKNOWN, Reason.NO_EVIDENCE)


def test_a_recording_of_an_unlisted_test_is_unused() -> None:
    judgement = listing("tests/a/test_a.py::test_c").judge(CASE)

    assert (judgement.verdict, judgement.reason) == (Verdict.UNUSED, Reason.NOT_LISTED)


def test_a_recording_of_a_listed_test_is_unknown_without_a_trace() -> None:
    assert reason(listing(TEST)) is Reason.LISTED_ONLY


def test_a_recording_without_a_test_id_is_unknown_by_lists() -> None:
    assert reason(listing("tests/a.py::t"), Case(PATH, None)) is Reason.SHARED


def test_a_recording_that_other_tests_may_ask_for_is_unknown_by_lists() -> None:
    assert reason(listing("tests/a.py::t"), Case(PATH, TEST, shared=True)) is Reason.SHARED


OTHERS = listing("tests/a/test_a.py::test_b[y]", "tests/a/test_a.py::test_b[z]")


def test_that_a_test_is_listed_with_other_parameters_proves_nothing() -> None:
    judgement = OTHERS.judge(replace(CASE, in_sources=True))

    assert (judgement.verdict, judgement.reason) == (Verdict.UNKNOWN, Reason.OTHER_PARAMETERS)
    assert judgement.text.endswith(
        "--expect-shards N says that the evidence is of every configuration"
    )
    assert reason(OTHERS, in_sources=None) is Reason.OTHER_PARAMETERS


def test_with_other_parameters_it_is_unused_where_the_sources_lack_it_or_are_not_here() -> None:
    judgement = OTHERS.judge(replace(CASE, in_sources=False))

    assert (judgement.verdict, judgement.reason) == (Verdict.UNUSED, Reason.PARAMETERS_GONE)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("yz", Reason.PARAMETERS_GONE),
        ("yzw", Reason.PARAMETERS_GONE),
        ("xyz", Reason.NOT_COLLECTED),
        ("y", Reason.OTHER_PARAMETERS),
        ("", Reason.OTHER_PARAMETERS),
    ],
)
def test_with_other_parameters_it_is_unused_if_all_that_are_listed_are_written_out_and_it_is_not(
    written: str, told: Reason
) -> None:
    ids = frozenset(f"tests/a/test_a.py::test_b[{one}]" for one in written)

    assert reason(OTHERS, in_sources=True, written=ids) is told


def test_with_other_parameters_it_is_unused_by_lists_of_every_configuration() -> None:
    assert reason(OTHERS, in_sources=True, vouched=True) is Reason.PARAMETERS_GONE
    written = frozenset({TEST})
    assert reason(OTHERS, in_sources=True, vouched=True, written=written) is Reason.NOT_COLLECTED


def test_where_the_sources_cannot_tell_only_lists_of_every_configuration_do() -> None:
    evidence = listing("tests/a/test_a.py::test_c")

    assert reason(evidence, in_sources=None) is Reason.NOT_COLLECTED
    assert reason(evidence, in_sources=None, vouched=True) is Reason.NOT_LISTED
    elsewhere = listing("tests/c.py::t")
    assert reason(elsewhere, in_sources=None, vouched=True) is Reason.NOT_COLLECTED


def test_a_list_says_nothing_of_another_tree() -> None:
    evidence = listing(TEST, id="1") | listing("tests/c.py::t", id="2")

    assert reason(evidence, lists=frozenset()) is Reason.OTHER_TREE
    assert reason(evidence, lists=frozenset({"1"})) is Reason.LISTED_ONLY
    assert reason(evidence, lists=frozenset({"2"})) is Reason.NOT_LISTED


def test_a_list_that_leaves_tests_out_proves_no_absence() -> None:
    evidence = listing("tests/a.py::t", id="1") | listing("tests/c.py::t", deselected=3, id="2")

    assert reason(evidence) is Reason.PARTIAL_LIST


@pytest.mark.parametrize("skipped", ["tests/a/test_a.py", "tests/a"])
def test_a_file_that_was_not_collected_proves_no_absence(skipped: str) -> None:
    evidence = listing("tests/c.py::t") | Evidence(uncollected=frozenset({skipped}))

    assert reason(evidence) is Reason.NOT_COLLECTED


def test_a_test_that_the_sources_have_may_only_not_have_been_collected() -> None:
    assert reason(listing("tests/c.py::t"), in_sources=True) is Reason.NOT_COLLECTED


@pytest.mark.parametrize(
    "test_id", ["./tests/a/test_a.py::test_b[x]", "tests\\a\\test_a.py::test_b[x]"]
)
def test_a_test_id_may_be_spelled_as_systems_do(test_id: str) -> None:
    assert reason(listing(TEST), Case(PATH, test_id)) is Reason.LISTED_ONLY


# By traces


def test_a_recording_that_its_passed_test_did_not_open_is_unused() -> None:
    judgement = tracing().judge(CASE)

    assert (judgement.verdict, judgement.reason) == (Verdict.UNUSED, Reason.NOT_OPENED)


def test_a_recording_that_anybody_opened_is_used() -> None:
    assert reason(tracing() | opening(test="tests/z.py::t")) is Reason.OPENED
    assert reason(listing("tests/z.py::t") | opening(test="")) is Reason.OPENED


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.PASSED, Outcome.DESELECTED}))
def test_a_test_that_did_not_simply_pass_proves_nothing_whatever_other_runs_say(
    outcome: Outcome,
) -> None:
    other = tracing(outcome, run=Run("other", "pytest"))

    assert reason(other) is Reason.NOT_PASSED
    assert reason(tracing() | other) is Reason.NOT_PASSED


def test_a_test_that_one_shard_passed_may_be_deselected_in_others() -> None:
    other = tracing(Outcome.DESELECTED, run=Run("other", "pytest"))

    assert reason(other) is Reason.DESELECTED
    assert reason(tracing() | other) is Reason.NOT_OPENED


def test_a_test_that_never_ran_proves_nothing() -> None:
    assert reason(tracing(test="tests/z.py::t")) is Reason.NEVER_RAN


def test_a_recording_opened_only_where_its_test_is_skipped_is_used() -> None:
    other = Run("other", "pytest")

    assert reason(tracing() | tracing(Outcome.SKIPPED, run=other) | opening(run=other)) is (
        Reason.OPENED
    )


def test_a_file_that_one_run_skipped_stays_unknown_whatever_others_say() -> None:
    """It is skipped as a whole where tests are that cannot run there; these may open it."""
    skipped = Evidence(uncollected=frozenset({"tests/a/test_a.py"}))

    assert reason(tracing() | skipped) is Reason.NOT_COLLECTED


def test_a_run_that_is_told_of_in_two_ways_counts_for_less_than_either() -> None:
    one, other = Run("1", "pytest", commit="c"), Run("1", "pytest", commit="d")
    trees = frozenset({"b"})
    failed = tracing(Outcome.FAILED, run=one, base="b")

    assert reason(tracing(run=one) | failed, other_bases=trees) is Reason.NOT_OPENED
    both = Evidence(runs=frozenset({other}))
    assert reason(tracing(run=one) | failed | both, other_bases=trees) is Reason.NOT_PASSED


def test_a_run_whose_id_is_also_that_of_a_list_is_a_run() -> None:
    doubtful = tracing(run=Run("1", "pytest", doubt="it is cut off"))

    assert reason(doubtful | listing(TEST, id="1")) is Reason.INCOMPLETE_TRACE


def test_a_doubtful_trace_proves_nothing_even_if_another_does() -> None:
    doubtful = tracing(run=Run("bad", "pytest", doubt="its trace is damaged"))

    assert reason(doubtful) is Reason.INCOMPLETE_TRACE
    assert reason(doubtful | tracing()) is Reason.INCOMPLETE_TRACE


def test_a_run_in_which_it_may_not_have_been_there_proves_nothing() -> None:
    both = tracing() | tracing(run=Run("other", "pytest"))

    assert reason(both) is Reason.NOT_OPENED
    for run in ("good", "other"):
        one = frozenset({run})
        assert reason(both, newer_than=one) is Reason.NEWER_THAN_EVIDENCE
        assert reason(both, changed_since=one) is Reason.NEWER_THAN_EVIDENCE


def test_what_is_newer_than_a_run_is_used_if_that_opened_it() -> None:
    assert reason(tracing() | opening(), newer_than=frozenset({"good"})) is Reason.OPENED


def test_a_run_that_is_doubtful_in_one_of_two_files_is_doubtful() -> None:
    again = Evidence(runs=frozenset({Run("good", "pytest", doubt="lines are lost")}))

    assert reason(tracing() | again) is Reason.INCOMPLETE_TRACE


def test_a_test_that_was_not_traced_proves_nothing() -> None:
    assert reason(tracing(traced=False)) is Reason.INCOMPLETE_TRACE


def test_a_test_that_passed_in_a_report_only_proves_nothing() -> None:
    ended = {TEST: frozenset({Ending(Outcome.PASSED, "1")})}

    assert reason(listing(TEST) | Evidence(endings=ended)) is Reason.LISTED_ONLY


def test_a_test_of_the_same_id_in_another_folder_proves_nothing() -> None:
    assert reason(tracing(base="other")) is Reason.OTHER_ROOT
    assert reason(tracing(base="tests")) is Reason.OTHER_ROOT
    assert reason(tracing(base="tests"), bases=frozenset({"tests"})) is Reason.NOT_OPENED
    assert reason(tracing(), bases=frozenset()) is Reason.OTHER_ROOT
    assert reason(tracing(), bases=frozenset({"", "tests"})) is Reason.OTHER_ROOT


def test_a_test_of_another_tree_is_another_test() -> None:
    run = Run("2", "pytest", commit="c")
    failed = tracing(Outcome.FAILED, run=run, base="b")

    assert reason(tracing(run=run) | failed) is Reason.NOT_PASSED
    assert reason(tracing(run=run) | failed, other_bases=frozenset({"b"})) is Reason.NOT_OPENED
    assert reason(failed, other_bases=frozenset({"b"})) is Reason.NEVER_RAN


def test_without_a_commit_it_is_unclear_which_of_several_trees_a_run_is_of() -> None:
    assert reason(tracing(), other_bases=frozenset({"b"})) is Reason.OTHER_ROOT


def test_a_file_that_traces_do_not_hold_is_unknown() -> None:
    assert reason(tracing(), Case("tests/a/recordings/one.txt", TEST)) is Reason.UNTRACEABLE


def test_a_shared_recording_is_unused_only_if_all_listed_tests_passed() -> None:
    shared = Case(PATH, None, vouched=True)
    other = "tests/a.py::t"

    assert reason(tracing(), shared) is Reason.SHARED
    assert reason(listing(TEST, other) | tracing(), shared) is Reason.SHARED
    whole = listing(TEST, other) | tracing() | tracing(test=other)
    assert reason(whole, shared) is Reason.NOBODY_OPENED
    assert reason(whole, shared, vouched=False) is Reason.SHARED
    assert reason(whole, shared, lists=frozenset()) is Reason.SHARED
    assert reason(whole, shared, bases=frozenset({"b"})) is Reason.SHARED
    assert reason(whole, shared, newer_than=frozenset({"good"})) is Reason.SHARED
    assert reason(whole, shared, changed_since=frozenset({"good"})) is Reason.SHARED
    doubtful = Evidence(runs=frozenset({Run("3", "pytest", doubt="it connected")}))
    assert reason(whole | doubtful, shared) is Reason.SHARED
    assert reason(whole, shared, bases=frozenset()) is Reason.SHARED
    hidden = tracing(traced=False, run=Run("4", "pytest"))
    assert reason(whole | hidden, shared) is Reason.SHARED
    skipped = tracing(Outcome.SKIPPED, test="tests/z.py::t", run=Run("2", "pytest"))
    assert reason(whole | skipped, shared) is Reason.SHARED
    assert reason(whole | listing("tests/z.py::t", id="2"), shared) is Reason.SHARED


# Where files are


@pytest.mark.parametrize(
    "path",
    [
        PATH.removeprefix("tests/"),
        f"project/{PATH}",
        f"/builds/7/project/{PATH}",
        PATH.upper(),
    ],
)
def test_a_run_may_have_another_root(path: str) -> None:
    evidence = tracing() | Evidence(openings={path.lower(): frozenset({Opening(TEST, GOOD.id)})})

    assert reason(evidence) is Reason.OPENED


def test_a_file_of_that_name_in_another_folder_makes_it_unknown() -> None:
    elsewhere = PATH.replace("/a/", "/b/")

    assert reason(tracing() | opening(elsewhere)) is Reason.OPENED_ELSEWHERE


@pytest.mark.parametrize(
    ("listed", "has_others"),
    [
        (TEST, False),
        ("tests/a/test_a.py::test_b[y]", True),
        ("tests/a/test_a.py::test_b", True),
        ("tests/a/test_a.py::test_c[x]", False),
        ("tests/b/test_a.py::test_b[x]", False),
    ],
)
def test_a_test_may_be_listed_with_other_parameters_only(listed: str, has_others: bool) -> None:
    assert listing(listed).has_other_parameters(r"./tests\a\test_a.py::test_b[x]") is has_others


@pytest.mark.parametrize(
    ("listed", "is_one"),
    [
        ("tests/a/test_a.py::T::test_b[y::z]", True),
        ("tests/a/test_a.py::T::test_b[[z]", True),
        ("tests/a/test_a.py::T::test_c[x]", False),
        ("tests/a/test_a.py::U::test_b[y]", False),
    ],
)
def test_parameters_are_what_stands_in_brackets(listed: str, is_one: bool) -> None:
    mine = "tests/a/test_a.py::T::test_b[[a::b]"

    assert listing(listed).has_other_parameters(mine) is is_one


def test_a_file_that_was_not_collected_is_told_of_a_test_in_a_class() -> None:
    evidence = listing("tests/c.py::T::t") | Evidence(uncollected=frozenset({"tests/a.py"}))

    assert reason(evidence, Case(PATH, "tests/a.py::T::t")) is Reason.NOT_COLLECTED


def test_a_file_of_which_tests_were_collected_is_known_by_a_test_in_a_class() -> None:
    evidence = listing("tests/a.py::T::u")
    case = Case(PATH, "tests/a.py::T::t", in_sources=None, vouched=True)

    assert reason(evidence, case) is Reason.NOT_LISTED


def test_what_a_test_opened_in_a_run_is_known() -> None:
    other = Run("other", "pytest")
    evidence = (
        opening("a.json")
        | opening("b.json")
        | opening("c.json", test="tests/z.py::t")
        | opening("d.json", run=other)
        | opening("e.json", test="")
        | opening("f.json", test=r"tests\a\test_a.py::test_b[x]", run=other)
    )

    assert evidence.opened_by(TEST, "good") == {"a.json", "b.json", "e.json"}
    assert evidence.opened_by(TEST, "other") == {"d.json", "e.json", "f.json"}
    assert evidence.opened_by("tests/y.py::t", "good") == {"e.json"}


def test_of_a_file_that_many_opened_it_is_not_known_who_else_did() -> None:
    few, many = (
        Evidence(openings={"a.json": frozenset(Opening(f"t{i}", "1") for i in range(number))})
        for number in (MOST_OPENINGS - 1, MOST_OPENINGS)
    )

    assert few.opened_by(TEST, "good") == frozenset()
    assert many.opened_by(TEST, "good") == {"a.json"}


def test_all_openings_of_a_path_count_however_it_is_spelled() -> None:
    evidence = opening(test="tests/z.py::t") | opening(f"up/{PATH}", test="tests/a.py::t")

    assert evidence.judge(CASE).text == "opened by tests/a.py::t and 1 more"


def test_a_shared_recording_is_unknown_where_a_list_leaves_tests_out() -> None:
    shared = Case(PATH, None, vouched=True)
    whole = listing(TEST) | tracing()
    partial = listing("tests/z.py::t", deselected=1, id="2")

    assert reason(whole | partial, shared) is Reason.SHARED
    assert reason(whole | partial, shared, lists=frozenset({"1"})) is Reason.NOBODY_OPENED
    assert reason(whole | partial | tracing(test="tests/z.py::t"), shared) is Reason.SHARED


# Words


def test_flaws_name_the_run() -> None:
    evidence = tracing(run=Run("1", "pytest -x", "tests failed")) | tracing()

    assert evidence.flaws == ("pytest -x: tests failed",)


def test_shards_are_runs_and_without_any_lists() -> None:
    lists = listing("tests/a.py::t", id="1") | listing("tests/b.py::t", id="2")

    assert lists.shards == 2
    assert (lists | tracing()).shards == 1


def test_all_that_is_known_of_a_recording_is_told() -> None:
    evidence = listing(TEST) | tracing() | opening(test="tests/z.py::t")

    assert evidence.about(CASE) == (
        "opened by tests/z.py::t, in pytest",
        "its test passed in pytest",
        "its test is in 1 test list",
    )


# Whose a recording is


def recording(test_id: str | None, url: str, **more: object) -> Recording:
    request = {"method": "POST", "url": url, "body": {}, "endpoint": "/v1/x", "model": "m"}
    document = {"test_id": test_id, "request": request | more, "response": {"body": None}}
    unnamed = Recording("", document, 0)
    name = str(name_under(published().target, unnamed))
    return Recording(name, document, 0)


def test_the_recording_of_a_test_is_its_own() -> None:
    mine = recording(TEST, "https://host/v1/x")

    assert case_of(PATH, mine, published()) == Case(PATH, TEST, shared=False)


def test_a_recording_whose_hash_has_no_test_id_is_shared() -> None:
    models = recording(TEST, "https://host/v1/models")
    tool = Recording(
        "0" * 64 + ".json",
        {
            "test_id": TEST,
            "request": {"test_id": TEST, "provider": "p", "tool_name": "t", "kwargs": {}},
            "response": {"body": None},
        },
        0,
    )

    assert case_of(PATH, models, published()).shared
    assert case_of(PATH, tool, published()).shared
    assert case_of(PATH, recording(None, "https://host/v1/x"), published()).shared


def test_a_recording_whose_hash_cannot_be_had_is_shared() -> None:
    mine = recording(TEST, "https://host/v1/x")
    broken = Recording(mine.file_name, {**mine.document, "request": {}}, 0)

    assert case_of(PATH, broken, published()).shared


def test_a_recording_with_a_short_name_is_shared() -> None:
    mine = recording(TEST, "https://host/v1/x")
    short = Recording(f"{mine.file_name[:12]}.json", mine.document, 0)

    assert case_of(PATH, short, published()).shared


# Laws

LAW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Evidence is much to make up, where others are at work on the same cores."""

TESTS = st.sampled_from([f"tests/a.py::t[{number}]" for number in range(3)] + ["tests/a.py::u"])
PATHS = st.sampled_from([f"tests/recordings/{number}.json" for number in range(4)])
RUNS = st.builds(
    Run,
    st.sampled_from("123"),
    st.just("pytest"),
    st.sampled_from(["", "tests failed"]),
    st.sampled_from(["", "", "its trace is damaged"]),
    commit=st.sampled_from(["", "c", "d"]),
)


@st.composite
def evidence(draw: st.DrawFn) -> Evidence:
    """What one or several files may hold."""
    ids = st.sampled_from("123")
    ending = st.builds(
        Ending, st.sampled_from(Outcome), ids, st.sampled_from(["", "tests"]), st.booleans()
    )
    return Evidence(
        lists=draw(
            st.frozensets(
                st.builds(TestList, ids, st.just("l"), st.just(1), st.integers(0, 1)), max_size=1
            )
        ),
        listed=draw(st.dictionaries(TESTS, st.frozensets(st.just("1"), min_size=1), max_size=3)),
        uncollected=draw(st.frozensets(st.just("tests/a.py"), max_size=1)),
        runs=draw(st.frozensets(RUNS, max_size=3)),
        endings=draw(
            st.dictionaries(TESTS, st.frozensets(ending, min_size=1, max_size=2), max_size=3)
        ),
        openings=draw(
            st.dictionaries(
                PATHS,
                st.frozensets(st.builds(Opening, TESTS, ids), min_size=1, max_size=3),
                max_size=2,
            )
        ),
    )


OF_IDS = st.frozensets(st.sampled_from("123"), max_size=1)
CASES = st.builds(
    Case,
    PATHS,
    st.none() | TESTS,
    st.booleans(),
    other_bases=st.sampled_from([frozenset(), frozenset({"tests"})]),
    newer_than=OF_IDS,
    changed_since=OF_IDS,
    in_sources=st.sampled_from([True, False, None]),
    written=st.none() | st.frozensets(TESTS, max_size=3),
    vouched=st.booleans(),
)


@LAW
@given(evidence(), evidence(), evidence())
def test_evidence_can_be_merged_in_any_order(a: Evidence, b: Evidence, c: Evidence) -> None:
    assert (a | b) | c == a | (b | c) == merged([c, a, b])
    assert a | b == b | a


def test_a_test_is_in_all_lists_that_have_it() -> None:
    assert (listing(TEST, id="1") | listing(TEST, id="2")).listed == {TEST: frozenset({"1", "2"})}


@LAW
@given(evidence())
def test_evidence_merged_with_itself_or_none_stays(one: Evidence) -> None:
    assert one | one == one == one | Evidence()


@settings(deadline=None)
@given(st.lists(st.frozensets(st.builds(Opening, st.text(max_size=3), st.text(max_size=2)))))
def test_however_many_openings_are_merged_the_same_are_kept(
    all_of: list[frozenset[Opening]],
) -> None:
    parts = [Evidence(openings={PATH: openings}) for openings in all_of if openings]

    assert merged(parts) == merged(reversed(parts)) == merged([*parts, merged(parts)])
    assert all(len(kept) <= MOST_OPENINGS for kept in merged(parts).openings.values())


@LAW
@given(evidence(), PATHS, TESTS, CASES)
def test_an_opening_never_makes_anything_unused(
    before: Evidence, path: str, test: str, case: Case
) -> None:
    after = before | Evidence(openings={path: frozenset({Opening(test, "1")})})

    if after.judge(case).verdict is Verdict.UNUSED:
        assert before.judge(case).verdict is Verdict.UNUSED


@LAW
@given(evidence(), CASES, CASES)
def test_what_is_known_less_well_is_never_unused_for_that(
    all_of: Evidence, case: Case, other: Case
) -> None:
    """What a recording is newer than, and what may live, takes proof away and never adds any."""
    less = replace(
        case,
        newer_than=case.newer_than | other.newer_than,
        changed_since=case.changed_since | other.changed_since,
        in_sources=True,
        vouched=False,
        written=None,
    )

    if all_of.judge(less).verdict is Verdict.UNUSED:
        assert all_of.judge(case).verdict is Verdict.UNUSED


@LAW
@given(evidence(), CASES)
def test_what_was_opened_is_never_anything_but_used(all_of: Evidence, case: Case) -> None:
    if case.path in all_of.openings:
        assert all_of.judge(case).verdict is Verdict.USED


@LAW
@given(evidence(), CASES, st.sampled_from(sorted(set(Outcome) - {Outcome.PASSED})))
def test_what_a_test_owns_that_ended_badly_in_any_run_is_never_unused(
    before: Evidence, case: Case, outcome: Outcome
) -> None:
    if case.test_id is None or outcome is Outcome.DESELECTED:
        return
    ended = {case.test_id: frozenset({Ending(outcome, "1")})}
    after = before | Evidence(runs=frozenset({Run("1", "pytest")}), endings=ended)

    assert after.judge(case).verdict is not Verdict.UNUSED


MAY_TURN = {
    Reason.NO_EVIDENCE: set(Reason),
    Reason.NEVER_RAN: {Reason.NOT_OPENED, Reason.NOT_LISTED, Reason.PARAMETERS_GONE},
    Reason.OTHER_TREE: {Reason.NOT_OPENED, Reason.NOT_LISTED, Reason.PARAMETERS_GONE},
    Reason.LISTED_ONLY: {Reason.NOT_OPENED},
    Reason.DESELECTED: {Reason.NOT_OPENED},
    Reason.PARTIAL_LIST: {Reason.NOT_OPENED},
    Reason.OTHER_PARAMETERS: {Reason.NOT_OPENED},
    Reason.NOT_COLLECTED: {Reason.NOT_OPENED, Reason.NOT_LISTED, Reason.PARAMETERS_GONE},
    Reason.SHARED: {Reason.NOBODY_OPENED},
}
"""Why something is unknown for want of evidence -> why it may turn out unused by more of it."""


def test_each_reason_is_told_by_a_run_or_may_turn_or_is_a_verdict() -> None:
    unused = {
        Reason.NOT_LISTED,
        Reason.PARAMETERS_GONE,
        Reason.NOT_OPENED,
        Reason.NOBODY_OPENED,
    }
    of_names = {Reason.MISNAMED}
    assert MAY_TURN.keys() | TELLING | unused | of_names == set(Reason)
    assert not MAY_TURN.keys() & TELLING


def sound(one: Evidence) -> Evidence:
    """The same with a run for each ending that is of none, as a file's evidence has it."""
    told = {ending.source for ended in one.endings.values() for ending in ended}
    known = {run.id for run in one.runs} | {held.id for held in one.lists}
    return one | Evidence(runs=frozenset(Run(missing, "pytest") for missing in told - known))


@settings(LAW, max_examples=400)
@given(evidence(), evidence(), CASES)
def test_more_evidence_takes_back_nothing_that_a_run_has_against_being_unused(
    one: Evidence, more: Evidence, case: Case
) -> None:
    before, after = sound(one).judge(case), (sound(one) | sound(more)).judge(case)

    if after.verdict is Verdict.UNUSED and before.verdict is not Verdict.UNUSED:
        assert after.reason in MAY_TURN[before.reason]
        file = (case.test_id or "").partition("::")[0]
        assert file not in one.uncollected


@settings(LAW, max_examples=400)
@given(st.data())
def test_a_test_that_two_runs_ended_is_unused_only_if_both_alone_say_so(
    data: st.DataObject,
) -> None:
    """However they differ: in what they open, in doubts, in what they were too old for."""
    case = Case(PATH, TEST, newer_than=data.draw(OF_IDS), changed_since=data.draw(OF_IDS))
    parts = []
    for name in "12":
        outcomes = st.sampled_from([Outcome.PASSED] * 4 + sorted(set(Outcome)))
        run = Run(name, "pytest", doubt=data.draw(st.sampled_from(["", "", "killed"])))
        ended = tracing(data.draw(outcomes), run=run, traced=data.draw(st.booleans()))
        opens = data.draw(st.sampled_from([None, None, PATH, PATH.replace("/a/", "/b/")]))
        parts.append(ended | opening(opens, run=run) if opens else ended)
    alone = [one.judge(case) for one in parts]
    expected = [one.verdict for one in alone if one.reason is not Reason.DESELECTED]

    is_unused = merged(parts).judge(case).verdict is Verdict.UNUSED
    assert is_unused == bool(expected and set(expected) == {Verdict.UNUSED})

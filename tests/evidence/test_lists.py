"""Lists of tests: what is read out of them, and what is refused."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl.errors import UsageError
from recctl.evidence import Case, Ending, Evidence, Outcome, Reason, read
from recctl.evidence.lists import evidence_of
from tests.evidence.projects import Project

COLLECTED = "tests/a.py::t[1]\ntests/a.py::T::u\n\n2 tests collected in 0.01s\n"


def of(text: str | bytes) -> Evidence:
    return evidence_of("LIST", text.encode() if isinstance(text, str) else text)


def refusal(text: str | bytes) -> str:
    with pytest.raises(UsageError) as caught:
        of(text)
    message = str(caught.value)
    assert message.startswith("LIST: ")
    assert "\n" not in message
    return message.removeprefix("LIST: ")


def test_plain_ids_are_listed_comments_and_empty_lines_are_not() -> None:
    evidence = of("# all\n\ntests/a.py::t\ntests/a.py::T::u[a b::c]\n")

    assert set(evidence.listed) == {"tests/a.py::t", "tests/a.py::T::u[a b::c]"}
    assert [(one.name, one.tests, one.root) for one in evidence.lists] == [("LIST", 2, "")]


def test_a_list_is_told_from_others_by_what_it_holds() -> None:
    (one,) = of("tests/a.py::t\n").lists

    assert one.id == sha256(b"tests/a.py::t\n").hexdigest()[:16]


def test_ids_are_spelled_in_one_way_and_without_spaces_around() -> None:
    evidence = of("  ./tests/a.py::t \r\ntests\\a.py::uX\n")

    assert set(evidence.listed) == {"tests/a.py::t", "tests/a.py::uX"}
    assert set(evidence.listed.values()) == {frozenset(one.id for one in evidence.lists)}


def test_what_pytest_collects_is_listed() -> None:
    assert set(of(COLLECTED).listed) == {"tests/a.py::t[1]", "tests/a.py::T::u"}


@pytest.mark.parametrize(
    "text",
    [
        COLLECTED.replace("\n", "\r\n"),
        "\ufeff" + COLLECTED,
        COLLECTED.encode("utf-16"),
        "Using --randomly-seed=1\n" + COLLECTED,
        COLLECTED.replace("2 tests", "\x1b[2K\x1b[1;32m2 tests"),
        COLLECTED.replace("2 tests", "\x1b[32m\x1b[32m2 tests").replace("0.01s", "0.01s\x1b[0m"),
        COLLECTED.replace(
            "\n\n2",
            "\n\n=== warnings summary ===\ntests/a.py:5\n  a.py::x: PytestWarning: no\n\n2",
        ),
        COLLECTED.replace("0.01s", "75.02s (0:01:15)"),
        COLLECTED + "report saved\n",
    ],
)
def test_what_stands_around_the_ids_is_passed_over(text: str | bytes) -> None:
    assert set(of(text).listed) == {"tests/a.py::t[1]", "tests/a.py::T::u"}


def test_several_outputs_may_follow_each_other() -> None:
    evidence = of(COLLECTED + "tests/b.py::v\n\n1 test collected in 0.01s\n")

    assert len(evidence.listed) == 3


def test_a_list_knows_how_many_tests_it_leaves_out() -> None:
    part = "tests/a.py::t\n\n1/4 tests collected (3 deselected) in 0.01s\n"

    assert [one.deselected for one in of(part).lists] == [3]
    assert [one.deselected for one in of(COLLECTED + part + part).lists] == [6]


def test_a_file_that_is_told_to_be_skipped_was_not_collected() -> None:
    evidence = of(COLLECTED + "SKIPPED [1] ./tests/b.py:3: could not import 'x'\n")

    assert evidence.uncollected == {"tests/b.py"}
    assert len(evidence.listed) == 2


def test_escapes_stay_as_pytest_writes_them() -> None:
    test = r"tests/a.py::t[\u00e9\nb]"

    assert set(of(f"{test}\n").listed) == {test}


def test_ids_with_a_group_of_xdist_are_listed_without_it_too() -> None:
    assert set(of("a.py::t[x@y]@g\n").listed) == {"a.py::t[x@y]@g", "a.py::t[x@y]"}


MAKE = "make it with: pytest --collect-only -q > tests.txt"
MEND = "mend that, then make it again: pytest --collect-only -q > tests.txt"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        (" \n\n", "empty"),
        ("# nothing\n", "empty: it holds no tests"),
        ("no tests collected in 0.01s\n", "empty: it holds no tests"),
        ("tests/a.py::t\ntests/a.p", "truncated: its last line does not end"),
        (
            COLLECTED.replace("2 tests", "3 tests"),
            "truncated: it says '3 tests collected in 0.01s' and lists 2",
        ),
        (
            COLLECTED.replace("2 tests", "no tests"),
            "truncated: it says 'no tests collected in 0.01s' and lists 2",
        ),
        (
            COLLECTED.replace("2 tests", "  1 test").replace("0.01s", "0.01s "),
            "truncated: it says '1 test collected in 0.01s' and lists 2",
        ),
        (
            COLLECTED + "tests/b.py::v\n",
            "truncated: no closing line after the last one, tests/b.py::v",
        ),
        (
            COLLECTED + "tests/b.py::v\ntests/b.py::w\n\n",
            "truncated: no closing line after the last one, tests/b.py::w",
        ),
        ("<Dir x>\n  <Module a.py>\n", "line 1 is of a tree, which -q leaves out"),
        ("a.py::t\n  <Function t>  \n", "line 2 is of a tree, which -q leaves out"),
        ("tests/a.py: 12\n", "line 1 only counts tests, as -qq does"),
        (
            "tests/a.py::t PASSED    [ 50%]\n",
            "line 1 tells how a test ended; others may be missing",
        ),
        (
            "tests/a.py::t SKIPPED (no key)  [ 50%]\n",
            "line 1 tells how a test ended; others may be missing",
        ),
        (
            "\n# x\nFAILED tests/a.py::t - assert 0\n",
            "line 3 tells how a test ended; others may be missing",
        ),
        (
            "[gw0] [ 50%] PASSED tests/a.py::t\n",
            "line 1 tells how a test ended; others may be missing",
        ),
        ("usage: pytest [options]\n", "line 1 is no node id of a test: usage: pytest [options]"),
        ("::\n", "line 1 is no node id of a test: ::"),
        ("a.py:: \n", "line 1 is no node id of a test: a.py:: "),
        ("::T::t\n", "line 1 is no node id of a test: ::T::t"),
        (
            COLLECTED + "a.py::" + "é" * 130,
            f"truncated: no closing line after the last one, a.py::{'é' * 114}",
        ),
        (" ::t\n", "line 1 is no node id of a test:  ::t"),
        ("a.py::t\n" + "é" * 130, "truncated: its last line does not end"),
        ("é" * 130 + "\n", f"line 1 is no node id of a test: {'é' * 120}"),
        (b"tests/a.py::\xff\n", "not UTF-8 at byte 12"),
        (b"\xff\xfea", "not UTF-16 at byte 2"),
        ("[" * 100_000, "truncated: its last line does not end"),
    ],
)
def test_a_list_that_may_not_be_whole_is_refused(text: str | bytes, why: str) -> None:
    assert refusal(text) == f"{why}; {MAKE}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            COLLECTED.replace("collected", "collected, 1 error"),
            "tests could not be collected: 2 tests collected, 1 error in 0.01s",
        ),
        (
            "ERROR tests/a.py - ImportError\n",
            "line 1 tells of an error: ERROR tests/a.py - ImportError",
        ),
        (
            "a.py::t\n_____ ERROR collecting tests/b.py _____\n",
            "line 2 tells of an error: _____ ERROR collecting tests/b.py _____",
        ),
        (
            "a.py::t\n!!! Interrupted: 1 error during collection !!!\n",
            "line 2 tells of an error: !!! Interrupted: 1 error during collection !!!",
        ),
        ("ERROR " + "é" * 200 + "\n", f"line 1 tells of an error: ERROR {'é' * 114}"),
    ],
)
def test_a_list_that_tells_of_errors_is_to_be_made_again(text: str, why: str) -> None:
    assert refusal(text) == f"{why}; {MEND}"


def test_a_trace_that_is_given_as_a_list_is_told_as_one() -> None:
    assert refusal('{"kind":"run"}') == ("a trace, and no list of tests; give it as: --trace LIST")


def test_a_refusal_is_harmless_and_short() -> None:
    message = refusal(b"\x1b]0;owned\x07" + b"x" * 10_000 + b"\n")

    assert "\x1b" not in message
    assert len(message) < 300


@settings(deadline=None)
@given(st.integers(0, len(COLLECTED) - 1))
def test_no_list_that_pytest_made_is_taken_when_cut_within_a_line(place: int) -> None:
    cut = COLLECTED[:place]
    if cut and not cut.endswith("\n") and not cut.rstrip().endswith("s"):
        with pytest.raises(UsageError):
            of(cut)


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_is_in_a_list_it_is_read_or_refused(raw: bytes) -> None:
    try:
        message = "" if evidence_of("LIST", raw).listed else "\n"
    except UsageError as error:
        message = str(error)
    assert "\n" not in message


# pytest-json-report


def report(**changes: Any) -> dict[str, Any]:
    collected: dict[str, Any] = {
        "exitcode": 1,
        "summary": {"passed": 1, "failed": 1, "total": 2, "collected": 2},
        "collectors": [
            {"nodeid": "", "outcome": "passed", "result": [{"nodeid": "a.py", "type": "Module"}]},
            {
                "nodeid": "a.py",
                "outcome": "passed",
                "result": [
                    {"nodeid": "a.py::t", "type": "Function", "lineno": 1},
                    {"nodeid": "a.py::u", "type": "Function", "lineno": 2},
                ],
            },
        ],
        "tests": [
            {"nodeid": "a.py::t", "outcome": "passed"},
            {"nodeid": "a.py::u", "outcome": "failed"},
        ],
    }
    return {key: value for key, value in (collected | changes).items() if value is not None}


def of_report(**changes: Any) -> Evidence:
    return of(json.dumps(report(**changes)))


def test_a_report_lists_tests_and_how_they_ended() -> None:
    evidence = of_report()

    assert set(evidence.listed) == {"a.py::t", "a.py::u"}
    assert {test: {one.outcome for one in ended} for test, ended in evidence.endings.items()} == {
        "a.py::t": {Outcome.PASSED},
        "a.py::u": {Outcome.FAILED},
    }


def test_a_report_may_stand_after_spaces() -> None:
    assert set(of(" \n" + json.dumps(report())).listed) == {"a.py::t", "a.py::u"}


def test_a_report_of_collection_alone_lists_what_was_collected() -> None:
    evidence = of_report(tests=[], exitcode=0)

    assert set(evidence.listed) == {"a.py::t", "a.py::u"}


def test_a_report_without_collectors_leaves_deselected_tests_out() -> None:
    evidence = of_report(collectors=None, summary={"collected": 5, "deselected": 3})

    assert [one.deselected for one in evidence.lists] == [3]


def test_a_file_that_a_report_has_as_skipped_was_not_collected() -> None:
    skipped = {"nodeid": "b.py", "outcome": "skipped", "result": []}
    evidence = of_report(collectors=[*report()["collectors"], skipped])

    assert evidence.uncollected == {"b.py"}


def test_a_report_says_which_folder_its_ids_count_from() -> None:
    assert [one.root for one in of_report(root="/builds/7").lists] == ["/builds/7"]
    assert [one.root for one in of_report().lists] == [""]
    assert [one.root for one in of_report(root=7).lists] == [""]


def test_a_report_may_have_more_tests_than_were_collected() -> None:
    evidence = of_report(summary={"collected": 1})

    assert [(one.tests, one.deselected) for one in evidence.lists] == [(2, 0)]


def test_what_collects_is_no_test_and_neither_is_what_has_no_line() -> None:
    collectors = [
        {"nodeid": "a.py", "result": [{"nodeid": "a.py::T", "lineno": 1}]},
        {
            "nodeid": "a.py::T",
            "result": [{"nodeid": "a.py::T::t", "lineno": 2}, {"nodeid": "a.py::x"}],
        },
    ]
    evidence = of_report(collectors=collectors, tests=[], summary={"collected": 1})

    assert set(evidence.listed) == {"a.py::T::t"}


def test_an_end_of_no_known_kind_is_a_failure() -> None:
    evidence = of_report(tests=[{"nodeid": "./a.py::t[x]@g", "outcome": "lost"}])

    assert evidence.endings == {
        "a.py::t[x]": frozenset({Ending(Outcome.FAILED, min(evidence.lists).id)})
    }


def test_what_is_skipped_inside_of_a_file_is_that_file() -> None:
    skipped = {"nodeid": "./b.py::T::U", "outcome": "skipped", "result": []}

    assert of_report(collectors=[skipped]).uncollected == {"b.py"}


REPORT = "make it with: pytest --json-report --json-report-file report.json"
NO_FORM = "of no known form: "


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"exitcode": 2}, "it reports a run that failed: interrupted"),
        ({"exitcode": 3}, "it reports a run that failed: exit code 3"),
        ({"exitcode": 4}, "it reports a run that failed: exit code 4"),
        ({"exitcode": 5}, "empty: it holds no tests"),
        ({"summary": {"collected": 3}}, "truncated: 3 tests were collected, 2 are in it"),
        ({"summary": {"collected": 9}}, "truncated: 9 tests were collected, 2 are in it"),
        (
            {"summary": {"collected": 1_005, "deselected": 1_002}},
            "truncated: 1,005 tests were collected, 2 are in it",
        ),
        ({"summary": {}}, f"{NO_FORM}its summary has no count of tests"),
        (
            {"summary": {"collected": 2, "deselected": "1"}},
            f"{NO_FORM}its summary has no count of tests",
        ),
        ({"summary": []}, f"{NO_FORM}JSON, but not that of pytest-json-report"),
        ({"exitcode": "0"}, f"{NO_FORM}JSON, but not that of pytest-json-report"),
        ({"tests": "many"}, f"{NO_FORM}its tests are no list of objects"),
        ({"tests": [1]}, f"{NO_FORM}its tests are no list of objects"),
        ({"collectors": {}}, f"{NO_FORM}its collectors are no list of objects"),
        ({"collectors": [{"result": 1}]}, f"{NO_FORM}its result are no list of objects"),
        ({"collectors": [{"result": [{}]}]}, f"{NO_FORM}a nodeid is no text"),
        ({"tests": [{"nodeid": 1, "outcome": "passed"}]}, f"{NO_FORM}a nodeid is no text"),
        (
            {"collectors": [{"nodeid": 1, "outcome": "skipped"}]},
            f"{NO_FORM}a nodeid is no text",
        ),
        ({"tests": [{"nodeid": "a", "outcome": 1}]}, f"{NO_FORM}a outcome is no text"),
    ],
)
def test_a_report_that_may_not_be_whole_is_refused(changes: dict[str, Any], why: str) -> None:
    assert refusal(json.dumps(report(**changes))) == f"{why}; {REPORT}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "truncated, or no JSON: it goes wrong at line 1"),
        ('{"a": 1\n}}', "truncated, or no JSON: it goes wrong at line 2"),
        ('{"a": ' + "9" * 5_000 + "}", "truncated, or no JSON: it goes wrong"),
        ("{}", f"{NO_FORM}JSON, but not that of pytest-json-report"),
        ('{"a": ' + "[" * 100_000, f"{NO_FORM}JSON nested too deep"),
    ],
)
def test_what_is_no_report_is_refused(text: str, why: str) -> None:
    assert refusal(text) == f"{why}; {REPORT}"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"exitcode": 0, "tests": [], "collectors": [], "summary": {"collected": 0}},
            f"empty: it holds no tests; {MAKE}",
        ),
        ({"tests": None}, f"it has a summary only; {REPORT}, without --json-report-summary"),
        (
            {"collectors": [{"nodeid": "b.py", "outcome": "failed"}]},
            f"tests could not be collected; {MEND}",
        ),
    ],
)
def test_a_report_without_tests_is_refused_with_what_to_do(
    changes: dict[str, Any], why: str
) -> None:
    assert refusal(json.dumps(report(**changes))) == why


@settings(deadline=None)
@given(st.integers(1, len(json.dumps(report())) - 1))
def test_a_report_that_is_cut_off_is_refused(place: int) -> None:
    with pytest.raises(UsageError):
        of(json.dumps(report())[:place])


# As the tools write them


def test_real_output_of_pytest_is_read(tmp_path: Path) -> None:
    project = Project(
        tmp_path,
        """
        @pytest.mark.parametrize("text", ["a b", "x::y", "é\\n", "[z]"])
        def test_text(text): pass
        class TestA:
            def test_b(self): pass
        """,
    )
    whole = project.pytest("--collect-only")
    part = project.pytest("--collect-only", "-k", "TestA")

    assert len(of(whole.raw).listed) == 5
    assert "tests/test_it.py::test_text[a b]" in of(whole.raw).listed
    assert [(one.tests, one.deselected) for one in of(part.raw).lists] == [(1, 4)]


def test_a_real_report_is_read_with_and_without_xdist(tmp_path: Path) -> None:
    pytest.importorskip("pytest_jsonreport")
    project = Project(
        tmp_path,
        """
        def test_a(): pass
        def test_b(): assert 0
        @pytest.mark.skip
        def test_c(): pass
        """,
    )
    plugins = ("-p", "pytest_metadata.plugin", "-p", "pytest_jsonreport.plugin", "--json-report")
    for more in ((), ("-p", "xdist", "-n", "1")):
        project.pytest(*plugins, *more)
        evidence = of((tmp_path / ".report.json").read_bytes())

        assert len(evidence.listed) == 3
        ends = {test.rpartition("_")[2]: min(ended) for test, ended in evidence.endings.items()}
        assert {test: end.outcome for test, end in ends.items()} == {
            "a": Outcome.PASSED,
            "b": Outcome.FAILED,
            "c": Outcome.SKIPPED,
        }


# Files


def test_lists_are_read_from_files_and_from_standard_input(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("a.py::t\n")

    evidence = read([str(tmp_path / "list"), "-"], stdin=b"b.py::t\n")

    assert set(evidence.listed) == {"a.py::t", "b.py::t"}
    assert evidence.judge(Case("x.json", "c.py::t")).reason is Reason.NOT_LISTED


def test_one_list_given_twice_is_one(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text("a.py::t\n")

    assert read([str(tmp_path / "one"), str(tmp_path / "two")]).shards == 1


def refused(tests: str) -> str:
    with pytest.raises(UsageError) as told:
        read([tests])
    return str(told.value)


def test_a_list_that_is_not_there_is_refused(tmp_path: Path) -> None:
    missing = tmp_path / "missing\n"

    assert refused(str(missing)) == (
        f"--tests {tmp_path}/missing\\n: no such file or directory; {MAKE}"
    )


def test_a_refusal_names_the_option_and_the_list(tmp_path: Path) -> None:
    trace = tmp_path / "t.jsonl"
    trace.write_text('{"kind":"run","run":"0123456789abcdef"}\n')

    assert refused(str(trace)) == (
        f"--tests {trace}: a trace, and no list of tests; give it as: --trace {trace}"
    )
    assert refused("-") == (
        "--tests standard input: empty; make it with: pytest --collect-only -q > tests.txt"
    )

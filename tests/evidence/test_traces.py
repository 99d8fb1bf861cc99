"""Traces: what is read out of them, whole, cut off and made up."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from recctl import schema
from recctl.errors import UsageError
from recctl.evidence import (
    Case,
    Ending,
    Evidence,
    Judgement,
    Opening,
    Outcome,
    Reason,
    Verdict,
    read,
)
from recctl.evidence.border import LINE
from recctl.evidence.traces import MOST_LINE_BYTES
from tests.cli import needs_posix
from tests.strategies import TEXTS, mutated

RUN = "0123456789abcdef"
TEST = "tests/a.py::t"
USED = "tests/recordings/used.json"
OTHER = "tests/recordings/other.json"


def line(kind: str, run: str = RUN, **members: Any) -> str:
    return json.dumps({"kind": kind, "run": run, **members}, separators=(",", ":")) + "\n"


def begun(run: str = RUN, command: str = "pytest", *, worker: str | None = None) -> list[str]:
    started = "2026-04-09T12:00:00.000000Z"
    return [
        line("run", run, version=1, recctl="1", root="/x", command=[command], started=started),
        line("process", run, pid=1, python="3.11.7", traced=True),
        line("session", run, session="s", pid=1, worker=worker, traced=True, base=""),
    ]


def opened(path: str = USED, run: str = RUN, **test: str) -> str:
    return line("open", run, path=path, pid=1, **test)


def ended(outcome: str = "passed", test: str = TEST, run: str = RUN) -> str:
    return line("test", run, session="s", id=test, outcome=outcome)


def over(run: str = RUN, code: int = 0) -> list[str]:
    return [line("finished", run, session="s", exit=code, collected=1), line("end", run, exit=code)]


def failed_to_collect(file: str) -> list[str]:
    return [line("collection", session="s", id=file, outcome="failed")]


WHOLE = "".join([*begun(), opened(test=TEST), ended(), *over()])


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "trace.jsonl"


def of(trace: Path, text: str | bytes) -> Evidence:
    trace.write_bytes(text.encode() if isinstance(text, str) else text)
    return read(traces=[str(trace)])


def other(evidence: Evidence) -> Judgement:
    """The verdict on a recording of the test that nobody opened."""
    return evidence.judge(Case(OTHER, TEST))


def test_a_whole_trace_proves_what_was_not_opened(trace: Path) -> None:
    evidence = of(trace, WHOLE)

    assert (evidence.flaws, evidence.doubts, evidence.shards) == ((), (), 1)
    assert evidence.judge(Case(USED, TEST)).reason is Reason.OPENED
    assert other(evidence).reason is Reason.NOT_OPENED


def test_shards_may_share_a_file(trace: Path) -> None:
    second = "f" * 16
    one = [*begun(), opened(), ended(), *over()]
    two = [*begun(second), opened(OTHER, second), ended(test="tests/a.py::u", run=second)]
    mixed = [part for pair in zip(one, [*two, *over(second)], strict=True) for part in pair]

    evidence = of(trace, "".join(mixed))

    assert evidence.shards == 2
    assert other(evidence).verdict is Verdict.USED


KILLED = "a process of pytest was killed, and what it held back is lost"


@pytest.mark.parametrize(
    ("lines", "flaw", "doubt"),
    [
        ([*begun(), opened(), ended()], "it was interrupted", KILLED),
        ([*begun(), opened(), ended(), line("end", exit=0)], "it was interrupted", KILLED),
        ([*begun(), opened(), ended(), *over()[:1]], "it was interrupted", ""),
        ([*begun(), opened(), ended(), *over(code=1)], "tests failed", ""),
        (
            [*begun(), opened(), ended(), *over(code=2)],
            "it was interrupted, or tests could not be collected",
            "",
        ),
        ([*begun(), opened(), ended(), *over(code=3)], "pytest itself failed", ""),
        ([*begun(), opened(), ended(), *over(code=4)], "pytest was called in a wrong way", ""),
        ([*begun(), opened(), ended(), *over(code=5)], "it had no tests", ""),
        ([*begun(), opened(), ended(), *over(code=77)], "pytest exited with 77", ""),
        (
            [*begun(), *failed_to_collect("b.py"), *failed_to_collect("c.py"), *over()],
            "tests could not be collected",
            "",
        ),
        ([*begun(), opened(), *over()[:1], line("end", exit=9)], "it exited with 9", ""),
        (
            [*begun(), opened(), *over(code=1)[:1], line("end", exit=9)],
            "tests failed",
            "",
        ),
        (
            [
                *begun(),
                *over(code=5)[:1],
                line("session", session="t", pid=1, worker=None, traced=True, base=""),
                line("finished", session="t", exit=1, collected=1),
                *over()[1:],
            ],
            "tests failed; it had no tests",
            "",
        ),
    ],
)
def test_a_run_that_failed_or_was_interrupted_says_so(
    lines: list[str], flaw: str, doubt: str, trace: Path
) -> None:
    evidence = of(trace, "".join(lines))

    assert evidence.flaws == (f"pytest: {flaw}",)
    assert evidence.doubts == ((f"pytest: {doubt}",) if doubt else ())


def test_a_run_without_its_beginning_is_called_by_its_id(trace: Path) -> None:
    evidence = of(trace, "".join([opened(), *over()]))

    assert evidence.flaws == evidence.doubts == (f"run {RUN}: its trace has no beginning",)
    (run,) = evidence.runs
    assert (run.started, run.commit, run.dirty) == (0.0, "", False)


def test_all_that_is_wrong_with_a_run_is_told_in_one_line(trace: Path) -> None:
    lost = line("lost", lines=1, pid=1)

    evidence = of(trace, "".join([opened(), lost, *failed_to_collect("b.py"), '{"kind":']))

    incomplete = "its trace is damaged; its trace has no beginning; lines of its trace are lost"
    assert evidence.flaws == (
        f"run {RUN}: {incomplete}; it was interrupted; tests could not be collected",
    )
    assert evidence.doubts == (f"run {RUN}: {incomplete}",)


def test_what_was_run_is_told_as_a_shell_takes_it(trace: Path) -> None:
    evidence = of(trace, WHOLE.replace('["pytest"]', '["pytest","-k","a b"]'))

    assert [run.command for run in evidence.runs] == ["pytest -k 'a b'"]


@pytest.mark.parametrize("outcome", ["failed", "skipped"])
def test_what_was_not_collected_is_told_by_its_file(outcome: str, trace: Path) -> None:
    one = line("collection", session="s", id="./b.py::T::U", outcome=outcome)
    evidence = of(trace, WHOLE + one)

    assert evidence.uncollected == {"b.py"}
    assert bool(evidence.flaws) is (outcome == "failed")


def test_a_trace_tells_how_tests_ended_and_what_they_opened(trace: Path) -> None:
    more = [
        opened("./Tests\\B.json", test="tests/a.py::t@group"),
        opened(),
        ended("skipped", "./tests/a.py::u@group"),
        line("test", session="gone", id=TEST, outcome="failed"),
    ]
    evidence = of(trace, WHOLE + "".join(more))

    assert evidence.openings == {
        USED: frozenset({Opening(TEST, RUN), Opening("", RUN)}),
        "tests/b.json": frozenset({Opening(TEST, RUN)}),
    }
    assert evidence.endings == {
        TEST: frozenset(
            {
                Ending(Outcome.PASSED, RUN, "", True),
                Ending(Outcome.FAILED, RUN, "", False),
            }
        ),
        "tests/a.py::u": frozenset({Ending(Outcome.SKIPPED, RUN, "", True)}),
    }


def test_an_ending_has_the_folder_of_its_session(trace: Path) -> None:
    evidence = of(trace, WHOLE.replace('"base":""', '"base":".\\\\Sub"'))

    assert {one.base for ended in evidence.endings.values() for one in ended} == {".\\sub"[2:]}


def test_a_worker_of_xdist_that_did_not_finish_may_have_lost_what_it_held_back(
    trace: Path,
) -> None:
    worker = line("session", session="w", pid=2, worker="gw0", traced=True, base="")
    finished = line("finished", session="w", exit=1, collected=1)
    lines = [*begun(), worker, opened(), ended()]

    killed = of(trace, "".join([*lines, *over()]))
    whole = of(trace, "".join([*lines, finished, *over()]))

    assert killed.flaws == ("pytest: a worker of pytest-xdist was killed",)
    assert killed.doubts == (f"pytest: {KILLED}",)
    assert other(killed).reason is Reason.INCOMPLETE_TRACE
    assert (whole.flaws, whole.doubts) == ((), ())


def test_a_run_says_when_and_of_what_it_was(trace: Path) -> None:
    tree = line("tree", commit="a" * 40, dirty=True)
    unknown = line("tree", commit=None, dirty=None)

    (run,) = of(trace, WHOLE + tree).runs
    (other_run,) = of(trace, WHOLE + unknown).runs

    assert (run.started, run.commit, run.dirty) == (1775736000.0, "a" * 40, True)
    assert (other_run.commit, other_run.dirty) == ("", False)


@pytest.mark.parametrize(
    ("connected", "listening", "doubtful"),
    [
        ([], [], False),
        (["localhost:80"], ["localhost:80"], False),
        (["localhost:80"], ["127.0.0.1:80"], False),
        (["[::1]:80"], ["127.0.0.1:80"], False),
        (["127.0.0.1:80"], ["*:80"], False),
        (["[::1]:80"], ["*:80"], False),
        (["[::1]:80"], ["[::1]:80"], False),
        (["localhost:80"], ["*:::80"], False),
        (["localhost:80"], ["localhost:81"], True),
        (["unix:/run/a:80"], ["*:80"], True),
        (["[2606:4700::1111%eth0]:443"], [], False),
        (["[::ffff:10.0.0.1]:80"], [], True),
        (["unix:/run/x"], ["unix:/run/x"], False),
        (["8.8.8.8:443", "[2606:4700::1111]:443"], [], False),
        (["127.0.0.1:80"], [], True),
        (["127.0.0.1:80"], ["127.0.0.1:81", "*:8080"], True),
        (["10.1.2.3:80"], ["*:80"], True),
        (["169.254.1.1:80"], [], True),
        (["[fe80::1%eth0]:80"], [], True),
        (["example.org:80"], ["*:80"], True),
        (["127.0.0.1:80", "unix:/run/y"], ["*:80"], True),
        (["grpc"], [], True),
    ],
)
def test_a_connection_to_what_is_not_traced_and_may_be_near_makes_a_run_doubtful(
    connected: list[str], listening: list[str], doubtful: bool, trace: Path
) -> None:
    lines = [line("connect", address=one, pid=1) for one in connected]
    lines += [line("listen", address=one, pid=2) for one in listening]

    evidence = of(trace, WHOLE + "".join(lines))

    assert bool(evidence.doubts) == doubtful
    assert ("--trust" in "".join(evidence.doubts)) == doubtful
    assert (other(evidence).reason is Reason.INCOMPLETE_TRACE) == doubtful


def told_untraced(program: str, command: str, why: str) -> str:
    return line("untraced", program=program, command=command, why=why, pid=1)


STARTED = "it started a program that is not traced"
TRUST = "if it reads no recordings: --trust"


@pytest.mark.parametrize(
    ("added", "doubt"),
    [
        (told_untraced("node", "node x", "other"), f"{STARTED}: node x; {TRUST} node"),
        (told_untraced("a b", "a\nb", "shell"), rf"{STARTED}: a\nb; {TRUST} 'a b'"),
        (
            told_untraced("python", "python -I", "isolated"),
            f"{STARTED} as its options forbid it: python -I; start it without -I, -E and -S;"
            f" {TRUST} python",
        ),
        (
            told_untraced("python", "python x", "environment"),
            f"{STARTED} for want of variables: python x; hand PYTHONPATH and RECCTL_TRACE… on to"
            f" it; {TRUST} python",
        ),
        (
            told_untraced("python", "python x", "rights"),
            f"{STARTED} as it is another user's: python x; let it write the trace; {TRUST} python",
        ),
        (
            told_untraced("subinterpreter", "", "interpreter"),
            "it made a subinterpreter, which is not traced; if that reads no recordings: --trust"
            " subinterpreter",
        ),
        (
            told_untraced("mine", "/x/mine.py", "early"),
            "mine was imported before the trace began; run pytest below recctl trace instead",
        ),
        (
            line("process", pid=2, python="3.11.7", traced=False)
            + line("process", pid=3, python="3.11.7", traced=True),
            "one of its processes kept recctl from tracing it",
        ),
        (
            line("connect", address="example.org:80", pid=1),
            "it connected to example.org:80, where nothing traced listens; if that reads no"
            " recordings: --trust example.org:80",
        ),
        (
            line("connect", address="grpc", pid=1),
            "it imported grpc, of which it is not known to what it connects; if that reads no"
            " recordings: --trust grpc",
        ),
    ],
)
def test_a_trace_that_may_lack_openings_proves_none_missing(
    added: str, doubt: str, trace: Path
) -> None:
    evidence = of(trace, "".join([*begun(), opened(), added, ended(), *over()]))

    assert evidence.doubts == (f"pytest: {doubt}",)
    assert evidence.flaws == ()
    assert other(evidence).reason is Reason.INCOMPLETE_TRACE


def test_lines_that_are_lost_are_a_flaw_too(trace: Path) -> None:
    evidence = of(trace, WHOLE + line("lost", lines=3, pid=1))

    assert evidence.doubts == evidence.flaws == ("pytest: lines of its trace are lost",)


@pytest.mark.parametrize(
    ("number", "more"),
    [
        (3, ()),
        (4, ("1 more programs are not traced",)),
        (1_003, ("1,000 more programs are not traced",)),
    ],
)
def test_of_many_programs_three_are_told(number: int, more: tuple[str, ...], trace: Path) -> None:
    lines = [told_untraced(f"p{one}", f"p{one} x", "other") for one in range(number)]
    again = told_untraced("p0", "p0 y", "other")
    doubts = [f"{STARTED}: p{one} x; {TRUST} p{one}" for one in range(3)]

    (told,) = of(trace, WHOLE + "".join([*lines, again])).doubts

    assert told == f"pytest: {'; '.join([*doubts, *more])}"


def test_of_many_connections_three_are_told_in_their_order(trace: Path) -> None:
    lines = [line("connect", address=f"h{one}:1", pid=1) for one in (4, 3, 2, 1, 2)]

    (told,) = of(trace, WHOLE + "".join(lines)).doubts

    first = [
        f"it connected to h{one}:1, where nothing traced listens; if that reads no recordings:"
        f" --trust h{one}:1"
        for one in (1, 2, 3)
    ]
    assert told == f"pytest: {'; '.join(first)}; 1 more connections to what is not traced"


@pytest.mark.parametrize(
    ("path", "doubtful"),
    [
        ("package.json", True),
        ("tests/recordings.json", True),
        ("recordings/any.json", False),
        (f"{'0' * 64}.json", False),
        (f"cache/{'0' * 12}.json", False),
    ],
)
def test_a_run_in_which_tests_passed_and_no_recording_was_opened_is_doubtful(
    path: str, doubtful: bool, trace: Path
) -> None:
    evidence = of(trace, "".join([*begun(), opened(path), opened("b.json"), ended(), *over()]))

    doubt = "pytest: no recording was opened in it, as if what reads them were not traced"
    assert evidence.doubts == ((doubt,) if doubtful else ())
    assert (other(evidence).reason is Reason.INCOMPLETE_TRACE) is doubtful


def test_a_run_in_which_no_test_passed_need_open_no_recording(trace: Path) -> None:
    assert of(trace, "".join([*begun(), ended("skipped"), *over()])).doubts == ()


def test_a_session_that_was_not_traced_proves_nothing(trace: Path) -> None:
    text = WHOLE.replace('"worker":null,"traced":true', '"worker":null,"traced":false')

    assert other(of(trace, text)).reason is Reason.INCOMPLETE_TRACE


def test_ids_may_have_a_group_of_xdist(trace: Path) -> None:
    assert other(of(trace, WHOLE.replace(TEST, f"{TEST}@group"))).reason is Reason.NOT_OPENED


def test_names_that_are_no_text_are_compared_as_they_can_be_written(trace: Path) -> None:
    evidence = of(trace, WHOLE.replace("recordings/used", r"\ufffd/recordings/used"))

    assert evidence.judge(Case("tests/\udcff/recordings/used.json", TEST)).reason is Reason.OPENED


# Damage


@settings(deadline=None)
@given(st.integers(1, len(WHOLE) - 1))
def test_a_trace_that_is_cut_off_anywhere_is_refused_or_flawed_and_proves_less(place: int) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        try:
            evidence = of(Path(folder, "trace"), WHOLE[:place])
        except UsageError:
            return
        assert evidence.flaws
        if not WHOLE[:place].endswith("\n"):
            assert other(evidence).verdict is Verdict.UNKNOWN


def test_a_line_that_ran_into_a_torn_one_is_still_read(trace: Path) -> None:
    torn = ended(test="tests/a.py::u")[:40]
    evidence = of(trace, "".join([*begun(), torn, opened(OTHER), opened(), ended(), *over()]))

    assert evidence.flaws == ("pytest: its trace is damaged",)
    assert evidence.doubts == ("pytest: its trace is damaged",)
    assert other(evidence).reason is Reason.OPENED


def test_a_missing_line_feed_is_damage(trace: Path) -> None:
    evidence = of(trace, "".join([*begun(), opened(), ended().rstrip("\n"), *over()]))

    assert evidence.flaws[0].startswith("pytest: its trace is damaged")
    assert other(evidence).verdict is Verdict.UNKNOWN


# Refusals


NONE = "no line of a trace: "


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", ": empty: nothing was traced"),
        ("tests/a.py::t\n", f":1: {NONE}no JSON"),
        ("{}\n", f":1: {NONE}it has no kind"),
        ('{"kind":"run"\n', f":1: {NONE}no JSON"),
        ('{"kind":"run"\n{"kind":"e', f":1: {NONE}no JSON"),
        (WHOLE + "hello\n", f":8: {NONE}no JSON"),
        (WHOLE + "[]\n", f":8: {NONE}no object"),
        (WHOLE + "1\n", f":8: {NONE}no object"),
        (WHOLE + line("dance"), f":8: {NONE}of no known kind"),
        (WHOLE + line("end", exit="0"), f":8: {NONE}its exit is not of the form that it has"),
        (WHOLE + line("end"), f":8: {NONE}it has no exit"),
        (
            WHOLE.replace('"command":["pytest"]', '"command":["pytest",1]'),
            f":1: {NONE}its command.1 is not of the form that it has",
        ),
        (
            WHOLE + line("end", exit=0, more=1),
            f":8: {NONE}it has a more, which no line of its kind has",
        ),
        (
            WHOLE + line("end", run="../../x", exit=0),
            f":8: {NONE}its run is not of the form that it has",
        ),
        (
            WHOLE + line("end", exit=0).replace("exit", "é" * 200).replace("}", ',"exit":0}'),
            f":8: {NONE}it has a {'é' * 151}",
        ),
        (b"\xff\xfe\n", f":1: {NONE}no JSON"),
        ("[" * 50_000 + "\n", f":1: {NONE}no JSON"),
        (
            WHOLE.replace('"version":1', '"version":2'),
            ": written by another recctl, in version 2",
        ),
        (b"\x00" * MOST_LINE_BYTES, ": no trace: a line is longer than 64,000 bytes"),
        (b"\x00" * (MOST_LINE_BYTES + 9), ": no trace: a line is longer than 64,000 bytes"),
    ],
)
def test_what_is_no_trace_is_refused(text: str | bytes, why: str, trace: Path) -> None:
    with pytest.raises(UsageError) as caught:
        of(trace, text)

    free = trace.with_stem("trace-2") if text else trace
    advice = f"make one with: recctl trace -o {free} -- pytest"
    assert str(caught.value) == f"--trace {trace}{why}; {advice}"


def test_a_line_may_be_almost_as_long_as_no_line_of_a_trace_is(trace: Path) -> None:
    most = line("connect", address="8.8.8.8:443", pid=1)
    long = line("untraced", program="p", command="", why="early", pid=1)
    command = "x" * (MOST_LINE_BYTES - len(long) - 1)
    whole = line("untraced", program="p", command=command, why="early", pid=1)

    assert len(whole) == MOST_LINE_BYTES - 1
    assert len(of(trace, WHOLE + most + whole).doubts) == 1


@needs_posix
def test_only_regular_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")

    for path, why in (
        ("fifo", "no regular file"),
        (".", "is a directory"),
        ("missing", "no such file or directory"),
        ("nul\0", "a NUL character, which no path has"),
    ):
        with pytest.raises(UsageError) as caught:
            read(traces=[str(tmp_path / path)])
        place = str(tmp_path / path).replace("\0", r"\x00")
        assert str(caught.value).startswith(f"--trace {place}: {why}; make one with: ")


def test_many_runs_in_one_file_are_read_in_one_go(trace: Path) -> None:
    runs = [f"{number:016x}" for number in range(3000)]

    evidence = of(trace, "".join(opened(f"{run}.json", run) for run in runs))

    assert evidence.shards == len(evidence.openings) == 3000


# The shape of lines

EXAMPLES = schema.load("trace")["examples"]


def accepts(document: Any) -> bool:
    try:
        LINE.validate_json(json.dumps(document))
    except ValidationError:
        return False
    return True


def test_a_number_that_counts_may_be_none_and_not_less() -> None:
    (example,) = (one for one in EXAMPLES if one["kind"] == "lost")
    assert [accepts(example | {"lines": number}) for number in (0, 1, -1)] == [True, True, False]


def test_the_schema_has_an_example_of_each_kind() -> None:
    assert {one["kind"] for one in EXAMPLES} == set(schema.load("trace")["$defs"]) - {
        "id",
        "count",
        "of_session",
    }


# Without floats: to JSON Schema 1.0 is an integer, to what reads lines it is none.
VALUES: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | TEXTS
    | st.sampled_from([[], {}, ["a"], RUN, "open", "passed", "2026-04-09T12:00:00Z", "a" * 40])
)


@settings(deadline=None)
@given(st.sampled_from(EXAMPLES).flatmap(lambda one: mutated(one, VALUES)))
def test_the_schema_and_what_is_read_agree(document: Any) -> None:
    assert accepts(document) == (schema.explain("trace", document) is None)


@pytest.mark.parametrize("kind", [one["kind"] for one in EXAMPLES])
def test_the_schema_and_what_is_read_agree_on_members_missing_and_unknown(kind: str) -> None:
    (example,) = (one for one in EXAMPLES if one["kind"] == kind)
    assert accepts(example)
    for key in example:
        less = {other: value for other, value in example.items() if other != key}
        assert accepts(less) == (schema.explain("trace", less) is None)
    assert not accepts(example | {"more": 1})
    assert schema.explain("trace", example | {"more": 1}) is not None


def test_what_is_refused_says_how_to_make_one_under_a_name_that_is_free(tmp_path: Path) -> None:
    refused = tmp_path / "t.jsonl"
    for content, free in (("tests/a.py::t\n", "t-2.jsonl"), ("", "t.jsonl"), (None, "t.jsonl")):
        refused.unlink(missing_ok=True)
        if content is not None:
            refused.write_text(content)
        with pytest.raises(UsageError) as told:
            read(traces=[str(refused)])
        assert str(told.value).endswith(
            f"; make one with: recctl trace -o {tmp_path / free} -- pytest"
        )


def test_the_name_that_is_free_is_the_first_one_that_is_and_is_written_for_a_shell(
    tmp_path: Path,
) -> None:
    refused = tmp_path / "a b.jsonl"
    for name in ("a b.jsonl", "a b-2.jsonl", "a b-3.jsonl"):
        (tmp_path / name).write_text("tests/a.py::t\n")

    with pytest.raises(UsageError) as told:
        read(traces=[str(refused)])

    assert str(told.value) == (
        f"--trace {refused}:1: no line of a trace: no JSON; make one with: recctl trace -o"
        f" '{tmp_path}/a b-4.jsonl' -- pytest"
    )


@pytest.mark.parametrize("file", [".", "x" * 1_000])
def test_where_no_name_can_be_found_a_plain_one_is_told(file: str) -> None:
    with pytest.raises(UsageError) as told:
        read(traces=[file])

    assert str(told.value).endswith("; make one with: recctl trace -o trace.jsonl -- pytest")


def test_after_a_torn_line_that_cannot_be_read_others_are(trace: Path) -> None:
    torn = ended(test="tests/a.py::u")[:40]
    evidence = of(trace, "".join([*begun(), opened(), f"{torn}\n", opened(OTHER), *over()]))

    assert evidence.flaws == ("pytest: its trace is damaged",)
    assert other(evidence).reason is Reason.OPENED

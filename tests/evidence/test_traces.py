"""Traces: what is read out of them, whole, cut off and made up."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from recctl import schema
from recctl.errors import UsageError
from recctl.evidence import Case, Evidence, Judgement, Reason, Verdict, read
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


@pytest.mark.parametrize(
    ("lines", "flaw"),
    [
        ([*begun(), opened(), ended()], "it was interrupted"),
        ([*begun(), opened(), ended(), line("end", exit=0)], "it was interrupted"),
        ([*begun(), opened(), ended(), *over(code=1)], "tests failed"),
        ([*begun(), opened(), ended(), *over(code=2)], "it was interrupted, or tests could not"),
        ([*begun(), opened(), ended(), *over(code=77)], "pytest exited with 77"),
        (
            [*begun(), line("collection", session="s", id="b.py", outcome="failed"), *over()],
            "tests could not be collected",
        ),
        ([*begun(), opened(), *over()[:1], line("end", exit=9)], "it exited with 9"),
        ([opened(), *over()], "its trace has no beginning"),
    ],
)
def test_a_run_that_failed_or_was_interrupted_says_so(
    lines: list[str], flaw: str, trace: Path
) -> None:
    (told,) = of(trace, "".join(lines)).flaws

    assert flaw in told


def test_a_worker_of_xdist_that_did_not_finish_may_have_lost_what_it_held_back(
    trace: Path,
) -> None:
    worker = line("session", session="w", pid=2, worker="gw0", traced=True, base="")
    finished = line("finished", session="w", exit=1, collected=1)
    lines = [*begun(), worker, opened(), ended()]

    killed = of(trace, "".join([*lines, *over()]))
    whole = of(trace, "".join([*lines, finished, *over()]))

    assert killed.flaws == ("pytest: a worker of pytest-xdist was killed",)
    assert "what it held back is lost" in killed.doubts[0]
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


@pytest.mark.parametrize(
    ("added", "doubt"),
    [
        (line("lost", lines=3, pid=1), "lines of its trace are lost"),
        (line("untraced", program="node", command="node x", why="other", pid=1), "--trust node"),
        (
            line("untraced", program="python", command="", why="environment", pid=1),
            "hand PYTHONPATH and RECCTL_TRACE… on to it; if it reads",
        ),
        (
            line("untraced", program="mine", command="/x/mine.py", why="early", pid=1),
            "run pytest below recctl trace",
        ),
        (line("process", pid=2, python="3.11.7", traced=False), "kept recctl from tracing it"),
    ],
)
def test_a_trace_that_may_lack_openings_proves_none_missing(
    added: str, doubt: str, trace: Path
) -> None:
    evidence = of(trace, "".join([*begun(), opened(), added, ended(), *over()]))

    assert doubt in evidence.doubts[0]
    assert other(evidence).reason is Reason.INCOMPLETE_TRACE


def test_a_run_in_which_tests_passed_and_no_recording_was_opened_is_doubtful(trace: Path) -> None:
    evidence = of(trace, "".join([*begun(), opened("package.json"), ended(), *over()]))

    assert "no recording was opened" in evidence.doubts[0]
    assert other(evidence).reason is Reason.INCOMPLETE_TRACE


def test_a_session_that_was_not_traced_proves_nothing(trace: Path) -> None:
    text = WHOLE.replace('"worker":null,"traced":true', '"worker":null,"traced":false')

    assert other(of(trace, text)).reason is Reason.INCOMPLETE_TRACE


def test_ids_may_have_a_group_of_xdist(trace: Path) -> None:
    assert other(of(trace, WHOLE.replace(TEST, f"{TEST}@group"))).reason is Reason.NOT_OPENED


def test_names_that_are_no_text_are_compared_as_they_can_be_written(trace: Path) -> None:
    evidence = of(trace, WHOLE.replace("recordings/used", r"\ufffd/recordings/used"))

    assert evidence.judge(Case("tests/\udcff/recordings/used.json", TEST)).reason is Reason.OPENED


# Damage


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

    assert "its trace is damaged" in evidence.flaws[0]
    assert other(evidence).reason is Reason.OPENED


def test_a_missing_line_feed_is_damage(trace: Path) -> None:
    evidence = of(trace, "".join([*begun(), opened(), ended().rstrip("\n"), *over()]))

    assert "its trace is damaged" in evidence.flaws[0]
    assert other(evidence).verdict is Verdict.UNKNOWN


# Refusals


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty: nothing was traced"),
        ("tests/a.py::t\n", "no line of a trace"),
        ("{}\n", "no line of a trace"),
        ('{"kind":"run"\n', "no line of a trace"),
        (WHOLE + "hello\n", ":8: no line of a trace"),
        (WHOLE + "[]\n", ":8: no line of a trace"),
        (WHOLE + line("dance"), ":8: no line of a trace"),
        (WHOLE + line("end", exit="0"), ":8: no line of a trace: its exit is not of the form"),
        (
            WHOLE + line("end", exit=0, more=1),
            ":8: no line of a trace: it has a more, which no line",
        ),
        (
            WHOLE + line("end", run="../../x", exit=0),
            ":8: no line of a trace: its run is not of the form",
        ),
        (WHOLE.replace('"version":1', '"version":2'), "written by another recctl, in version 2"),
        (b"\xff\xfe\n", "no line of a trace"),
        (b"\x00" * MOST_LINE_BYTES, "no trace: a line is longer than"),
        ("[" * 50_000 + "\n", "no line of a trace"),
    ],
)
def test_what_is_no_trace_is_refused(text: str | bytes, why: str, trace: Path) -> None:
    with pytest.raises(UsageError) as caught:
        of(trace, text)

    assert why in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@needs_posix
def test_only_regular_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")

    for path in ("fifo", ".", "missing"):
        with pytest.raises(UsageError):
            read(traces=[str(tmp_path / path)])


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
        assert str(told.value).endswith(f"recctl trace -o {tmp_path / free} -- pytest")

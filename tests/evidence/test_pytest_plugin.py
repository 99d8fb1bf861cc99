"""The pytest plugin: which tests it says ran, and how it says they ended, with real pytest."""

import sys
from pathlib import Path

import pytest

from recctl.evidence import Reason, read
from tests.evidence.projects import PLUGIN, PYTEST, XDIST, Project, judged

pytest.importorskip("xdist")

ENDINGS = """
    def test_passes(): opened("a.json")
    def test_fails(): assert 0
    @pytest.mark.skip
    def test_is_skipped(): pass
    def test_skips(): pytest.skip()
    @pytest.mark.xfail
    def test_xfails(): assert 0
    @pytest.mark.xfail
    def test_xpasses(): pass
    @pytest.mark.xfail(strict=True)
    def test_xpasses_strictly(): pass
    @pytest.fixture
    def broken(): raise ValueError
    def test_setup_fails(broken): pass
    @pytest.fixture
    def broken_later():
        yield
        raise ValueError
    def test_teardown_fails(broken_later): pass
    def test_is_deselected(): pass
"""
ENDED = {
    "test_passes": "passed",
    "test_fails": "failed",
    "test_is_skipped": "skipped",
    "test_skips": "skipped",
    "test_xfails": "xfailed",
    "test_xpasses": "xpassed",
    "test_xpasses_strictly": "failed",
    "test_setup_fails": "error",
    "test_teardown_fails": "error",
    "test_is_deselected": "deselected",
}


@pytest.mark.parametrize("workers", [(), XDIST], ids=["alone", "xdist"])
def test_each_way_in_which_a_test_ends_is_noted_once(
    workers: tuple[str, ...], tmp_path: Path
) -> None:
    project = Project(tmp_path, ENDINGS, "a.json", "b.json")

    ran = project.pytest(*PLUGIN, *workers, "-k", "not is_deselected")

    assert ran.code == 1
    assert project.outcomes() == ENDED
    assert len(project.lines("test")) == len(ENDED)
    assert project.opened() == {("a.json", "test_passes")}
    evidence = read(traces=[str(project.trace)])
    assert [flaw.rpartition(": ")[2] for flaw in evidence.flaws] == ["tests failed"]
    assert judged(evidence, "b.json", "test_passes").reason is Reason.NOT_OPENED
    assert judged(evidence, "b.json", "test_fails").reason is Reason.NOT_PASSED
    assert judged(evidence, "b.json", "test_is_deselected").reason is Reason.DESELECTED


def test_what_is_opened_in_fixtures_is_noted_for_the_test_they_ran_for(tmp_path: Path) -> None:
    project = Project(
        tmp_path,
        """
        opened("module.json")
        @pytest.fixture(scope="module")
        def shared():
            opened("setup.json")
            yield
            opened("teardown.json")
        def test_one(shared): pass
        def test_two(shared): pass
        """,
        *("module.json", "setup.json", "teardown.json", "conftest.json"),
    )
    project.add("conftest.py", "open('tests/recordings/conftest.json').close()")

    assert project.pytest(*PLUGIN).code == 0

    assert project.opened() == {
        ("conftest.json", None),
        ("module.json", None),
        ("setup.json", "test_one"),
        ("teardown.json", "test_two"),
    }


def test_a_worker_that_crashes_fails_its_test(tmp_path: Path) -> None:
    project = Project(
        tmp_path,
        """
        import os
        def test_crashes():
            opened("a.json")
            os._exit(3)
        def test_passes(): opened("a.json")
        """,
    )

    project.pytest(*PLUGIN, *XDIST)

    assert project.outcomes() == {"test_crashes": "failed", "test_passes": "passed"}
    assert read(traces=[str(project.trace)]).flaws


def test_a_worker_that_is_killed_makes_the_run_doubtful(tmp_path: Path) -> None:
    project = Project(
        tmp_path,
        """
        import os, signal
        def test_a(): opened("a.json")
        def test_b(): opened("b.json")
        def test_killed(): os.kill(os.getpid(), signal.SIGKILL)
        """,
        *("a.json", "b.json", "c.json"),
    )

    project.pytest(*PLUGIN, *XDIST)

    evidence = read(traces=[str(project.trace)])
    assert "a worker of pytest-xdist was killed" in evidence.flaws[0]
    assert "what it held back is lost" in evidence.doubts[0]


@pytest.mark.parametrize("stop", ["-x", "--maxfail=1"])
def test_workers_that_are_stopped_early_lose_nothing(stop: str, tmp_path: Path) -> None:
    project = Project(
        tmp_path,
        """
        import time
        @pytest.mark.parametrize("n", range(8))
        def test_slow(n):
            opened("a.json")
            time.sleep(0.1)
        def test_fails(): assert 0
        """,
    )

    project.pytest(*PLUGIN, *XDIST, stop)

    assert read(traces=[str(project.trace)]).doubts == ()


def test_what_is_opened_after_the_session_is_noted(tmp_path: Path) -> None:
    project = Project(tmp_path, "def test_a(): pass", "a.json", "b.json")
    project.add(
        "conftest.py",
        """
import atexit, os
def pytest_unconfigure(config): open("tests/recordings/a.json").close()
atexit.register(lambda: (open("tests/recordings/b.json").close(), os._exit(0)))
""",
    )

    project.pytest(*PLUGIN)

    assert project.opened() == {("a.json", None), ("b.json", None)}
    assert len(project.lines("finished")) == 1


def test_what_a_forked_child_opens_is_noted_and_ends_no_session(tmp_path: Path) -> None:
    project = Project(
        tmp_path,
        """
        import os
        def test_a():
            opened("a.json")
            if not os.fork():
                opened("b.json")
                os._exit(0)
            os.wait()
        def test_b():
            if not os.fork():
                raise SystemExit(0)
            os.wait()
        """,
        *("a.json", "b.json"),
    )

    project.pytest(*PLUGIN, "-W", "ignore")

    assert project.opened() == {("a.json", "test_a"), ("b.json", "test_a")}
    assert len(project.lines("finished")) == 1


STARTS = """
    def start(wait=True):
        process = subprocess.Popen(["sort"], stdin=subprocess.PIPE)
        if wait:
            process.communicate()
        return process
    @pytest.fixture(scope="module")
    def shared(): start()
    def test_plain(): opened("a.json")
"""


@pytest.mark.parametrize(
    "test",
    [
        "def test_starts(): start()",
        "def test_starts(shared): pass",
        "kept = []\n    def test_starts(): kept.append(start(wait=False))",
        "def test_starts(): subprocess.run('sleep 0 & sort', shell=True)",
    ],
)
def test_a_program_makes_all_tests_doubtful_whose_recordings_it_may_read(
    test: str, tmp_path: Path
) -> None:
    project = Project(tmp_path, f"{STARTS}    {test}", "a.json", "b.json")

    project.pytest(*PLUGIN, "-W", "ignore")

    evidence = read(traces=[str(project.trace)])
    for function in ("test_starts", "test_plain"):
        assert judged(evidence, "b.json", function).reason is Reason.INCOMPLETE_TRACE


def test_programs_may_be_trusted(tmp_path: Path) -> None:
    project = Project(tmp_path, f"{STARTS}    def test_starts(shared): start()")

    project.pytest(*PLUGIN, "--recctl-trust=sort", "--recctl-trust=other")

    assert project.lines("untraced") == []


def test_modules_of_the_project_that_were_imported_before_are_doubtful(tmp_path: Path) -> None:
    project = Project(tmp_path, "def test_a(): opened('a.json')")
    project.add("early.py", "open('tests/recordings/a.json').close()")

    project.pytest("-p", "early", *PLUGIN)

    assert "early was imported before the trace began" in str(
        read(traces=[str(project.trace)]).doubts
    )


def test_tests_after_the_last_allowed_failure_never_ran(tmp_path: Path) -> None:
    project = Project(tmp_path, "def test_a(): assert 0\ndef test_b(): pass")

    project.pytest(*PLUGIN, "-x")

    evidence = read(traces=[str(project.trace)])
    assert project.outcomes() == {"test_a": "failed"}
    assert judged(evidence, "a.json", "test_b").reason is Reason.NEVER_RAN
    assert "tests failed" in evidence.flaws[0]


@pytest.mark.parametrize(
    ("tests", "flaw"),
    [
        ("def test_a(): raise KeyboardInterrupt", "it was interrupted"),
        ("1 / 0", "tests could not be collected"),
        ("import os\ndef test_a(): os._exit(0)", "it was interrupted"),
        ("", "it had no tests"),
    ],
)
def test_a_run_that_did_not_get_to_its_end_is_flawed(tests: str, flaw: str, tmp_path: Path) -> None:
    project = Project(tmp_path, tests)

    project.pytest(*PLUGIN)

    (told,) = read(traces=[str(project.trace)]).flaws
    assert flaw in told


def test_a_file_that_is_skipped_as_a_whole_is_noted(tmp_path: Path) -> None:
    project = Project(tmp_path, "pytest.skip(allow_module_level=True)")
    project.add("tests/test_other.py", "def test_a(): open('tests/recordings/a.json').close()")

    project.pytest(*PLUGIN)

    assert read(traces=[str(project.trace)]).uncollected == {"tests/test_it.py"}


def test_a_test_that_passes_when_it_is_run_again_did_not_pass(tmp_path: Path) -> None:
    pytest.importorskip("pytest_rerunfailures")
    project = Project(
        tmp_path,
        """
        seen = []
        def test_a():
            seen.append(1)
            assert len(seen) > 1
        """,
    )

    assert project.pytest("-p", "pytest_rerunfailures", "--reruns", "2", *PLUGIN).code == 0

    assert judged(read(traces=[str(project.trace)]), "a.json", "test_a").reason is Reason.NOT_PASSED


def test_tests_that_a_test_runs_are_not_noted(tmp_path: Path) -> None:
    project = Project(
        tmp_path,
        """
        def test_outer(pytester):
            pytester.makepyfile("def test_inner(): assert 0")
            pytester.runpytest_subprocess()
            pytester.runpytest_inprocess()
        """,
    )

    assert project.pytest(*PLUGIN, "-p", "pytester").code == 0

    assert project.outcomes() == {"test_outer": "passed"}
    assert read(traces=[str(project.trace)]).flaws == ()


def test_ids_count_from_pytests_root_which_is_noted(tmp_path: Path) -> None:
    project = Project(tmp_path / "part", "def test_a(): opened('a.json')", "a.json", "b.json")
    project.add("pytest.ini", "[pytest]")
    (tmp_path / "part" / ".git").rename(tmp_path / ".git")

    project.pytest(*PLUGIN)

    assert {one["base"] for one in project.lines("session")} == {"part"}
    evidence = read(traces=[str(project.trace)])
    assert judged(evidence, "b.json", "test_a").reason is Reason.OTHER_ROOT


def test_groups_of_xdist_change_no_ids(tmp_path: Path) -> None:
    project = Project(
        tmp_path,
        """
        @pytest.mark.xdist_group("g")
        def test_a(): opened("a.json")
        """,
        *("a.json", "b.json"),
    )

    project.pytest(*PLUGIN, *XDIST, "--dist", "loadgroup")

    evidence = read(traces=[str(project.trace)])
    assert judged(evidence, "b.json", "test_a").reason is Reason.NOT_OPENED


# When it is not asked for, and when it cannot be done


def test_the_plugin_does_nothing_unless_it_is_asked_to(tmp_path: Path) -> None:
    project = Project(
        tmp_path,
        """
        import os
        def test_a():
            assert not {one for one in sys.modules if one.startswith("recctl_")}
            assert "recctl.tracing.runs" not in sys.modules
            assert not {one for one in os.environ if one.startswith("RECCTL_TRACE")}
        """,
    )

    assert project.pytest("-p", "recctl.tracing.plugin").code == 0
    assert not project.trace.exists()


def test_the_environment_is_as_before_when_the_run_is_over(tmp_path: Path) -> None:
    project = Project(tmp_path, "def test_a(): opened('a.json')")
    code = f"""
import os, pytest
before = dict(os.environ)
codes = [pytest.main({[*PYTEST[3:], *PLUGIN]!r}) for _ in range(2)]
print(codes, dict(before.items() ^ os.environ.items()))
"""

    ran = project.start(sys.executable, "-c", code)

    assert ran.lines[-1] == "[<ExitCode.OK: 0>, <ExitCode.OK: 0>] {}"
    evidence = read(traces=[str(project.trace)])
    assert (evidence.shards, evidence.flaws) == (2, ())
    # The second run did not import the tests anew.
    (doubt,) = evidence.doubts
    assert "test_it was imported before the trace began" in doubt


@pytest.mark.parametrize("content", ["something else\n", '{"kind":"run"'])
def test_a_file_that_is_no_trace_is_left_as_it_is(content: str, tmp_path: Path) -> None:
    project = Project(tmp_path, "def test_a(): pass")
    project.trace.write_text(content)

    ran = project.pytest(*PLUGIN)

    assert ran.code == 4
    assert "ERROR: --recctl-trace: trace.jsonl: " in ran.stderr
    assert project.trace.read_text() == content


def test_a_trace_in_no_folder_is_refused_before_any_test_runs(tmp_path: Path) -> None:
    project = Project(tmp_path, "def test_a(): opened('a.json')")

    ran = project.pytest("-p", "recctl.tracing.plugin", "--recctl-trace=missing/trace.jsonl")

    assert (ran.code, ran.errors[0]) == (
        4,
        "ERROR: --recctl-trace: missing/trace.jsonl: no such file or directory",
    )


@pytest.mark.parametrize("way", ["arguments", "variable"])
@pytest.mark.parametrize("option", ["--recctl-trace", "--recctl-trust"])
def test_a_value_that_pytest_may_take_for_a_path_of_tests_is_refused(
    option: str, way: str, tmp_path: Path
) -> None:
    project = Project(tmp_path / "project", "def test_a(): pass")
    (tmp_path / "out").touch()
    given = ("-p", "recctl.tracing.plugin", option, "../out")

    if way == "arguments":
        ran = project.pytest(*given)
    else:
        ran = project.pytest(env={"PYTEST_ADDOPTS": " ".join(given)})

    assert ran.code == 4
    assert ran.errors[0].endswith(f"take that for tests: {option}=../out")


def test_a_suite_does_not_fail_when_its_trace_cannot_be_written_any_more(tmp_path: Path) -> None:
    project = Project(
        tmp_path,
        """
        import os
        def test_a():
            os.unlink("trace.jsonl")
            os.mkdir("trace.jsonl")
            opened("a.json")
        """,
    )

    assert project.pytest(*PLUGIN).code == 0

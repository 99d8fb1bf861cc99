"""`recctl trace`: it runs a command as if it were not there, and leaves a trace."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recctl.cli.traced import plain
from recctl.evidence import Reason, read
from recctl.tracing import runs
from tests.cli import environment, needs_posix
from tests.evidence.projects import PLUGIN, PYTEST, RECCTL, XDIST, Project, judged

TRACE = ("trace", "-o", "trace.jsonl", "--")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path, "def test_a(): opened('a.json')", "a.json", "b.json")


@pytest.mark.parametrize("workers", [(), XDIST], ids=["alone", "xdist"])
def test_a_run_of_pytest_is_traced_though_no_plugin_is_installed(
    workers: tuple[str, ...], project: Project
) -> None:
    pytest.importorskip("xdist")

    ran = project.recctl(*TRACE, *PYTEST, *workers)

    assert ran.code == 0
    assert ran.errors[-1] == (
        "recctl: 1 file opened, 1 test; see what is unused with:"
        " recctl prune --unused --trace trace.jsonl"
    )
    evidence = read(traces=[str(project.trace)])
    assert (evidence.flaws, evidence.doubts) == ((), ())
    assert judged(evidence, "a.json", "test_a").reason is Reason.OPENED
    assert judged(evidence, "b.json", "test_a").reason is Reason.NOT_OPENED


def test_the_plugin_of_the_package_and_the_command_do_not_get_in_each_others_way(
    project: Project,
) -> None:
    ran = project.recctl(*TRACE, *PYTEST, "-p", "recctl.tracing.plugin", "--recctl-trace=other")

    assert ran.code == 0
    assert len(project.lines("session")) == len(project.lines("test")) == 1
    assert not (project.root / "other").exists()


def test_the_variable_alone_makes_the_plugin_trace(project: Project) -> None:
    ran = project.pytest("-p", "recctl.tracing.plugin", env={"RECCTL_TRACE": "trace.jsonl"})

    assert ran.code == 0
    assert project.outcomes() == {"test_a": "passed"}


def test_pytest_below_other_programs_is_traced(project: Project) -> None:
    project.recctl(*TRACE, "sh", "-c", f"cd tests && {' '.join(PYTEST)} --rootdir .. test_it.py")

    assert project.outcomes() == {"test_a": "passed"}
    assert {one["base"] for one in project.lines("session")} == {""}


@pytest.mark.parametrize("code", [0, 1, 3, 42])
def test_the_exit_code_is_the_commands(code: int, project: Project) -> None:
    ran = project.recctl(*TRACE, sys.executable, "-c", f"raise SystemExit({code})")

    assert ran.code == code
    assert project.lines("end")[0]["exit"] == code


def test_output_and_environment_are_the_commands(project: Project) -> None:
    show = "import os; print(*sorted(os.environ)); print(os.environ['PYTHONPATH'])"
    env = {"PYTHONPATH": "mine"}
    plain = project.start(sys.executable, "-c", show, env=env)

    ran = project.recctl(*TRACE, sys.executable, "-c", show, env=env)

    added = {"RECCTL_TRACE", "RECCTL_TRACE_RUN", "RECCTL_TRACE_ROOT"}
    assert set(ran.lines[0].split()) - set(plain.lines[0].split()) == added
    assert ran.lines[1].endswith(f"{os.pathsep}mine")


def test_runs_are_added_to_a_trace(project: Project) -> None:
    for _ in range(2):
        project.recctl(*TRACE, *PYTEST)

    assert read(traces=[str(project.trace)]).shards == 2


@pytest.mark.parametrize("way", ["command", "plugin"])
def test_a_run_says_of_which_commit_it_was(way: str, tmp_path: Path) -> None:
    project = Project(tmp_path, "def test_a(): opened('a.json')")
    (tmp_path / ".git").rmdir()
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@b")

    def traced() -> tuple[str, bool]:
        project.trace.unlink(missing_ok=True)
        if way == "command":
            project.recctl(*TRACE, *PYTEST)
        else:
            project.pytest(*PLUGIN)
        (run,) = read(traces=[str(project.trace)]).runs
        assert run.started > 1_000_000_000
        return run.commit, run.dirty

    assert traced() == ("", False)
    project.start("git", "init", "-q")
    assert traced() == ("", True)
    project.add(".gitignore", "__pycache__\ntrace.jsonl\n")
    project.start("git", "add", "-A")
    project.start(*git, "commit", "-qm", "one")
    commit = project.start("git", "rev-parse", "HEAD").stdout.strip()
    assert traced() == (commit, False)
    project.add("tests/recordings/new.json", "{}")
    assert traced() == (commit, False)
    project.add("new.py", "")
    assert traced() == (commit, True)
    (tmp_path / "new.py").unlink()
    project.add("tests/test_it.py", "def test_a(): open('tests/recordings/a.json').close()")
    assert traced() == (commit, True)


def test_git_need_not_be_there(project: Project) -> None:
    ran = project.recctl(*TRACE, sys.executable, "-c", "", env={"PATH": str(project.root)})

    assert ran.code == 0
    assert project.lines("tree")[0]["commit"] is None


def test_programs_may_be_trusted_also_by_a_variable(project: Project) -> None:
    code = "import subprocess as s; [s.run([x], stdin=s.DEVNULL) for x in ('sort', 'uniq', 'cat')]"
    env = {"RECCTL_TRACE_TRUST": "sort"}

    ran = project.recctl(
        *("trace", "-o", "trace.jsonl", "--trust", "uniq", "--"),
        sys.executable,
        "-c",
        code,
        env=env,
    )

    assert [one["program"] for one in project.lines("untraced")] == ["cat"]
    assert "if it reads no recordings: --trust cat" in ran.stderr


def test_that_a_test_started_what_is_not_traced_is_told_with_what_to_do(tmp_path: Path) -> None:
    project = Project(tmp_path, "def test_a(): subprocess.run(['sort', '/dev/null'])")

    ran = project.recctl(*TRACE, *PYTEST)

    assert any("nothing is unused by this run" in one for one in ran.errors)
    assert "--trust sort" in ran.stderr


CAT = "cat tests/recordings/b.json"
UNTRACED = f"{sys.executable} -I -c \"open('tests/recordings/b.json')\""


@needs_posix
@pytest.mark.parametrize(
    ("command", "program"),
    [
        (["sh", "-c", f"{' '.join(PYTEST)}; {CAT}"], "cat"),
        (["sh", "-c", f"{' '.join(PYTEST)}; {UNTRACED}"], Path(sys.executable).name),
        (["env", "-i", *PYTEST], "env"),
        (["./run"], "run"),
    ],
    ids=["shell", "isolated", "environment", "script"],
)
def test_what_the_command_itself_may_read_untraced_is_a_doubt(
    command: list[str], program: str, project: Project
) -> None:
    project.add("run", f"#!/bin/sh\n{' '.join(PYTEST)}\n{CAT}\n")
    (project.root / "run").chmod(0o755)

    ran = project.recctl(*TRACE, *command)

    assert f"--trust {program}" in "".join(read(traces=[str(project.trace)]).doubts)
    assert any(one.startswith("recctl: nothing is unused by this run: ") for one in ran.errors)
    assert f"--trust {program}" in ran.stderr


@needs_posix
@pytest.mark.parametrize(
    "command",
    [
        ["{python}", "-m", "pytest"],
        ["{bin}/pytest"],
        ["sh", "-c", "cd tests && {python} -m pytest"],
        ["env", "A=b", "{python}", "-m", "pytest"],
        ["tools/uv", "run", "--frozen", "--extra", "dev", "pytest", "-n", "2"],
        ["tools/uv", "run", "{python}", "-m", "pytest"],
    ],
    ids=" ".join,
)
def test_a_command_of_which_it_is_known_what_it_does_is_fine(
    command: list[str], tmp_path: Path
) -> None:
    project = Project(tmp_path / "project", "")
    uv = tmp_path / "tools/uv"
    uv.parent.mkdir()
    uv.write_bytes(b"\x7fELF")
    uv.chmod(0o755)
    here = {"python": sys.executable, "bin": str(Path(sys.executable).parent)}
    words = [one.format(**here).replace("tools/uv", str(uv)) for one in command]

    variables = runs.begin(str(project.trace), project.root, words, os.environ)
    runs.judge(words, variables)

    assert project.lines("untraced") == []


@pytest.mark.parametrize("words", ["run --env-file x pytest", "run make", "pip install x"])
def test_of_a_launcher_that_does_more_it_is_not_known_what(words: str, tmp_path: Path) -> None:
    project = Project(tmp_path / "project", "")
    uv = tmp_path / "uv"
    uv.write_bytes(b"\x7fELF")
    uv.chmod(0o755)
    command = [str(uv), *words.split()]

    variables = runs.begin(str(project.trace), project.root, command, os.environ)
    runs.judge(command, variables)

    assert [one["why"] for one in project.lines("untraced")] == ["other"]


def test_a_command_that_is_trusted_is_no_doubt(project: Project) -> None:
    project.recctl("trace", "-o", "trace.jsonl", "--trust=make", "--", "make", "--version")

    assert read(traces=[str(project.trace)]).doubts == ()


def test_tests_that_were_not_selected_are_not_counted(tmp_path: Path) -> None:
    project = Project(tmp_path, "def test_a(): opened('a.json')\ndef test_b(): pass")

    ran = project.recctl(*TRACE, *PYTEST, "-k", "test_a")

    assert ran.errors[-1].startswith("recctl: 1 file opened, 1 test;")


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["-o", "t", "--", "a", "-o", "x"], (["a", "-o", "x"], "t", [])),
        (["--out=t", "--trust", "b", "--trust=c", "--", "a"], (["a"], "t", ["b", "c"])),
        (["-o", "t", "a"], None),
        (["-o", "t"], None),
        (["-o", "--", "a"], None),
        (["--", "a"], None),
        (["--help"], None),
        (["-ot", "--", "a"], None),
    ],
)
def test_a_plain_command_line_is_read_without_the_library_for_it(
    words: list[str], parts: object
) -> None:
    assert plain(words) == parts


def test_a_trace_begins_with_next_to_nothing_imported(project: Project) -> None:
    code = (
        "import sys; sys.argv[1:] = ['trace', '-o', 'trace.jsonl', '--', 'true']\n"
        "from recctl.cli import main\n"
        "try: main()\n"
        "finally: print(*{one.partition('.')[0] for one in sys.modules})"
    )

    loaded = set(project.start(sys.executable, "-c", code).stdout.split())

    assert loaded.isdisjoint({"typer", "click", "rich", "pydantic", "deepdiff", "inspect"})


def test_that_a_run_failed_is_told(tmp_path: Path) -> None:
    project = Project(tmp_path, "def test_a(): opened('a.json'); assert 0")

    ran = project.recctl(*TRACE, *PYTEST)

    assert "recctl: this run proves less: tests failed" in ran.errors


def test_that_tests_passed_without_any_recording_is_told(tmp_path: Path) -> None:
    ran = Project(tmp_path, "def test_a(): pass").recctl(*TRACE, *PYTEST)

    assert "recctl: nothing is unused by this run: no recording was opened in it" in ran.stderr


def test_that_nothing_was_traced_is_told(project: Project) -> None:
    ran = project.recctl(*TRACE, "true")

    assert ran.errors[-1].startswith("recctl: nothing was noted: no Python that was traced")


def test_a_python_that_is_not_traced_proves_nothing(project: Project) -> None:
    ran = project.recctl(*TRACE, sys.executable, "-E", *PYTEST[1:])

    assert ran.code == 0
    assert judged(read(traces=[str(project.trace)]), "b.json", "test_a").reason is Reason.NEVER_RAN


@pytest.mark.parametrize(
    ("out", "why"),
    [
        ("missing/t", "missing/t: no such file or directory"),
        ("tests", "tests: is a directory"),
        ("tests/test_it.py", "tests/test_it.py: holds something else than a trace"),
        ("/dev/null", "/dev/null: no regular file"),
    ],
)
def test_a_trace_that_cannot_be_written_is_told_before_the_command_starts(
    out: str, why: str, project: Project
) -> None:
    ran = project.recctl("trace", "-o", out, "--", "touch", "started")

    assert ran.code == 2
    assert ran.errors[0].startswith(f"recctl: cannot write a trace: {why}")
    assert len(ran.errors) == 1
    assert not (project.root / "started").exists()


def test_a_command_that_does_not_exist_leaves_no_trace(project: Project) -> None:
    ran = project.recctl(*TRACE, "no-such-program")

    assert (ran.code, ran.errors) == (
        2,
        ["recctl: cannot run no-such-program: no such program, or it may not be run"],
    )
    assert not project.trace.exists()


@needs_posix
def test_a_command_that_a_signal_ends_has_the_shells_exit_code(project: Project) -> None:
    ran = project.recctl(*TRACE, "sh", "-c", "kill -9 $$")

    assert ran.code == 137


@needs_posix
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1"])
def test_signals_are_handed_on_to_the_command(name: str, project: Project) -> None:
    code = """
import signal, sys, time
def leave(number, frame):
    print("got", signal.Signals(number).name, flush=True)
    sys.exit(7)
for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
    signal.signal(one, leave)
open("ready", "w").close()
time.sleep(30)
"""
    # A process that is started with SIGINT ignored goes on ignoring it, which is as it should be.
    heeding = f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler); {RECCTL}"
    process = subprocess.Popen(
        [sys.executable, "-c", heeding, *TRACE, sys.executable, "-c", code],
        cwd=project.root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not (project.root / "ready").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)

    process.send_signal(getattr(signal, name))
    out, _ = process.communicate(timeout=30)

    assert (process.returncode, out) == (7, f"got {name}\n")
    assert project.lines("end")[0]["exit"] == 7


@needs_posix
def test_a_traced_run_whose_tracer_is_killed_counts_as_interrupted(project: Project) -> None:
    kill = "import os, signal; os.kill(os.getppid(), signal.SIGKILL)"
    project.recctl(*TRACE, sys.executable, "-c", kill)

    (flaw,) = read(traces=[str(project.trace)]).flaws
    assert flaw.endswith("it was interrupted")

"""The hooks for pre-commit, in a real git repository: what they stop, and that they only read.

But for the last test, pre-commit runs recctl as it is installed here instead of installing it:
the hooks are then those of the manifest, with `language: system` and nothing else changed.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import chdir
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recctl.corpus import find
from recctl.errors import NothingFoundError
from tests.build import (
    TEST,
    chat_answer,
    chat_request,
    folder_of,
    recording,
    tool_request,
    tool_result,
    write,
)
from tests.cli import ROOT, environment, needs_posix, run, snapshot
from tests.repository import Work, work

pytestmark = pytest.mark.skipif(
    find_spec("pre_commit") is None or shutil.which("git") is None,
    reason="pre-commit and git are needed to run hooks",
)

MANIFEST = ROOT / ".pre-commit-hooks.yaml"
PER_FILE, WHOLE = "recctl validate", "recctl check"

FOG = recording(chat_request("Any fog on the river?"), chat_answer("None."))
OLD = recording(
    chat_request("score: 0.25, what of it?"), chat_answer("Fair."), dialect="ogx-2025-10-04"
)
TIDE_TEST = "tests/integration/tides/test_tides.py::test_high_water"
TIDE = (tool_request("tide_table", {"port": "Oban"}), tool_result("High water at 6:12."))


@dataclass(frozen=True)
class Hooked:
    """What came of the hooks: the exit code, and all that was printed."""

    code: int
    text: str

    @property
    def outcomes(self) -> dict[str, str]:
        """Hook -> Passed, Failed or Skipped."""
        return dict(re.findall(r"^(recctl \w+)\.+(?:\(.*\))?(\w+)$", self.text, re.MULTILINE))


@pytest.fixture(scope="module")
def hooks() -> dict[str, dict[str, Any]]:
    """The hooks of the manifest by their names."""
    yaml = pytest.importorskip("yaml")
    return {hook["name"]: hook for hook in yaml.safe_load(MANIFEST.read_text())}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment for git and pre-commit without any setting of the caller's."""
    home = tmp_path_factory.mktemp("home")
    scripts = Path(sys.executable).parent
    return environment(
        PATH=f"{scripts}{os.pathsep}{os.environ['PATH']}",
        HOME=str(home),
        PRE_COMMIT_HOME=str(home / "pre-commit"),
        GIT_CONFIG_GLOBAL=os.devnull,
        GIT_CONFIG_NOSYSTEM="1",
        LC_ALL="C",
    )


@pytest.fixture(scope="module")
def template(
    hooks: dict[str, dict[str, Any]],
    settings: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A repository with two sound recordings, their tests, and the hooks installed."""
    project = work(tmp_path_factory.mktemp("template") / "project")
    local = [{**hook, "language": "system"} for hook in hooks.values()]
    configured = {"repos": [{"repo": "local", "hooks": local}]}
    project.write(".pre-commit-config.yaml", json.dumps(configured).encode())
    write(project.top, folder_of(TEST), FOG)
    write(project.top, folder_of(TIDE_TEST), recording(*TIDE, test_id=TIDE_TEST))
    for test in (TEST, TIDE_TEST):
        path, _, function = test.partition("::")
        project.write(path, f"def {function}():\n    pass\n".encode())
    project.commit()
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "install", "-t", "pre-commit", "-t", "pre-push"],
        cwd=project.top,
        env=settings,
        capture_output=True,
        check=True,
    )
    assert b"installed" in done.stdout
    return project.top


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Work:
    """A repository of its own for a test."""
    shutil.copytree(template, tmp_path / "project", symlinks=True)
    return Work(tmp_path / "project")


@pytest.fixture
def commit(project: Work, settings: dict[str, str]) -> Any:
    """Stages all there is and commits it, with the hooks."""

    def commit(*options: str, skip: str = "") -> Hooked:
        project.git("add", "--all")
        return hooked(
            project, settings | {"SKIP": skip}, "git", "commit", "-qm", "change", *options
        )

    return commit


@pytest.fixture
def run_all(project: Work, settings: dict[str, str]) -> Any:
    """Runs the hooks on all files that git knows."""

    def run_all() -> Hooked:
        return hooked(project, settings, sys.executable, "-m", "pre_commit", "run", "--all-files")

    return run_all


def hooked(project: Work, settings: dict[str, str], *command: str) -> Hooked:
    done = subprocess.run(
        command,
        cwd=project.top,
        env=settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    text = done.stdout.decode()
    assert "Traceback" not in text, text
    return Hooked(done.returncode, text)


def head(project: Work) -> str:
    return project.git("rev-parse", "HEAD")


def edited(path: Path, old: bytes, new: bytes) -> Path:
    """A file in which a text was replaced, as `sed -i` does it."""
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    return path


def keep(project: Work) -> None:
    """Commit all there is, past the hooks."""
    project.git("add", "--all")
    project.git("commit", "--no-verify", "-qm", "keep")


def fog(project: Work) -> Path:
    return project.top / folder_of(TEST) / FOG[0]


# The manifest


def test_pre_commit_accepts_the_manifest_without_a_word() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-manifest", MANIFEST],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, b"")


def test_no_hook_asks_for_anything_to_be_written(hooks: dict[str, dict[str, Any]]) -> None:
    called = [shlex.split(hook["entry"]) + hook.get("args", []) for hook in hooks.values()]

    assert called == [["recctl", "validate"], ["recctl", "validate"]]


def test_no_file_is_checked_by_two_processes_at_once(hooks: dict[str, dict[str, Any]]) -> None:
    assert all(hook["require_serial"] for hook in hooks.values())


def taken(hook: dict[str, Any], path: str) -> bool:
    """Whether a hook is for a file of that path, as pre-commit decides it."""
    return bool(re.search(hook["files"], path)) and not re.search(hook["exclude"], path)


FOLDERS = st.sampled_from(["recordings", "responses", "a b", "-x", ".git", "node_modules", "né\nw"])
FILES = st.sampled_from(
    [
        FOG[0],
        "x.json",
        ".x.json",
        ".json",
        "x.JSON",
        "x.jsonl",
        "x.json\n",
        "-x.json",
        "json",
        "é.json",
    ]
)


@needs_posix
@given(folders=st.lists(FOLDERS, max_size=4), name=FILES)
@example(folders=["-x", "recordings"], name="x.json")
@example(folders=["recordings", "-x"], name="-x.json")
@example(folders=["né\nw", "recordings", "né\nw"], name="é.json")
@example(folders=["recordings"], name="x.json\n")
@example(folders=["recordings", ".git"], name="x.json")
@example(folders=["node_modules", "recordings"], name="x.json")
@example(folders=["my_recordings"], name="x.json")
def test_the_hooks_are_for_the_files_that_recctl_finds(
    folders: list[str], name: str, hooks: dict[str, dict[str, Any]]
) -> None:
    path = PurePosixPath(*folders, name)
    with TemporaryDirectory() as top:
        (Path(top) / path).parent.mkdir(parents=True, exist_ok=True)
        (Path(top) / path).touch()
        with chdir(top):
            found = is_found()

    assert taken(hooks[WHOLE], str(path)) is found
    # A path like an option must not become one.
    assert taken(hooks[PER_FILE], str(path)) is (found and not str(path).startswith("-"))


def is_found() -> bool:
    try:
        return len(find([]).entries) == 1
    except NothingFoundError:
        return False


@pytest.mark.parametrize(
    ("path", "runs"),
    [
        ("tests/integration/chat/test_keeper.py", True),
        ("keeper_test.py", True),
        ("recctl.toml", True),
        ("sub/pyproject.toml", True),
        ("recctl-baseline.json", True),
        ("lighthouse/keeper.py", False),
        ("lighthouse/latest_.py", False),
        ("package.json", False),
        ("README.md", False),
    ],
)
def test_the_whole_corpus_is_checked_where_its_tests_or_settings_changed(
    path: str, runs: bool, hooks: dict[str, dict[str, Any]]
) -> None:
    assert taken(hooks[WHOLE], path) is runs
    assert not taken(hooks[PER_FILE], path)


# What passes


def test_a_commit_of_a_sound_recording_passes(project: Work, commit: Any) -> None:
    before = head(project)
    write(
        project.top,
        folder_of(TEST),
        recording(chat_request("Is the lamp lit?"), chat_answer("Yes.")),
    )

    done = commit()

    assert (done.code, done.outcomes) == (0, {PER_FILE: "Passed", WHOLE: "Passed"})
    assert head(project) != before


def test_a_commit_of_other_files_waits_for_no_hook(project: Work, commit: Any) -> None:
    project.write("lighthouse/lamp.py", b"LIT = True\n")

    done = commit()

    assert (done.code, done.outcomes) == (0, {PER_FILE: "Skipped", WHOLE: "Skipped"})


def test_a_commit_is_not_stopped_for_the_files_it_leaves_alone(project: Work, commit: Any) -> None:
    edited(fog(project), b"river", b"sea")
    keep(project)
    write(
        project.top,
        folder_of(TEST),
        recording(chat_request("Is the lamp lit?"), chat_answer("Yes.")),
    )

    assert commit(skip="recctl-check").outcomes[PER_FILE] == "Passed"


def test_what_only_deletes_is_not_seen_unless_the_hook_always_runs(
    project: Work, commit: Any
) -> None:
    """pre-commit does not tell hooks what was deleted; docs/ci.md says what to do about it."""
    (project.top / TEST.partition("::")[0]).unlink()
    assert commit().outcomes == {PER_FILE: "Skipped", WHOLE: "Skipped"}

    config = project.top / ".pre-commit-config.yaml"
    read = json.loads(config.read_text())
    for hook in read["repos"][0]["hooks"]:
        hook["always_run"] = hook["name"] == WHOLE
    config.write_text(json.dumps(read))
    fog(project).unlink()

    assert commit().outcomes == {PER_FILE: "Skipped", WHOLE: "Passed"}


# What is stopped


def test_a_commit_of_a_search_and_replace_is_stopped_with_the_file_named(
    project: Work, commit: Any
) -> None:
    before = head(project)
    broken = edited(fog(project), b"river", b"sea")
    project.git("add", "--all")
    tree, staged = snapshot(project.top / "tests"), project.git("diff", "--cached")

    done = commit()

    assert (done.code, done.outcomes) == (1, {PER_FILE: "Failed", WHOLE: "Failed"})
    assert broken.relative_to(project.top).as_posix() in done.text
    assert "unreachable" in done.text
    assert head(project) == before
    assert snapshot(project.top / "tests") == tree
    assert project.git("diff", "--cached") == staged


def test_of_a_replacement_in_all_files_only_the_broken_ones_are_named(
    project: Work, commit: Any
) -> None:
    sound = write(
        project.top,
        folder_of(TEST),
        recording(chat_request("Is the lamp lit?"), chat_answer("As on every river.")),
    )
    keep(project)
    broken = [edited(path, b"river", b"sea") for path in (fog(project), sound)]

    done = commit()

    assert [path.name in done.text for path in broken] == [True, False]


def test_the_whole_corpus_is_checked_for_duplicates(project: Work, commit: Any) -> None:
    other = "tests/integration/port/test_port.py::test_leaves_on_the_tide"
    path, _, function = other.partition("::")
    project.write(path, f"def {function}():\n    pass\n".encode())
    write(project.top, folder_of(other), recording(*TIDE, test_id=other))

    done = commit()

    assert (done.code, done.outcomes) == (1, {PER_FILE: "Passed", WHOLE: "Failed"})
    assert "duplicate" in done.text


def test_a_merge_with_the_markers_left_in_is_stopped(project: Work, commit: Any) -> None:
    path = fog(project)
    project.git("checkout", "-qb", "side")
    edited(path, b"None.", b"A little.")
    keep(project)
    project.git("checkout", "-q", "main")
    edited(path, b"None.", b"A lot.")
    keep(project)
    with pytest.raises(AssertionError):
        project.git("merge", "-q", "side")

    done = commit("--no-edit")

    assert (done.code, done.outcomes[PER_FILE]) == (1, "Failed")
    assert "merge-markers" in done.text
    assert path.name in done.text


@needs_posix
def test_what_hides_a_recording_from_others_does_not_hide_it_from_the_hook(
    project: Work, commit: Any
) -> None:
    folder = fog(project).parent
    (folder / f"{'a' * 64}.json").write_bytes(b"\xef\xbb\xbf{}")
    (folder / f"{'b' * 64}.json").write_bytes(b"\xff\xfe\x00")
    (folder / f"{'c' * 64}.json").symlink_to("/etc/hostname")
    (folder / f"{'d' * 64}.json").write_bytes(b"#!/bin/sh\n")
    (folder / f"{'d' * 64}.json").chmod(0o755)

    done = commit(skip="recctl-check")

    assert done.outcomes[PER_FILE] == "Failed"
    assert [letter for letter in "abcd" if f"{letter * 64}.json" in done.text] == [*"abcd"]


def test_a_configuration_that_makes_no_sense_is_told_in_one_line(
    project: Work, commit: Any
) -> None:
    project.write("recctl.toml", b'ignroe = ["stale"]\n')

    done = commit()

    assert (done.code, done.outcomes) == (1, {PER_FILE: "Skipped", WHOLE: "Failed"})
    assert "recctl.toml: unknown key 'ignroe'" in done.text
    assert "- exit code: 2" in done.text


def test_a_push_is_stopped_where_the_commit_was_not(
    project: Work, settings: dict[str, str], tmp_path: Path
) -> None:
    edited(fog(project), b"river", b"sea")
    keep(project)
    project.git("init", "-q", "--bare", str(tmp_path / "far"))
    project.git("remote", "add", "far", str(tmp_path / "far"))

    done = hooked(project, settings, "git", "push", "-q", "far", "main")

    assert (done.code, done.outcomes) == (1, {PER_FILE: "Failed", WHOLE: "Failed"})
    assert project.git("ls-remote", "far") == ""


# An old corpus


@pytest.fixture
def adopted(project: Work) -> Work:
    """A repository with an old recording that the configured baseline knows."""
    write(project.top, folder_of(TEST), OLD)
    project.write("recctl.toml", b'baseline = "recctl-baseline.json"\n')
    assert run("validate", "--write-baseline", cwd=project.top).code == 0
    keep(project)
    return project


def test_a_baseline_lets_an_old_corpus_through(adopted: Work, commit: Any, run_all: Any) -> None:
    edited(adopted.top / folder_of(TEST) / OLD[0], b"Fair.", b"Good.")

    assert commit().outcomes == {PER_FILE: "Passed", WHOLE: "Passed"}
    assert run_all().outcomes == {PER_FILE: "Passed", WHOLE: "Passed"}


def test_a_baseline_does_not_let_a_new_finding_through(adopted: Work, commit: Any) -> None:
    broken = edited(fog(adopted), b"river", b"sea")

    done = commit()

    assert (done.code, done.outcomes) == (1, {PER_FILE: "Failed", WHOLE: "Failed"})
    assert broken.name in done.text
    assert OLD[0] not in done.text


# Only reading


def test_the_hooks_change_nothing_whatever_they_find(adopted: Work, run_all: Any) -> None:
    edited(fog(adopted), b"river", b"sea")
    folder = fog(adopted).parent
    # Neither canonical nor complete, so that there would be something to mend.
    (folder / FOG[0].replace(FOG[0][0], "e", 1)).write_text(json.dumps(FOG[1]), encoding="utf-8")
    adopted.git("add", "--all")
    before = tree_of(adopted)

    assert run_all().outcomes == {PER_FILE: "Failed", WHOLE: "Failed"}
    assert tree_of(adopted) == before


def tree_of(project: Work) -> dict[str, tuple[Any, ...]]:
    """All but what git, pre-commit and recctl keep for themselves."""
    own = {".git", ".recctl"}
    whole = snapshot(project.top)
    return {path: state for path, state in whole.items() if path.partition("/")[0] not in own}


# Installed by pre-commit itself


def has_index(folder: Path) -> bool:
    """Whether pip reaches an index, within seconds."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--retries", "0"]
    try:
        return in_time([*command, "--timeout", "5", "--dest", str(folder), "hatchling"], 20)[0] == 0
    except subprocess.TimeoutExpired:
        return False


def in_time(
    command: list[str], seconds: float, cwd: Path = ROOT, env: dict[str, str] | None = None
) -> tuple[int, str]:
    """Exit code and output of a command; after so many seconds it is ended with all it started.

    Raises TimeoutExpired then.
    """
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return process.returncode, output.decode()


@needs_posix
def test_pre_commit_installs_the_hooks_from_a_repository_and_runs_them(
    settings: dict[str, str], hooks: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    if not has_index(tmp_path / "probe"):
        pytest.skip("pip reaches no index, and pre-commit installs hooks by pip")
    source = work(tmp_path / "source")
    for name in (MANIFEST.name, "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source.top)
    for name in ("recctl", "schemas"):
        ours = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source.top / name, ignore=ours)
    wanted = [{"id": hook["id"]} for hook in hooks.values()]
    user = work(tmp_path / "user")
    configured = {"repos": [{"repo": str(source.top), "rev": source.commit(), "hooks": wanted}]}
    user.write(".pre-commit-config.yaml", json.dumps(configured).encode())
    write(user.top, folder_of(TEST), FOG)
    user.write(TEST.partition("::")[0], b"def test_answers():\n    pass\n")
    user.commit()
    edited(fog(user), b"river", b"sea")
    # The caller's own pip settings and cache; no recctl but the one that is installed.
    own = {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
    own |= {"HOME": os.environ.get("HOME", str(tmp_path)), "PATH": os.environ["PATH"]}
    pre_commit = [sys.executable, "-m", "pre_commit"]
    env = settings | own

    code, told = in_time([*pre_commit, "install-hooks"], 150, user.top, env)
    assert code == 0, told
    code, told = in_time([*pre_commit, "run", "--all-files"], 60, user.top, env)

    assert Hooked(code, told).outcomes == {PER_FILE: "Failed", WHOLE: "Failed"}
    assert FOG[0] in told

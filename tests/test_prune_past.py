"""Evidence proves something only of what was there, and for the tests and the tree it is of."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from recctl.errors import ExitCode, UsageError
from recctl.evidence import Evidence, Outcome, TestList
from recctl.gitstore import is_kept_out, repository_of
from recctl.hashing import canonical
from recctl.prune import DAY, Ground
from recctl.prune.trees import Trees
from tests.build import Recorded, folder_of, tool_request, tool_result
from tests.build import recording as recorded
from tests.cli import run_here
from tests.repository import Work, work
from tests.test_prune import (
    BUOY,
    FOG,
    LATER,
    NOW,
    SHARED,
    STALE,
    UNUSED,
    chat,
    evidence,
    prune,
    pruned,
    put,
    removed,
    stays,
)

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

EARLIER = 1_000_000_000.0
"""When a run began of which only git can tell what was there."""

FOG_FILE = "tests/a/test_fog.py"
PASSED = {FOG: Outcome.PASSED}


def put_new(made: Work, one: Recorded, folder: str | None = None) -> str:
    path = f"{folder if folder is not None else folder_of(one[1]['test_id'])}/{one[0]}"
    rewrite(made, path, one[1])
    return path


def rewrite(made: Work, path: str, document: Any) -> None:
    """Write a recording that is not too young to go."""
    made.write(path, canonical(document))
    os.utime(made.top / path, (NOW - 2 * DAY, NOW - 2 * DAY))


@pytest.fixture
def made(tmp_path: Path) -> Work:
    """A repository with the sources of two tests, and a recording that one of them opens."""
    made = work(tmp_path)
    made.write(FOG_FILE, b"def test_fog(): pass\ndef test_lamp(): pass\n")
    made.write("tests/b/test_buoy.py", b"def test_buoy(): pass\n")
    put_new(made, chat("Any fog?", FOG))
    made.commit()
    return made


def ran(commit: str, opened: Iterable[str] = (), *, dirty: bool = False, **more: float) -> Evidence:
    """A run of a commit in which a test passed, at a time of which nothing can be told by files."""
    started = more.get("started", EARLIER)
    return evidence(PASSED, {FOG: opened}, commit=commit, dirty=dirty, started=started)


# What was there


def test_what_the_commit_of_a_run_has_as_it_is_was_there(made: Work) -> None:
    dead = put_new(made, chat("Any ice?", FOG))
    commit = made.commit()
    assert dead in removed(pruned(made.top, proof=ran(commit)))


def test_what_was_committed_after_a_run_is_unknown_to_it(made: Work) -> None:
    commit = made.commit(subject="x", files={"a.txt": b""})
    put_new(made, chat("Any ice?", FOG))
    made.commit()
    old = put(made.top, chat("Any fog?", FOG))
    assert removed(pruned(made.top, proof=ran(commit, [old]))) == set()


def test_what_was_recorded_again_after_a_run_is_unknown_to_it(made: Work) -> None:
    name, document = chat("Any ice?", FOG)
    path = put_new(made, (name, document))
    commit = made.commit()
    assert path in removed(pruned(made.top, proof=ran(commit)))
    rewrite(made, path, document | {"again": True})
    planned = pruned(made.top, proof=ran(commit))
    assert path not in removed(planned)
    assert "may not have been there, as it is" in stays(planned)[name]
    made.commit()
    assert path not in removed(pruned(made.top, proof=ran(commit)))


def test_what_is_not_committed_was_there_if_it_is_older_than_the_run(made: Work) -> None:
    path = put_new(made, chat("Any ice?", FOG))
    commit = made.git("rev-parse", "HEAD")
    assert path in removed(pruned(made.top, proof=ran(commit, started=LATER)))
    assert path not in removed(pruned(made.top, proof=ran(commit)))


def test_without_git_what_is_older_than_the_run_was_there(tmp_path: Path) -> None:
    path = put(tmp_path, chat("Any ice?", FOG))
    assert removed(pruned(tmp_path, proof=ran(""))) == set()
    assert removed(pruned(tmp_path, proof=ran("a" * 40))) == set()
    assert removed(pruned(tmp_path, proof=ran("", started=LATER))) == {path}
    assert removed(pruned(tmp_path, proof=ran("a" * 40, started=LATER))) == {path}


def test_a_file_that_got_its_name_after_the_run_was_not_there(tmp_path: Path) -> None:
    """Renaming leaves the time of the last change as it is."""
    path = put(tmp_path, chat("Any ice?", FOG))
    assert (tmp_path / path).stat().st_mtime < EARLIER * 1.7
    assert removed(pruned(tmp_path, proof=ran("", started=1_699_990_000.0))) == set()


def test_where_the_run_had_uncommitted_changes_the_commit_shows_nothing(made: Work) -> None:
    path = put_new(made, chat("Any ice?", FOG))
    commit = made.commit()
    dirty = ran(commit, dirty=True)
    with pytest.raises(UsageError, match="of uncommitted changes to "):
        pruned(made.top, proof=dirty)
    assert path in removed(pruned(made.top, proof=dirty, accept_older_runs=True))
    assert path in removed(pruned(made.top, proof=ran(commit, dirty=True, started=LATER)))


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
@pytest.mark.parametrize("what", ["source", "recording"])
def test_a_change_that_git_is_told_not_to_see_counts(flag: str, what: str, made: Work) -> None:
    dead = put_new(made, chat("Any ice?", FOG))
    commit = made.commit()
    changed = made.top / (FOG_FILE if what == "source" else dead)
    made.git("update-index", flag, str(changed))
    changed.write_bytes(changed.read_bytes() + b"\n")
    if what == "source":
        with pytest.raises(UsageError, match="has changed since"):
            pruned(made.top, proof=ran(commit))
    else:
        assert removed(pruned(made.top, proof=ran(commit))) == set()


def test_a_run_of_the_repository_around_a_submodule_is_told_as_that(made: Work) -> None:
    put_new(made, chat("Any ice?", FOG))
    inner = work(made.top / "part")
    put_new(inner, chat("Any ice?", FOG))
    inner.commit()
    commit = made.commit()
    with pytest.raises(UsageError) as refused:
        pruned(inner.top, proof=ran(commit))
    assert f"of {made.top}, of which this is a part" in str(refused.value)
    assert f"trace in {inner.top}" in str(refused.value)


# What a test opens


def test_a_test_whose_answers_changed_since_the_run_proves_nothing(made: Work) -> None:
    """It may ask for something else now: for what it did not open then."""
    name, document = chat("Any fog?", FOG)
    opened, other = f"{folder_of(FOG)}/{name}", put_new(made, chat("Any ice?", FOG))
    commit = made.commit()
    assert removed(pruned(made.top, proof=ran(commit, [opened]))) == {other}
    rewrite(made, opened, document | {"again": True})
    made.commit()
    planned = pruned(made.top, proof=ran(commit, [opened]))
    assert removed(planned) == set()
    assert "what that needs has changed since" in stays(planned)[Path(other).name]


def test_so_does_one_whose_recording_is_gone_or_has_a_new_copy_before_it(made: Work) -> None:
    name, document = chat("Any fog?", FOG)
    opened, other = f"{folder_of(FOG)}/{name}", put_new(made, chat("Any ice?", FOG))
    commit = made.commit()
    (made.top / opened).unlink()
    assert removed(pruned(made.top, proof=ran(commit, [opened]))) == set()
    put_new(made, (name, document))
    assert removed(pruned(made.top, proof=ran(commit, [opened]))) == {other}
    put_new(made, (name, document), SHARED)
    assert removed(pruned(made.top, proof=ran(commit, [opened]))) == set()


def test_so_does_one_that_owns_what_is_new_even_where_that_was_not_named(made: Work) -> None:
    opened = f"{folder_of(FOG)}/{chat('Any fog?', FOG)[0]}"
    other = put_new(made, chat("Any ice?", FOG))
    commit = made.commit()
    changes: dict[str, set[str]] = {BUOY: {other}, FOG: set()}
    for test, expected in changes.items():
        put_new(made, chat("Any hail?", test))
        made.commit()
        planned = pruned(made.top, proof=ran(commit, [opened]), paths=[other])
        assert removed(planned) == expected


# Whose a recording is

OLD = "tests/a/test_fog.py::test_old"


def misnamed(made: Work, asked: str = "Any ice?") -> str:
    """A recording of a test that is gone, as its content says, and by whose name another asks."""
    name, _ = chat(asked, FOG)
    _, document = chat(asked, OLD)
    return put_new(made, (name, document))


def test_the_test_that_asks_by_the_name_owns_a_recording_whatever_it_says(made: Work) -> None:
    path = misnamed(made)
    commit = made.commit()
    grounds = {Ground.UNUSED, Ground.ORPHAN}
    for outcome in Outcome:
        known = evidence({FOG: outcome}, commit=commit, started=EARLIER)
        expected = {path} if outcome is Outcome.PASSED else set()
        assert removed(pruned(made.top, grounds, known | listing(FOG))) >= expected
        assert (path in removed(pruned(made.top, grounds, known | listing(FOG)))) == bool(expected)
    planned = pruned(made.top, grounds, listing(FOG))
    assert path not in removed(planned)
    assert stays(planned)[Path(path).name] == f"orphan, but {FOG} may ask by its name"
    unreachable = pruned(made.top, {Ground.UNREACHABLE}, listing(FOG))
    assert removed(unreachable) == set()


def test_sources_alone_prove_nothing_of_a_recording_that_others_may_ask_for(made: Work) -> None:
    path = misnamed(made)
    commit = made.commit()
    why = "its name is not that of its request: --unreachable"
    planned = pruned(made.top, {Ground.ORPHAN})
    assert (removed(planned), stays(planned)[Path(path).name]) == (set(), f"orphan, but {why}")
    trace = evidence({BUOY: Outcome.PASSED}, commit=commit, started=EARLIER)
    planned = pruned(made.top, UNUSED, trace)
    assert path not in removed(planned)
    assert stays(planned)[Path(path).name] == f"unknown ({why})"
    assert path in removed(pruned(made.top, UNUSED, trace | listing(BUOY)))
    assert removed(pruned(made.top, {Ground.ORPHAN, Ground.UNREACHABLE})) == {path}


def test_where_too_many_tests_may_ask_by_a_name_it_is_unknown(
    made: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = misnamed(made)
    made.commit()
    many = listing(BUOY, *(f"{BUOY}[{number}]" for number in range(50)))
    assert path in removed(pruned(made.top, proof=many))
    monkeypatch.setattr("recctl.prune.askers.Askers.__init__.__defaults__", ((), 40))
    planned = pruned(made.top, proof=many)
    assert path not in removed(planned)
    assert "too many tests may ask by it" in stays(planned)[Path(path).name]


def test_a_test_whose_answers_came_under_anothers_id_proves_nothing(made: Work) -> None:
    """As if it owned what is new; it may ask for something else then."""
    opened = f"{folder_of(FOG)}/{chat('Any fog?', FOG)[0]}"
    other = put_new(made, chat("Any hail?", FOG))
    commit = made.commit()
    misnamed(made)
    made.commit()
    assert other not in removed(pruned(made.top, proof=ran(commit, [opened])))


# The tests of today


def test_a_run_of_other_tests_is_refused_unless_it_is_accepted(made: Work) -> None:
    path = put_new(made, chat("Any ice?", FOG))
    commit = made.commit()
    made.write(FOG_FILE, b"def test_fog(): pass\n")
    for is_last in (False, True):
        with pytest.raises(UsageError) as refused:
            pruned(made.top, proof=ran(commit))
        assert str(refused.value) == (
            f"--trace: a run that does not count: pytest: its run was of commit {commit[:7]}, and"
            f" {FOG_FILE} has changed since: trace again, or --accept-older-runs"
        )
        accepted = pruned(made.top, proof=ran(commit), accept_older_runs=True)
        assert path in removed(accepted)
        if not is_last:
            made.commit()


def test_a_new_test_file_is_a_change_as_well(made: Work) -> None:
    commit = made.git("rev-parse", "HEAD")
    made.write("tests/a/test_new.py", b"")
    with pytest.raises(UsageError, match=r"tests/a/test_new\.py has changed"):
        pruned(made.top, proof=ran(commit))


def at(path: Path, seconds: float) -> None:
    """Give a file a time of its last change, whatever the clock of this machine says."""
    CHANGED[path] = seconds


CHANGED: dict[Path, float] = {}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files were changed at no time but those that `at` gives them."""
    CHANGED.clear()
    monkeypatch.setattr(
        "recctl.prune.past._changed",
        lambda path: CHANGED.get(path, 1.5) if os.path.lexists(path) else None,
    )


@pytest.mark.usefixtures("clock")
def test_what_git_does_not_have_is_a_change_if_it_is_newer_than_the_run(made: Work) -> None:
    """Data that a test reads, say. What git ignores is not looked at."""
    commit = made.commit({".gitignore": b"*.log\n"})
    known = ran(commit, started=1000.5)
    for name in ("data.txt", "noise.log", ".recctl/receipts/1.json", "x/__pycache__/x.pyc"):
        at(made.write(name, b""), 1001.5)
    at(made.write("old.txt", b""), 999.5)
    at(made.write("other.jsonl", b'{"kind":"run","run":"1"}\n'), 1001.5)
    at(made.write("plan.json", b'{\n  "version": 1,\n  "command": "prune"}'), 1001.5)
    put_new(made, chat("Any hail?", BUOY))
    with pytest.raises(UsageError, match=r"and data.txt has changed since: trace again"):
        pruned(made.top, proof=known)
    given = [made.top / "data.txt"]
    assert pruned(made.top, proof=known, given=given)
    at(made.write("more.txt", b""), 1001.5)
    at(made.write("some.txt", b""), 1001.5)
    with pytest.raises(UsageError, match=r"2 other files have \(more.txt, …\) changed since"):
        pruned(made.top, proof=known, given=given)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("changed", "is_older"),
    [(1000.4, True), (1000.46, False), (1000.6, False), (999.0, False), (998.0, True)],
)
def test_times_are_compared_as_closely_as_files_keep_them(
    changed: float, is_older: bool, made: Work
) -> None:
    """Where the time of a file has no fraction, its file system may round it by two seconds."""
    path = put_new(made, chat("Any ice?", FOG))
    at(made.top / path, changed)
    head = made.git("rev-parse", "HEAD")
    assert (path in removed(pruned(made.top, proof=ran(head, started=1000.5)))) == is_older
    made.commit()
    at(made.top / FOG_FILE, changed)
    dirty = ran(made.git("rev-parse", "HEAD"), dirty=True, started=1000.5)
    if is_older:
        assert path in removed(pruned(made.top, proof=dirty))
    else:
        with pytest.raises(UsageError, match="of uncommitted changes to "):
            pruned(made.top, proof=dirty)


def test_a_run_of_an_unknown_commit_is_refused_unless_it_is_accepted(made: Work) -> None:
    with pytest.raises(UsageError, match="of commit aaaaaaa, which is not here: fetch it, trace"):
        pruned(made.top, proof=ran("a" * 40))
    assert removed(pruned(made.top, proof=ran("a" * 40), accept_older_runs=True)) == set()


def test_a_run_before_which_only_recordings_changed_counts(made: Work) -> None:
    dead = put_new(made, chat("Any ice?", FOG))
    commit = made.commit()
    put_new(made, chat("Any buoy?", BUOY))
    made.commit()
    assert dead in removed(pruned(made.top, proof=ran(commit)))


def test_uncommitted_changes_are_told_of_where_a_case_is_explained(
    made: Work, tmp_path: Path
) -> None:
    put_new(made, chat("Any ice?", FOG))
    known = ran(made.commit(), dirty=True, started=LATER)
    from recctl.evidence import Case

    (line,) = (one for one in known.about(Case("x.json", FOG)) if "uncommitted" in one)
    assert line.startswith("its test ran with uncommitted changes to ")


def test_without_git_a_test_file_that_is_newer_than_the_run_is_another(tmp_path: Path) -> None:
    put(tmp_path, chat("Any ice?", FOG))
    (tmp_path / FOG_FILE).write_text("def test_fog(): pass\n")
    os.utime(tmp_path / FOG_FILE, (LATER + 9, LATER + 9))
    planned = pruned(tmp_path, proof=ran("", started=LATER))
    assert removed(planned) == set()
    assert "has changed since" in next(iter(stays(planned).values()))


# Lists


def listing(*tests: str) -> Evidence:
    one = TestList("1", "tests.txt", len(tests))
    return Evidence(lists=frozenset({one}), listed=dict.fromkeys(tests, frozenset({"1"})))


def test_a_list_proves_at_once_and_the_same_from_a_file_and_a_pipe(tmp_path: Path) -> None:
    gone = "tests/a/test_fog.py::test_old"
    (tmp_path / "tests.txt").write_text(f"{FOG}\n")
    path = put(tmp_path, chat("Any ice?", gone))
    assert removed(pruned(tmp_path, proof=listing(FOG))) == {path}
    for words, given in ((("--tests", "tests.txt"), b""), (("--tests", "-"), f"{FOG}\n".encode())):
        listed = run_here("ls", "--unused", "--format", "paths", *words, cwd=tmp_path, stdin=given)
        assert listed.lines == [path], listed.stderr


# Several trees in one repository


def two(made: Work, *, file: str = FOG_FILE) -> tuple[str, str]:
    """Two packages with a test of the same id, and what it owns in each."""
    for base in ("one", "two"):
        made.write(f"{base}/{file}", b"def test_fog(): pass\n")
    owned = [put_new(made, chat("Any ice?", FOG), f"{base}/{folder_of(FOG)}") for base in "ab"]
    assert owned
    return tuple(  # type: ignore[return-value]
        put_new(made, chat(f"Any {base}?", FOG), f"{base}/{folder_of(FOG)}")
        for base in ("one", "two")
    )


def test_a_test_that_passed_in_one_tree_proves_nothing_for_another(tmp_path: Path) -> None:
    made = work(tmp_path)
    first, second = two(made)
    commit = made.commit()
    known = evidence(PASSED, commit=commit, started=LATER, base="one")
    assert removed(pruned(made.top, proof=known)) == {first}
    other = evidence({FOG: Outcome.FAILED}, run="2", commit=commit, started=LATER, base="two")
    assert removed(pruned(made.top, proof=known | other)) == {first}
    passed = evidence(PASSED, run="2", commit=commit, started=LATER, base="two")
    assert removed(pruned(made.top, proof=known | passed)) == {first, second}


def test_a_run_without_a_commit_may_be_of_either(tmp_path: Path) -> None:
    made = work(tmp_path)
    two(made)
    made.commit()
    for base in ("", "one", "two"):
        known = evidence(PASSED, started=LATER, base=base)
        assert removed(pruned(made.top, proof=known)) == set()


def test_a_list_speaks_for_the_tree_that_has_its_files(tmp_path: Path) -> None:
    made = work(tmp_path)
    made.write("one/tests/x/test_x.py", b"def test_x(): pass\n")
    made.write("two/tests/y/test_y.py", b"def test_y(): pass\n")
    gone = "tests/a/test_gone.py::test_gone"
    first = put_new(made, chat("Any ice?", gone), f"one/{folder_of(gone)}")
    put_new(made, chat("Any fog?", gone), f"two/{folder_of(gone)}")
    planned = pruned(made.top, proof=listing("tests/x/test_x.py::test_x"))
    assert removed(planned) == {first}
    assert [one.why for one in planned.stays] == [
        "unknown (no list is of the tree that its test is in)"
    ]
    elsewhere = listing("tests/x/test_x.py::test_x", "tests/z/test_z.py::test_z")
    assert removed(pruned(made.top, proof=elsewhere)) == set()


def test_a_report_says_which_of_two_equal_trees_it_is_of() -> None:
    evidence = Evidence(
        lists=frozenset({TestList("1", "report.json", 1, root="/builds/7/repo/one")}),
        listed={FOG: frozenset({"1"})},
    )
    tracked = frozenset({f"one/{FOG_FILE}", f"two/{FOG_FILE}", FOG_FILE})
    trees = Trees(Path("/nowhere"), evidence, tracked=tracked)
    assert trees.speaking(frozenset({"one"})) == {"1"}
    assert trees.speaking(frozenset({"two"})) == trees.speaking(frozenset({""})) == frozenset()


def test_other_parameters_count_for_the_tree_that_the_list_is_of(tmp_path: Path) -> None:
    made = work(tmp_path)
    body = b"import pytest\n@pytest.mark.parametrize('x', make())\ndef test_fog(x): pass\n"
    paths = []
    for base in ("one", "two"):
        made.write(f"{base}/{FOG_FILE}", body)
        made.write(f"{base}/tests/test_{base}.py", b"def test(): pass\n")
        paths.append(put_new(made, chat("Any?", f"{FOG}[a]"), f"{base}/{folder_of(FOG)}"))
    made.commit()
    known = listing(f"{FOG}[b]", "tests/test_one.py::test")
    assert removed(pruned(made.top, proof=known)) == set()
    assert removed(pruned(made.top, proof=known, vouched=True)) == {paths[0]}
    unclear = listing(f"{FOG}[b]")
    assert removed(pruned(made.top, proof=unclear, vouched=True)) == set()


def test_where_no_file_of_a_list_is_here_it_speaks_for_all(tmp_path: Path) -> None:
    path = put(tmp_path, chat("Any ice?", FOG))
    assert removed(pruned(tmp_path, proof=listing(BUOY))) == {path}
    (tmp_path / "tests/b").mkdir(parents=True)
    (tmp_path / "tests/b/test_buoy.py").write_text("")
    other = put(tmp_path, chat("Any ice?", FOG), f"sub/{folder_of(FOG)}")
    assert removed(pruned(tmp_path, proof=listing(BUOY), paths=[other])) == set()


# Sparse checkouts


@pytest.fixture
def sparse(made: Work) -> Work:
    """A checkout without the test files of one folder."""
    put_new(made, chat("Any buoy?", BUOY))
    made.commit()
    made.git("sparse-checkout", "init", "--no-cone")
    made.git("sparse-checkout", "set", "--no-cone", "/*", "!/tests/b/*.py")
    assert not (made.top / "tests/b/test_buoy.py").exists()
    return made


def test_a_test_file_that_a_sparse_checkout_leaves_out_is_there(sparse: Work) -> None:
    run = evidence(PASSED, commit=sparse.git("rev-parse", "HEAD"))
    for proof in (listing(FOG), run, None):
        grounds = {Ground.ORPHAN} if proof is None else {Ground.UNUSED, Ground.ORPHAN}
        planned = pruned(sparse.top, grounds, proof)
        assert not any("/b/" in one for one in removed(planned))
    ran = run_here("validate", "--select", "orphan", cwd=sparse.top)
    assert ran.code == ExitCode.FINE, ran.stdout


def test_what_is_kept_out_is_told_apart_from_what_was_deleted(sparse: Work) -> None:
    kept_out = sparse.top / "tests/b/test_buoy.py"
    assert is_kept_out(kept_out)
    assert not is_kept_out(sparse.top / FOG_FILE)
    assert not is_kept_out(sparse.top / "tests/b/test_other.py")
    sparse.git("sparse-checkout", "disable")
    assert not is_kept_out(kept_out)
    kept_out.unlink()
    assert not is_kept_out(kept_out)
    sparse.git("update-index", "--skip-worktree", "tests/b/test_buoy.py")
    assert is_kept_out(kept_out)


def test_outside_of_git_nothing_is_kept_out(tmp_path: Path) -> None:
    assert not is_kept_out(tmp_path / "tests/test_x.py")
    (tmp_path / ".git").write_text("gitdir: nowhere\n")
    assert not is_kept_out(tmp_path / "tests/test_x.py")


def test_in_a_further_work_tree_git_is_asked_as_well(sparse: Work, tmp_path: Path) -> None:
    sparse.git("worktree", "add", "-q", str(tmp_path / "more"), "-b", "more")
    more = Work(tmp_path / "more")
    more.git("sparse-checkout", "set", "--no-cone", "/*", "!/tests/b/*.py")
    assert is_kept_out(more.top / "tests/b/test_buoy.py")


def test_changes_since_a_commit_are_those_of_the_work_tree(made: Work) -> None:
    commit = made.git("rev-parse", "HEAD")
    repository = repository_of(made.top)
    assert repository is not None
    assert repository.changed_since(commit) == frozenset()
    made.write("new.py", b"")
    made.write("new.txt", b"")
    made.write(FOG_FILE, b"")
    assert repository.changed_since(commit) == {"new.py", FOG_FILE}
    assert repository.unknown_files() == {"new.py", "new.txt"}
    made.commit()
    assert repository.changed_since(commit) == {"new.py", "new.txt", FOG_FILE}


# Refusals


def test_refusals_name_the_option_and_end_in_the_next_command(made: Work) -> None:
    (made.top / "empty").write_text("")
    (made.top / "one").write_text(f"{FOG}\n")
    for words, told in (
        (("--tests", "empty"), "--tests empty: empty; make it with: pytest --collect-only -q"),
        (("--tests", "none"), "--tests none: no such file or directory; make it with: pytest"),
        (("--trace", "none"), "make one with: recctl trace -o none -- pytest"),
        (("--tests", "one", "--expect-shards", "2"), "give that of all, --tests FILE for each"),
        (("--accept-older-runs",), "--accept-older-runs needs evidence: trace a run, recctl"),
    ):
        refused = prune(made.top, "--unused", *words)
        assert (refused.code, refused.stdout, len(refused.errors)) == (ExitCode.USAGE, "", 1)
        assert told in refused.stderr


def test_what_is_unknown_is_listed_by_the_command_that_is_told(made: Work) -> None:
    import shlex

    (made.top / "a list").write_text(f"{FOG}\n")
    put_new(made, chat("Any ice?", FOG))
    planned = prune(made.top, "--unused", "tests", "--tests", "a list", "--expect-shards", "1")
    line = planned.errors[-1]
    assert line.endswith(
        "list them with: recctl ls tests --unknown --tests 'a list' --expect-shards 1"
    )
    listed = run_here(*shlex.split(line.partition("with: recctl ")[2]), cwd=made.top)
    assert (listed.code, len(listed.lines)) == (ExitCode.FINE, 3)


def test_copies_of_tools_that_are_new_leave_other_tests_open(made: Work) -> None:
    opened = f"{folder_of(FOG)}/{chat('Any fog?', FOG)[0]}"
    other = put_new(made, chat("Any ice?", FOG, STALE))
    commit = made.commit()
    tool = recorded(tool_request("search", {"q": "fog"}), tool_result("Fog."), test_id=BUOY)
    put_new(made, tool)
    assert other not in removed(pruned(made.top, proof=ran(commit, [opened])))

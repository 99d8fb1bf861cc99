"""Real processes, really killed, and two of them at once."""

import signal
from pathlib import Path

import pytest

from recctl.errors import ExitCode
from recctl.plan.disk import Disk
from recctl.render.plan import as_json
from tests.cli import needs_posix
from tests.plan.commands import recctl, started
from tests.plan.trees import Tree, apply, grown, plan_for, steps, tree

pytestmark = needs_posix


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree, and beside it the file of a plan for it."""
    root = grown(tmp_path / "lighthouse")
    (tmp_path / "plan.json").write_text(as_json(plan_for(root)), encoding="utf-8")
    return root


def new_tree(folder: Path) -> Tree:
    with steps():
        apply(plan_for(grown(folder)))
    return tree(folder)


@pytest.mark.parametrize("at", [3, 18, 34, 35, 37, 41, 46, 49, 52, 58, 62, 66])
def test_killed_by_the_system_a_change_is_finished_or_taken_back_by_the_next_command(
    root: Path, tmp_path: Path, at: int
) -> None:
    old, new = tree(root), new_tree(tmp_path / "other")
    process = started("apply", "../plan.json", cwd=root, killed_at=at)
    process.communicate(timeout=60)
    assert process.returncode in (-signal.SIGKILL, 0)
    if (root / ".recctl/journal").exists():
        refused = recctl("apply", "../plan.json", cwd=root)
        assert refused.code == ExitCode.USAGE
        assert "finish it with recctl apply --resume" in refused.stderr
        if at % 2:
            assert recctl("apply", "--resume", cwd=root).code == ExitCode.FINE
            assert tree(root) == new
        else:
            assert recctl("undo", "--apply", cwd=root).code == ExitCode.FINE
            assert tree(root) == old
    assert tree(root) in (old, new)
    assert not (root / ".recctl/journal").exists()


def test_of_two_processes_at_once_the_second_exits_with_4(root: Path, tmp_path: Path) -> None:
    new = new_tree(tmp_path / "other")
    Disk(root).make_folder(".recctl")
    with Disk(root).locked(".recctl/lock"):
        second = started("apply", "../plan.json", cwd=root)
        out, told = second.communicate(timeout=60)
        assert (second.returncode, out) == (ExitCode.LOCKED, b"")
        assert told.decode() == (
            f"recctl: another recctl is changing {root.resolve()}; wait for it, then try again\n"
        )
    assert recctl("apply", "../plan.json", cwd=root).code == ExitCode.FINE
    assert tree(root) == new


def test_of_many_processes_at_once_exactly_one_changes_the_files(
    root: Path, tmp_path: Path
) -> None:
    new = new_tree(tmp_path / "other")
    processes = [started("apply", "../plan.json", cwd=root) for _ in range(4)]
    codes = []
    for one in processes:
        one.communicate(timeout=60)
        codes.append(one.returncode)
    assert codes.count(ExitCode.FINE) == 1
    assert set(codes) <= {ExitCode.FINE, ExitCode.USAGE, ExitCode.LOCKED}
    assert tree(root) == new

"""What a change leaves alone: files of others beside its own, and the tree where it is refused."""

import os
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest

from recctl import plan as engine
from recctl.errors import PartialError
from recctl.plan import Receipt, RefusedError, receipts
from recctl.plan.disk import Disk
from tests.plan.commands import recctl
from tests.plan.trees import (
    HARBOUR,
    Killed,
    apply,
    contents,
    grown,
    plan_for,
    steps,
    tree,
)

OLD, NEW = "tests/old/recordings/ff66.json", "tests/new/ff66.json"


pytestmark = pytest.mark.usefixtures("no_syncing")


# Files with names like those of recctl


def test_files_and_folders_named_like_those_of_recctl_stay(root: Path) -> None:
    theirs = {
        "tests/pier/recordings/.recctl-put": b"work",
        "tests/harbour/recordings/.recctl-put/deep/notes.txt": b"more work",
    }
    grown(root, theirs)
    plan = plan_for(root)
    apply(plan)
    assert contents(root) == engine.simulate(HARBOUR, plan) | theirs


@pytest.mark.parametrize("is_folder", [True, False], ids=["folder", "file"])
def test_a_name_that_the_change_itself_needs_is_refused_before_anything_is_done(
    root: Path, is_folder: bool
) -> None:
    identity = "20260412-081503-3fa9c1"
    name = f"tests/pier/recordings/.recctl-{identity}"
    grown(root, {f"{name}/x" if is_folder else name: b"work"})
    before = tree(root)
    with (
        patch.object(receipts, "new_id", lambda *_: identity),
        pytest.raises(RefusedError, match=rf"\.recctl-{identity}: in the way; move it away"),
    ):
        apply(plan_for(root))
    assert tree(root) == before


def test_a_folder_that_takes_that_name_on_the_way_stays_until_it_is_moved(root: Path) -> None:
    plan = plan_for(root)
    identity = stopped_at(plan, "replace").id
    theirs = root / f"tests/pier/recordings/.recctl-{identity}"
    grown(theirs, {"deep/notes.txt": b"work"})
    with pytest.raises(PartialError, match="file exists"):
        engine.resume(root)
    assert contents(theirs) == {"deep/notes.txt": b"work"}
    theirs.rename(root / "elsewhere")
    engine.resume(root)
    assert contents(root) == engine.simulate(HARBOUR, plan) | {"elsewhere/deep/notes.txt": b"work"}


# A renamed file that is edited in place while the change is unfinished


def stopped_at(plan: engine.Plan, operation: str, *, after: bool = False) -> Receipt:
    """A change that was stopped at the first such operation after its journal was made."""
    other = grown(plan.root.parent / "counted")
    with steps() as counted:
        apply(engine.of("mend", other, plan.actions))
    begun = next(at for at, (_, path) in enumerate(counted.done) if path == ".recctl/journal")
    at = next(at for at, one in enumerate(counted.done) if at > begun and one[0] == operation)
    with steps(Killed, at, acts_first=after), pytest.raises(Killed):
        apply(plan)
    receipt = engine.pending(plan.root)
    assert receipt is not None
    return receipt


def moving(root: Path) -> engine.Plan:
    return engine.of("move", root, [engine.rename(OLD, NEW, HARBOUR[OLD])])


@pytest.mark.parametrize("operation", ["link", "remove"], ids=["not put yet", "put already"])
@pytest.mark.parametrize("way", [engine.resume, engine.roll_back], ids=["resume", "undo"])
def test_what_somebody_wrote_into_a_renamed_file_is_kept_and_both_ways_are_open(
    root: Path, operation: str, way: Callable[[Path], Receipt]
) -> None:
    stopped_at(moving(root), operation)
    edited = root / (NEW if operation == "remove" else OLD)
    with edited.open("ab") as file:
        file.write(b"work")
    held = contents(root)
    with pytest.raises(PartialError, match="meanwhile; move it away, to have its content, then"):
        way(root)
    assert contents(root) == held
    edited.rename(root / "mine.json")
    if operation == "remove":  # the old name was the same file
        (root / OLD).unlink()
    way(root)
    there = NEW if way is engine.resume else OLD
    others = {path: held for path, held in HARBOUR.items() if path != OLD}
    mine = {"mine.json": HARBOUR[OLD] + b"work"}
    assert contents(root) == {**others, **mine, there: HARBOUR[OLD]}
    assert engine.pending(root) is None


@pytest.mark.parametrize("way", [engine.resume, engine.roll_back], ids=["resume", "undo"])
def test_a_file_put_back_after_that_has_its_time_and_mode(
    root: Path, way: Callable[[Path], Receipt]
) -> None:
    os.utime(root / OLD, ns=(10**18, 10**18))
    (root / OLD).chmod(0o640)
    stopped_at(moving(root), "link")
    (root / OLD).write_bytes(b"work")
    (root / OLD).unlink()
    way(root)
    status = (root / (NEW if way is engine.resume else OLD)).stat()
    assert (status.st_mtime_ns, status.st_mode & 0o777) == (10**18, 0o640)


def test_where_nothing_is_kept_any_more_the_file_can_be_put_back_by_hand(root: Path) -> None:
    stopped_at(moving(root), "link")
    (root / OLD).unlink()
    for one in (root / ".recctl/journal/new").iterdir():
        one.write_bytes(b"damaged")
    with pytest.raises(PartialError, match="only the way back"):
        engine.resume(root)
    expected = engine.State.of(HARBOUR[OLD]).sha256
    with pytest.raises(PartialError, match=f"or put a file there whose sha256 is {expected}"):
        engine.roll_back(root)
    grown(root, {OLD: HARBOUR[OLD]})
    engine.roll_back(root)
    assert contents(root) == HARBOUR


def test_once_it_is_done_a_rename_is_not_kept_twice(root: Path) -> None:
    receipt = apply(moving(root))
    kept = root / ".recctl/receipts" / receipt.id
    assert sorted(path.name for path in kept.rglob("*.kept")) == []
    assert list((kept / "store").iterdir()) == []


# git that cannot be asked


@pytest.fixture
def without_git(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (root / ".git").mkdir()
    monkeypatch.setenv("PATH", "")
    return root


def test_where_there_is_a_work_tree_but_no_git_nothing_is_changed(without_git: Path) -> None:
    with pytest.raises(RefusedError, match="install git, or say --allow-dirty"):
        engine.execute(plan_for(without_git))
    assert contents(without_git) == HARBOUR


def test_who_allows_uncommitted_changes_needs_no_git(without_git: Path) -> None:
    engine.execute(plan_for(without_git), allow_dirty=True)
    assert contents(without_git) == engine.simulate(HARBOUR, plan_for(without_git))


def test_outside_of_git_no_git_is_needed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert list(engine.uncommitted_in_git(root, [])) == []


# A change that is refused leaves nothing


def test_a_refused_change_leaves_no_folder(root: Path) -> None:
    plan = plan_for(root)
    (root / OLD).write_bytes(b"changed")
    for uncommitted in (lambda *_: (), lambda *_: [root / OLD]):
        with pytest.raises(RefusedError):
            engine.execute(plan, uncommitted=uncommitted)
        assert not (root / ".recctl").exists()


def test_a_refused_change_leaves_the_receipts_of_others(root: Path) -> None:
    receipt = apply(moving(root))
    with pytest.raises(RefusedError, match="gone since the plan was made"):
        apply(moving(root))
    assert [line.id for line in receipts.history(Disk(root))] == [receipt.id]


def test_a_failure_on_the_way_leaves_the_journal(root: Path) -> None:
    stopped_at(moving(root), "link")
    assert (root / ".recctl/journal").is_dir()


@pytest.mark.parametrize(
    "arguments", [("apply", "--resume"), ("undo", "--apply"), ("history",)], ids=" ".join
)
def test_with_nothing_to_finish_or_undo_no_folder_is_made(
    root: Path, arguments: tuple[str, ...]
) -> None:
    recctl(*arguments, cwd=root)
    assert not (root / ".recctl").exists()


def test_a_lock_whose_file_was_removed_is_no_lock(root: Path) -> None:
    disk = Disk(root)
    disk.make_folder(".recctl")
    with disk.locked(".recctl/lock") as mine:
        assert mine

    def late(_: int) -> bool:
        (root / ".recctl/lock").unlink()
        return True

    removed = patch("recctl.plan.disk._lock", late)
    with removed, disk.locked(".recctl/lock") as mine:
        assert not mine


def test_a_planned_file_that_is_gone_is_no_uncommitted_change(root: Path) -> None:
    plan = plan_for(root)
    (root / OLD).unlink()
    with pytest.raises(RefusedError, match=r"ff66\.json: gone since the plan was made; plan again"):
        engine.execute(plan, uncommitted=lambda *_: [root / OLD])

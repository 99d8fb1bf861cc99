"""Carrying a plan out: what becomes of the files, and when it is refused."""

import os
import stat
import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl import plan as engine
from recctl.errors import LockedError
from recctl.plan import RefusedError
from recctl.plan.disk import Disk
from tests.cli import needs_posix
from tests.plan.plans import TREES, UNHURRIED, plans
from tests.plan.trees import (
    HARBOUR,
    apply,
    contents,
    grown,
    nothing_uncommitted,
    plan_for,
    steps,
    tree,
)
from tests.test_import_weight import HEAVY, modules_after

LAMP = "tests/lamp.json"


pytestmark = pytest.mark.usefixtures("no_syncing")


def refusal(plan: engine.Plan) -> str:
    """Why a plan is refused; the tree must stay as it is."""
    before = tree(plan.root)
    with pytest.raises(RefusedError) as refused:
        apply(plan)
    assert tree(plan.root) == before
    assert engine.pending(plan.root) is None
    assert not (plan.root / ".recctl/preparing").exists()
    return str(refused.value)


def lamp(root: Path, content: bytes = b"on") -> Path:
    (root / LAMP).write_bytes(content)
    return root / LAMP


# What becomes of the files


def test_every_kind_of_action_is_done(root: Path) -> None:
    plan = plan_for(root)
    apply(plan)
    assert contents(root) == engine.simulate(HARBOUR, plan)


@pytest.mark.parametrize("links", [True, False])
@settings(UNHURRIED, max_examples=60)
@given(data=st.data())
def test_a_plan_does_to_files_what_it_does_to_a_model(
    links: bool, data: st.DataObject, tmp_path: Path
) -> None:
    files = data.draw(TREES)
    root = grown(Path(mkdtemp(dir=tmp_path)), files)
    plan = data.draw(plans(files, root))
    with steps(links=links):
        apply(plan)
    assert contents(root) == engine.simulate(files, plan)
    assert all((root / path).stat().st_nlink == 1 for path in contents(root))


def test_nothing_is_left_between_the_files(root: Path) -> None:
    apply(plan_for(root))
    assert sorted(path.name for path in (root / ".recctl").iterdir()) == [
        ".gitignore",
        "lock",
        "receipts",
    ]
    assert [path for path in tree(root) if "/." in path] == []


def test_folders_are_made_and_emptied_ones_removed(root: Path) -> None:
    apply(plan_for(root))
    assert (root / "tests/new/deep/recordings").is_dir()
    assert not (root / "tests/old").exists()


def test_the_working_directory_is_not_removed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root / "tests/old")
    apply(plan_for(root))
    assert (root / "tests/old").is_dir()
    assert not (root / "tests/old/recordings").exists()


def test_git_sees_nothing_of_the_folder(root: Path) -> None:
    subprocess.run(["git", "init", "--quiet", root], check=True)
    apply(plan_for(root))
    told = subprocess.run(
        ["git", "status", "--porcelain", "--ignored=no"], cwd=root, capture_output=True, check=True
    )
    assert b".recctl" not in told.stdout


# Modes and times


@needs_posix
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o444])
def test_modes_stay(root: Path, mode: int) -> None:
    for path in HARBOUR:
        (root / path).chmod(mode)
    apply(plan_for(root))
    modes = {path: held for path, (held, content) in tree(root).items() if content is not None}
    assert modes.pop("tests/pier/recordings/0000.json") == 0o640
    assert set(modes.values()) == {mode}


def test_a_renamed_file_keeps_its_time_even_if_its_ids_change(root: Path) -> None:
    old = root / "tests/harbour/recordings/aa11.json"
    os.utime(old, ns=(1, 10**18))
    apply(plan_for(root))
    assert (root / "tests/harbour/recordings/bb22.json").stat().st_mtime_ns == 10**18


def test_an_edited_file_gets_a_new_time(root: Path) -> None:
    edited = root / "tests/harbour/recordings/cc33.json"
    os.utime(edited, ns=(1, 10**18))
    apply(plan_for(root))
    assert edited.stat().st_mtime_ns > 10**18


@pytest.mark.parametrize("links", [True, False])
def test_files_that_only_swap_names_swap_modes_and_times_too(tmp_path: Path, links: bool) -> None:
    root = grown(tmp_path / "pier", {"a.json": b"same", "b.json": b"same"})
    (root / "a.json").chmod(0o600)
    (root / "b.json").chmod(0o640)
    os.utime(root / "a.json", ns=(1, 10**18))
    swap = [engine.rename("a.json", "b.json", b"same"), engine.rename("b.json", "a.json", b"same")]
    with steps(links=links):
        apply(engine.of("swap", root, swap))
    assert stat.S_IMODE((root / "a.json").stat().st_mode) == 0o640
    assert stat.S_IMODE((root / "b.json").stat().st_mode) == 0o600
    assert (root / "b.json").stat().st_mtime_ns == 10**18


def test_what_is_kept_cannot_be_changed_through_a_file_of_the_tree(tmp_path: Path) -> None:
    root = grown(tmp_path / "pier", {"a.json": b"old"})
    os.link(root / "a.json", root / "second-name.json")
    receipt = apply(engine.of("mend", root, [engine.write("a.json", b"new", b"old")]))
    (root / "second-name.json").write_bytes(b"changed in place")
    (root / "a.json").write_bytes(b"changed in place, too")
    (kept,) = (root / ".recctl/receipts" / receipt.id / "store").iterdir()
    assert kept.read_bytes() == b"old"


# Refusals


def test_an_empty_plan_is_refused(root: Path) -> None:
    assert refusal(engine.of("mend", root, [])) == "the plan is empty: there is nothing to do"


def test_a_file_that_was_changed_since_is_refused(root: Path) -> None:
    plan = plan_for(root)
    (root / "tests/pier/recordings/dd44.json").write_bytes(b"edited")
    assert refusal(plan) == (
        "tests/pier/recordings/dd44.json: changed since the plan was made; plan again"
    )


def test_a_file_that_was_changed_without_changing_its_size_and_time_is_refused(root: Path) -> None:
    plan = plan_for(root)
    changed = root / "tests/pier/recordings/dd44.json"
    status = changed.stat()
    changed.write_bytes(changed.read_bytes().replace(b"rec", b"cer"))
    os.utime(changed, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert "changed since the plan was made" in refusal(plan)


def test_a_file_that_is_gone_is_refused(root: Path) -> None:
    plan = plan_for(root)
    (root / "tests/pier/recordings/dd44.json").unlink()
    assert "gone since the plan was made" in refusal(plan)


@pytest.mark.parametrize("taken", ["file", "folder", "link", "link to nothing"])
def test_a_target_that_exists_is_refused(root: Path, taken: str) -> None:
    plan = plan_for(root)
    place = root / "tests/pier/recordings/0000.json"
    if taken == "file":
        place.write_bytes(b"somebody's")
    elif taken == "folder":
        place.mkdir()
    else:
        place.symlink_to(root / ("tests/untouched.json" if taken == "link" else "nowhere"))
    assert refusal(plan) == "tests/pier/recordings/0000.json: exists already; plan again"


def test_a_target_that_differs_only_in_case_from_a_file_is_refused(root: Path) -> None:
    (root / "tests/harbour/recordings/LAMP.json").write_bytes(b"")
    plan = engine.of("mend", root, [engine.write("tests/harbour/recordings/lamp.json", b"")])
    assert refusal(plan) == (
        "tests/harbour/recordings/lamp.json: differs only in case from LAMP.json"
    )


def test_a_new_folder_that_differs_only_in_case_from_another_is_refused(root: Path) -> None:
    plan = engine.of("mend", root, [engine.write("tests/Harbour/lamp.json", b"")])
    assert refusal(plan) == "tests/Harbour: differs only in case from harbour"


def test_a_name_may_change_in_case_only(tmp_path: Path) -> None:
    root = grown(tmp_path / "pier", {"AB.json": b"1"})
    if (root / "ab.json").exists():
        pytest.skip("this system cannot tell upper from lower case")
    apply(engine.of("mend", root, [engine.rename("AB.json", "ab.json", b"1")]))
    assert contents(root) == {"ab.json": b"1"}


def test_a_file_may_be_edited_beside_one_whose_name_differs_in_case(tmp_path: Path) -> None:
    root = grown(tmp_path / "pier", {"AB.json": b"1", "ab.json": b"2"})
    if len(contents(root)) == 1:
        pytest.skip("this system cannot tell upper from lower case")
    apply(engine.of("mend", root, [engine.write("ab.json", b"3", b"2")]))
    assert contents(root) == {"AB.json": b"1", "ab.json": b"3"}


def test_a_file_that_became_a_link_is_refused(root: Path) -> None:
    plan = plan_for(root)
    path = root / "tests/pier/recordings/dd44.json"
    (root / "elsewhere.json").write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(root / "elsewhere.json")
    assert "tests/pier/recordings/dd44.json is a link, no file" in refusal(plan)


def test_a_folder_that_became_a_link_is_refused(root: Path, tmp_path: Path) -> None:
    plan = plan_for(root)
    outside = tmp_path / "outside"
    (root / "tests/pier/recordings").rename(outside)
    (root / "tests/pier/recordings").symlink_to(outside)
    held = tree(outside)
    assert "tests/pier/recordings: a link or a file, no folder" in refusal(plan)
    assert tree(outside) == held


@needs_posix
def test_a_file_that_became_a_pipe_is_refused_without_waiting(root: Path) -> None:
    plan = plan_for(root)
    path = root / "tests/pier/recordings/dd44.json"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(RefusedError, match="no regular file"):
        apply(plan)


def test_a_folder_that_cannot_be_written_to_is_refused(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Disk, "can_change", lambda _, folder: not folder.startswith("tests/pier"))
    assert refusal(plan_for(root)) == ("tests/pier/recordings: a folder that cannot be written to")


def test_a_link_in_place_of_the_own_folder_is_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (root / ".recctl").symlink_to(tmp_path / "outside")
    with pytest.raises(RefusedError, match=r"\.recctl is a link or a file, no folder"):
        apply(plan_for(root))
    assert list((tmp_path / "outside").iterdir()) == []


def test_an_edit_whose_outcome_is_not_the_planned_one_is_refused(root: Path) -> None:
    held = HARBOUR["tests/untouched.json"]
    wrong = engine.Edit(
        "tests/untouched.json",
        engine.State.of(held),
        engine.State.of(b"planned"),
        engine.splices(held, b"other"),
    )
    assert "its edits do not give the planned content" in refusal(engine.of("mend", root, [wrong]))


def test_new_content_that_is_not_the_planned_one_is_refused(root: Path) -> None:
    wrong = engine.Write("x.json", b"other", engine.State.of(b"planned"))
    assert "its new content is not the planned one" in refusal(engine.of("mend", root, [wrong]))


# Git


def test_uncommitted_changes_are_refused(root: Path) -> None:
    asked: list[Path] = []

    def two_of_them(top: Path, paths: Sequence[Path]) -> Collection[Path]:
        asked.extend(paths)
        return {top / "tests/pier/recordings/dd44.json", top / "tests/pier/recordings/ee55.json"}

    plan = plan_for(root)
    with pytest.raises(RefusedError) as refused:
        engine.execute(plan, uncommitted=two_of_them)
    assert str(refused.value) == (
        "tests/pier/recordings/dd44.json and 1 more: uncommitted changes in git; commit them,"
        " or say --allow-dirty"
    )
    assert asked == [root / path for path, state in plan.before.items() if state is not None]
    assert contents(root) == HARBOUR


def test_uncommitted_changes_may_be_allowed(root: Path) -> None:
    engine.execute(plan_for(root), allow_dirty=True, uncommitted=lambda _, paths: list(paths))


def test_git_is_asked_where_the_files_are_in_git(root: Path) -> None:
    subprocess.run(["git", "init", "--quiet", root], check=True)
    subprocess.run(["git", "add", "--all"], cwd=root, check=True)
    as_someone = ["-c", "user.name=Keeper", "-c", "user.email=keeper@example.org"]
    subprocess.run(["git", *as_someone, "commit", "--quiet", "-m", "Lamps"], cwd=root, check=True)
    (root / "tests/pier/recordings/dd44.json").write_bytes(b"edited")
    files = {**HARBOUR, "tests/pier/recordings/dd44.json": b"edited"}
    with pytest.raises(RefusedError, match=r"dd44\.json: uncommitted changes in git"):
        engine.execute(plan_for(root, files))
    engine.execute(plan_for(root, files), allow_dirty=True)


# Two at once


def test_the_second_of_two_is_locked_out(root: Path) -> None:
    plan = plan_for(root)
    Disk(root).make_folder(".recctl")
    with Disk(root).locked(".recctl/lock") as is_mine:
        assert is_mine
        with pytest.raises(LockedError, match="another recctl is changing"):
            apply(plan)
        assert engine.unfinished(root) is None
    assert contents(root) == HARBOUR
    apply(plan)


def test_a_lock_that_nobody_holds_any_more_does_not_count(root: Path) -> None:
    (root / ".recctl").mkdir()
    (root / ".recctl/lock").write_bytes(b"")
    engine.execute(plan_for(root), uncommitted=nothing_uncommitted)


def test_leftovers_of_a_change_that_was_not_begun_are_cleared_away(root: Path) -> None:
    grown(root, {".recctl/preparing/new/0": b"left", ".recctl/preparing/receipt.json": b"{"})
    apply(plan_for(root))
    assert not (root / ".recctl/preparing").exists()


# What is loaded


def test_neither_plans_nor_looking_for_an_unfinished_change_load_a_library(tmp_path: Path) -> None:
    look = f"recctl.plan.unfinished(Path({str(tmp_path)!r}))"
    code = f"from pathlib import Path\nimport recctl.plan\n{look}"
    loaded = modules_after(code)
    assert loaded & HEAVY == set()
    assert "subprocess" not in loaded


# Where the root is


def test_the_root_is_the_top_of_the_git_work_tree(tmp_path: Path) -> None:
    grown(tmp_path, {".git/HEAD": b"", "a/.recctl/lock": b"", "a/recordings/x.json": b""})
    assert engine.root_of([tmp_path / "a/recordings/x.json"]) == tmp_path.resolve()


def test_outside_of_git_the_root_is_where_changes_were_made_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grown(tmp_path, {"a/.recctl/lock": b"", "a/b/recordings/x.json": b""})
    monkeypatch.chdir(tmp_path)
    assert engine.root_of([tmp_path / "a/b/recordings"]) == (tmp_path / "a").resolve()


def test_else_the_root_is_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grown(tmp_path, {"a/recordings/x.json": b""})
    monkeypatch.chdir(tmp_path / "a")
    assert engine.root_of([Path("recordings")]) == (tmp_path / "a").resolve()
    assert engine.root_of([]) == (tmp_path / "a").resolve()


def test_files_elsewhere_have_their_own_folder_for_a_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grown(tmp_path, {"a/recordings/x.json": b"", "b/x": b""})
    monkeypatch.chdir(tmp_path / "b")
    assert engine.root_of([tmp_path / "a"]) == (tmp_path / "a").resolve()


def test_one_change_cannot_be_in_two_trees(tmp_path: Path) -> None:
    grown(tmp_path, {"a/.git/HEAD": b"", "b/.git/HEAD": b""})
    with pytest.raises(Exception, match="one change cannot be in two trees"):
        engine.root_of([tmp_path / "a", tmp_path / "b"])


def test_a_path_below_the_root_is_told_with_slashes(root: Path) -> None:
    assert engine.below(root.resolve(), root / "tests/pier/../x.json") == "tests/x.json"


def test_a_path_outside_of_the_root_is_refused(root: Path) -> None:
    with pytest.raises(RefusedError, match="outside of"):
        engine.below(root.resolve(), root.parent / "x.json")


def test_a_link_has_no_path_below_the_root(root: Path) -> None:
    (root / "link.json").symlink_to(root / "tests/untouched.json")
    with pytest.raises(RefusedError, match="a link; change the file that it leads to"):
        engine.below(root.resolve(), root / "link.json")

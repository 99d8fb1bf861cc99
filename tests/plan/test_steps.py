"""The steps of a change one by one: what is made ready, what is synced, and what is looked at."""

import errno
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from recctl import plan as engine
from recctl.plan import RefusedError, Splice, State, actions, execution, receipts
from recctl.plan.disk import Disk
from tests.cli import needs_posix
from tests.plan.test_bystanders import NEW, OLD, moving, stopped_at
from tests.plan.trees import (
    HARBOUR,
    Killed,
    apply,
    contents,
    disk_full,
    grown,
    plan_for,
    steps,
    tree,
)

DD = "tests/pier/recordings/dd44.json"


pytestmark = pytest.mark.usefixtures("no_syncing")


def said(act: Callable[[], object]) -> str:
    with pytest.raises(RefusedError) as caught:
        act()
    return str(caught.value)


def removing(root: Path) -> engine.Plan:
    return engine.of("mend", root, [engine.remove(DD, HARBOUR[DD])])


def test_each_action_is_watched_twice(root: Path) -> None:
    watched: list[tuple[int, int]] = []
    plan = plan_for(root)

    engine.execute(
        plan, allow_dirty=True, watch=lambda done, all_of: watched.append((done, all_of))
    )

    both = 2 * len(plan.actions)
    assert watched == [(number, both) for number in range(both)]


def test_all_that_is_made_ready_is_synced_before_the_journal_and_all_folders_after(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[bool, set[str]]] = []

    def sync(disk: Disk, paths: Sequence[str]) -> None:
        assert all(disk.status(path) is not None for path in paths)
        synced.append((disk.status(".recctl/journal") is None, set(paths)))

    monkeypatch.setattr(Disk, "sync", sync)
    kept = {State.of(HARBOUR[path]).sha256 for path in HARBOUR if "untouched" not in path}
    moved = State.of(HARBOUR[OLD]).sha256

    receipt = apply(plan_for(root))

    ready = ".recctl/preparing"
    store = {f"{ready}/store/{digest}" for digest in kept - {moved}}
    new = {f"{ready}/new/{number}" for number in (0, 1, 2, 4, 5, 6)} | {f"{ready}/new/6.kept"}
    inside = {f"{ready}/{name}" for name in (*receipts.FILES, "store", "new")}
    assert synced[0] == (True, {*store, *new, *inside, ready, ".recctl"})
    assert synced[1] == (False, {".recctl"})
    folders = {
        *(".", "tests", "tests/harbour", "tests/harbour/recordings"),
        *("tests/pier", "tests/pier/recordings"),
        *("tests/new", "tests/new/deep", "tests/new/deep/recordings"),
    }
    assert synced[2] == (False, {*folders, "tests/old", "tests/old/recordings"})
    assert synced[3] == (False, folders)
    assert synced[4:] == [(True, {".recctl/receipts", ".recctl"})]
    assert receipt.id


def test_on_the_way_back_all_folders_are_synced(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[set[str]] = []
    stopped_at(moving(root), "remove", after=True)
    monkeypatch.setattr(Disk, "sync", lambda _, paths: synced.append(set(paths)))

    engine.roll_back(root)

    above = {".", "tests", "tests/old", "tests/old/recordings"}
    assert synced[0] == {".recctl/journal/copy"}
    assert synced[1] == {*above, "tests/new"}
    assert synced[2:] == [above, {".recctl"}]


def test_what_was_seen_of_a_file_is_all_that_tells_it_from_another(root: Path) -> None:
    status, state = (root / DD).stat(), State.of(HARBOUR[DD])

    seen = execution._Seen.of(status, state)

    assert seen == execution._Seen(
        status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, state
    )
    assert seen.is_file(status)
    assert not seen.is_file((root / OLD).stat())


# Files that are replaced between looking and acting


def swapped(root: Path, path: str, content: bytes) -> None:
    """Another file of the same name, size and time."""
    status = (root / path).stat()
    (root / path).rename(root.parent / "swapped")
    (root / path).write_bytes(content)
    os.utime(root / path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize("make", [removing, moving], ids=["removed", "renamed"])
def test_a_file_that_is_replaced_before_it_gets_its_second_name_is_refused(
    make: Callable[[Path], engine.Plan], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, link = make(root), Disk.link
    path = plan.actions[0].path

    def late(disk: Disk, one: str, to: str) -> bool:
        swapped(root, path, bytes(reversed(HARBOUR[path])))
        return link(disk, one, to)

    monkeypatch.setattr(Disk, "link", late)

    assert said(lambda: apply(plan)) == f"{path}: replaced a moment ago; plan again"
    assert engine.pending(root) is None


@pytest.mark.parametrize("make", [removing, moving], ids=["removed", "renamed"])
def test_where_a_file_becomes_another_one_by_that_its_content_decides(
    make: Callable[[Path], engine.Plan], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, link = make(root), Disk.link
    path = plan.actions[0].path

    def copying(disk: Disk, one: str, to: str) -> bool:
        if ".recctl/preparing" not in to:
            return link(disk, one, to)
        (root / to).write_bytes((root / one).read_bytes())
        return True

    monkeypatch.setattr(Disk, "link", copying)
    apply(plan)

    assert path not in contents(root)


@pytest.mark.parametrize("change", ["size", "time", "gone"])
def test_a_file_that_is_changed_while_it_is_made_ready_is_refused(
    change: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = execution._staged

    def then_change(disk: Disk, to: str, action: engine.Action) -> os.stat_result | None:
        status = staged(disk, to, action)
        place = root / DD
        if change == "gone":
            place.unlink()
        elif change == "time":
            os.utime(place, ns=(1, 1))
        else:
            time = place.stat().st_mtime_ns
            with place.open("ab") as file:
                file.write(b".")
            os.utime(place, ns=(time, time))
        return status

    monkeypatch.setattr(execution, "_staged", then_change)

    assert said(lambda: apply(removing(root))) == f"{DD}: replaced a moment ago; plan again"


# Modes and times that an action gives


@needs_posix
@pytest.mark.parametrize("links", [True, False])
def test_an_action_may_give_a_mode_and_a_time(root: Path, links: bool) -> None:
    renamed = replace(moving(root).actions[0], mode=0o604, modified=10**18)  # type: ignore[arg-type]
    edited = replace(
        engine.edit(DD, HARBOUR[DD], [Splice(0, b"{", b"[")]), mode=0o640, modified=2 * 10**18
    )
    written = replace(engine.write("x.json", b"", mode=0o600), modified=3 * 10**18)

    with steps(links=links):
        apply(engine.of("mend", root, [renamed, edited, written]))

    status = {path: (root / path).stat() for path in (NEW, DD, "x.json")}
    assert {path: (stat.S_IMODE(one.st_mode), one.st_mtime_ns) for path, one in status.items()} == {
        NEW: (0o604, 10**18),
        DD: (0o640, 2 * 10**18),
        "x.json": (0o600, 3 * 10**18),
    }


@needs_posix
def test_only_what_is_renamed_and_stays_as_it_is_stays_the_same_file(root: Path) -> None:
    (root / OLD).chmod(0o640)
    status = (root / OLD).stat()
    plain = moving(root).actions[0]
    assert isinstance(plain, engine.Rename)
    same = replace(plain, mode=0o640, modified=status.st_mtime_ns)

    assert execution._leaves_as_is(plain, status)
    assert execution._leaves_as_is(same, status)
    assert not execution._leaves_as_is(replace(same, mode=0o600), status)
    assert not execution._leaves_as_is(replace(same, mode=0o100640), status)
    assert not execution._leaves_as_is(replace(same, modified=1), status)
    assert not execution._leaves_as_is(replace(same, edits=(Splice(0, b"", b"x"),)), status)
    apply(engine.of("move", root, [same]))
    assert (root / NEW).stat().st_ino == status.st_ino


def test_on_windows_a_file_that_is_marked_read_only_is_told(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = removing(root)
    (root / DD).chmod(0o444)
    monkeypatch.setattr("recctl.files.ON_WINDOWS", True)

    assert said(lambda: apply(plan)) == f"{DD}: marked read-only; clear it first: attrib -r"


# The way back


@needs_posix
def test_of_two_equal_files_each_comes_back_as_itself(root: Path) -> None:
    grown(root, {"c.json": b"same", "d.json": b"same"})
    for name, mode, time in (("c.json", 0o600, 10**18), ("d.json", 0o640, 2 * 10**18)):
        (root / name).chmod(mode)
        os.utime(root / name, ns=(time, time))
    made: list[engine.Action] = [
        engine.rename("c.json", "d.json", b"same"),
        engine.remove("d.json", b"same"),
    ]
    with steps() as counted:
        other = grown(root.parent / "other", {"c.json": b"same", "d.json": b"same"})
        apply(engine.of("mend", other, made))
    at = next(at for at, one in enumerate(counted.done) if one == ("remove", "c.json"))
    with steps(Killed, at, acts_first=True), pytest.raises(Killed):
        apply(engine.of("mend", root, made))
    assert "c.json" not in contents(root)

    engine.roll_back(root)

    status = {name: (root / name).stat() for name in ("c.json", "d.json")}
    assert {name: (one.st_mode & 0o777, one.st_mtime_ns) for name, one in status.items()} == {
        "c.json": (0o600, 10**18),
        "d.json": (0o640, 2 * 10**18),
    }
    assert [one.st_nlink for one in status.values()] == [1, 1]


@needs_posix
@pytest.mark.parametrize("links", [True, False])
def test_a_mode_comes_back_where_the_content_is_the_same(root: Path, links: bool) -> None:
    (root / DD).chmod(0o640)
    held = HARBOUR[DD]
    made: list[engine.Action] = [
        engine.write(DD, held, held, mode=0o604),
        engine.remove(OLD, HARBOUR[OLD]),
    ]
    with steps(links=links) as counted:
        other = grown(root.parent / "other")
        apply(engine.of("mend", other, made))
    at = next(at for at, one in enumerate(counted.done) if one == ("remove", OLD))
    with steps(Killed, at, links=links), pytest.raises(Killed):
        apply(engine.of("mend", root, made))
    assert (root / DD).stat().st_mode & 0o777 == 0o604

    with steps(links=links):
        engine.roll_back(root)

    assert (root / DD).stat().st_mode & 0o777 == 0o640


@needs_posix
def test_a_folder_comes_back_with_its_mode(root: Path) -> None:
    (root / "tests/old/recordings").chmod(0o750)
    (root / "tests/old").chmod(0o711)
    before = tree(root)
    stopped_at(moving(root), "remove folder", after=True)
    engine.roll_back(root)
    assert tree(root) == before


# Holding a tree


def test_what_the_system_refuses_of_one_who_holds_a_tree(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hold() -> None:
        with execution.holding(root):
            raise disk_full()

    assert said(hold) == "no space left on device"
    assert not (root / ".recctl").exists()

    def locked(*_: object) -> None:
        raise disk_full()

    monkeypatch.setattr(Disk, "locked", locked)
    assert said(hold) == "no space left on device; nothing was changed"


def test_the_own_folder_is_ignored_by_git_unless_somebody_says_otherwise(root: Path) -> None:
    apply(moving(root))
    assert (root / ".recctl/.gitignore").read_bytes() == b"*\n"
    (root / ".recctl/.gitignore").write_bytes(b"mine")
    engine.execute(engine.undoing(root), allow_dirty=True)
    assert (root / ".recctl/.gitignore").read_bytes() == b"mine"


def test_an_own_folder_that_was_there_stays_though_nothing_came_of_it(root: Path) -> None:
    (root / ".recctl").mkdir()
    with pytest.raises(RefusedError), execution.holding(root):
        raise RefusedError("no")
    assert (root / ".recctl/lock").exists()


def test_where_nothing_can_be_read_no_change_is_unfinished(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(_: Disk) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(receipts, "journal", unreadable)

    assert engine.unfinished(root) is None


def test_a_folder_that_only_looks_like_one_of_git_has_no_uncommitted_changes(root: Path) -> None:
    (root / ".git").mkdir()

    assert engine.uncommitted_in_git(root, [root / DD]) == frozenset()


def test_what_would_be_refused_is_known_after_other_changes_too(root: Path) -> None:
    apply(moving(root))

    assert engine.refusals(removing(root), allow_dirty=True) == ()


def test_a_name_in_a_folder_may_change_in_case_only(tmp_path: Path) -> None:
    root = grown(tmp_path / "pier", {"a/AB.json": b"1"})
    if (root / "a/ab.json").exists():
        pytest.skip("this system cannot tell upper from lower case")

    apply(engine.of("mend", root, [engine.rename("a/AB.json", "a/ab.json", b"1")]))

    assert contents(root) == {"a/ab.json": b"1"}


def test_a_renamed_file_that_would_come_back_is_shown_with_what_is_kept_of_it(root: Path) -> None:
    plan = engine.of("mend", root, [*removing(root).actions, *moving(root).actions])
    stopped_at(plan, "remove folder")
    assert OLD not in contents(root)

    written = {one.path: one for one in engine.going_back(root).actions}[OLD]

    assert isinstance(written, engine.Write)
    assert actions.content_of(written) == HARBOUR[OLD]
    before = tree(root)
    engine.roll_back(root)
    assert contents(root) == HARBOUR
    assert tree(root) != before

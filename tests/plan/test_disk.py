"""Single operations on files: what each does, and what it says where it cannot."""

import errno
import os
import socket
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recctl.plan import disk as module
from recctl.plan.disk import Disk, LinkInTheWayError
from tests.cli import needs_posix

OPENED = Path("/proc/self/fd")
needs_proc = pytest.mark.skipif(not OPENED.is_dir(), reason="no /proc tells of open files")

LINK_FOR_FILE = "a link, no file"
NO_FOLDER = "a link or a file, no folder"


@pytest.fixture(params=["by open folders", "by whole paths"])
def disk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """A folder with some files, as POSIX goes through it, and as Windows does."""
    root = tmp_path / "root"
    (root / "a/b").mkdir(parents=True)
    (root / "a/file.json").write_bytes(b"fog")
    (root / "a/b/deep.json").write_bytes(b"deep")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.json").write_bytes(b"secret")
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "a/link.json").symlink_to("file.json")
    if request.param == "by whole paths":
        monkeypatch.setattr(module, "_BY_FOLDER", False)
    return Disk(root)


def at(name: str, folder: int | None) -> str:
    """The whole path of a name in an open folder."""
    return name if folder is None else f"{(OPENED / str(folder)).readlink()}/{name}"


def open_files() -> int:
    return len(list(OPENED.iterdir()))


def by_folder() -> bool:
    return module._BY_FOLDER


def refusal(act: Callable[[], object], kind: type[OSError] = OSError) -> OSError:
    with pytest.raises(kind) as caught:
        act()
    return caught.value


# Looking


def test_a_root_is_one_wherever_one_stands(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(disk.root)
    here = Disk(Path("a"))
    monkeypatch.chdir(disk.root.parent)

    assert here.root == disk.root / "a"
    assert here.read("file.json")[0] == b"fog"


def test_a_root_may_be_a_link(disk: Disk) -> None:
    (disk.root.parent / "linked").symlink_to(disk.root)

    assert Disk(disk.root.parent / "linked").read("a/file.json")[0] == b"fog"


def test_a_status_is_that_of_the_path_itself(disk: Disk) -> None:
    file, link = disk.status("a/file.json"), disk.status("a/link.json")

    assert file is not None
    assert (file.st_ino, file.st_size) == ((disk.root / "a/file.json").stat().st_ino, 3)
    assert link is not None
    assert stat.S_ISLNK(link.st_mode)
    assert disk.status("a/none") is None
    assert disk.status("none/none") is None


def test_a_file_is_read_with_its_status(disk: Disk) -> None:
    content, status = disk.read("a/b/deep.json")

    assert content == b"deep"
    assert status.st_ino == (disk.root / "a/b/deep.json").stat().st_ino


@pytest.mark.parametrize("path", ["link/secret.json", "a/file.json/x"])
def test_what_is_no_folder_is_not_gone_through(path: str, disk: Disk) -> None:
    if not by_folder() and path.startswith("a/"):
        assert refusal(lambda: disk.read(path), NotADirectoryError).filename == path
        return

    error = refusal(lambda: disk.read(path), LinkInTheWayError)

    folder = path.rpartition("/")[0]
    assert error.errno == errno.ELOOP
    assert error.strerror == (
        f"{folder} is {NO_FOLDER}" if by_folder() else f"{disk.root}/{folder} is a link, no folder"
    )


def test_the_first_folder_that_is_none_is_told(disk: Disk) -> None:
    (disk.root / "a/b/li\nnk").symlink_to(disk.root)

    error = refusal(lambda: disk.status("a/b/li\nnk/a/b/c"), LinkInTheWayError)

    told = rf"a/b/li\nnk is {NO_FOLDER}"
    assert error.strerror == (
        told if by_folder() else rf"{disk.root}/a/b/li\nnk is a link, no folder"
    )


@needs_posix
def test_a_link_is_not_read(disk: Disk) -> None:
    (disk.root / "li\nnk.json").symlink_to("a/file.json")

    error = refusal(lambda: disk.read("li\nnk.json"), LinkInTheWayError)

    assert (error.errno, error.strerror) == (errno.ELOOP, rf"li\nnk.json is {LINK_FOR_FILE}")


@needs_posix
def test_a_link_is_not_read_where_the_system_would_follow_it(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_NO_LINK", 0)
    monkeypatch.setattr(module, "_BY_FOLDER", False)
    (disk.root / "a/li\nnk.json").symlink_to("file.json")

    error = refusal(lambda: disk.read("a/li\nnk.json"), LinkInTheWayError)

    assert (error.errno, error.strerror) == (errno.ELOOP, rf"a/li\nnk.json is {LINK_FOR_FILE}")


@needs_posix
def test_a_pipe_is_not_read(disk: Disk) -> None:
    os.mkfifo(disk.root / "odd\n")

    error = refusal(lambda: disk.read("odd\n"), LinkInTheWayError)

    assert (error.errno, error.strerror) == (errno.ELOOP, r"odd\n is no regular file")


@needs_posix
def test_what_cannot_be_opened_says_by_which_path(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(disk.root)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s")

    error = refusal(lambda: disk.read("s"))

    assert (error.errno, error.filename) == (errno.ENXIO, "s")
    assert not isinstance(error, LinkInTheWayError)


def test_a_file_that_is_too_large_is_not_read(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 3)

    assert disk.read("a/file.json")[0] == b"fog"
    error = refusal(lambda: disk.read("a/b/deep.json"))
    assert (error.errno, error.strerror, error.filename) == (
        errno.EFBIG,
        os.strerror(errno.EFBIG),
        "a/b/deep.json",
    )


def test_what_is_not_there_is_told_by_its_whole_path(disk: Disk) -> None:
    assert refusal(lambda: disk.read("a/none"), FileNotFoundError).filename == "a/none"
    assert refusal(lambda: disk.remove("a/none"), FileNotFoundError).filename == "a/none"
    assert refusal(lambda: disk.read("a/b"), IsADirectoryError).filename == "a/b"


def test_the_names_in_a_folder(disk: Disk) -> None:
    assert sorted(disk.names("a")) == ["b", "file.json", "link.json"]
    assert sorted(disk.names("")) == ["a", "link"]
    assert disk.names("none") == []
    assert disk.names("a/none/x") == []


def test_a_link_has_no_names_in_it(disk: Disk) -> None:
    assert refusal(lambda: disk.names("link"), LinkInTheWayError).errno == errno.ELOOP


@needs_proc
def test_who_may_change_a_folder_is_asked_of_the_system(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []

    def access(name: str, wanted: int, *, dir_fd: int | None) -> bool:
        asked.append((os.path.normpath(at(name, dir_fd)), wanted))
        return len(asked) == 1

    monkeypatch.setattr(os, "access", access)

    assert disk.can_change("a/b") is True
    assert disk.can_change("") is False
    assert asked == [
        (str(disk.root / "a/b"), os.W_OK | os.X_OK),
        (str(disk.root), os.W_OK | os.X_OK),
    ]


# Changing files


def test_a_new_file_is_written_whole_and_for_this_user(disk: Disk) -> None:
    mask = os.umask(0o002)
    try:
        disk.write("a/b/new.json", b"x" * 100_000)
    finally:
        os.umask(mask)

    made = disk.root / "a/b/new.json"
    assert made.read_bytes() == b"x" * 100_000
    assert stat.S_IMODE(made.stat().st_mode) == 0o664


def test_a_write_that_writes_less_goes_on(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.fdopen

    class Slow:
        def __init__(self, file: object) -> None:
            self.file = file

        def __enter__(self) -> "Slow":
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()  # type: ignore[attr-defined]

        def seek(self, place: int) -> None:
            self.file.seek(place)  # type: ignore[attr-defined]

        def write(self, view: memoryview) -> int:
            return int(self.file.write(view[:2]))  # type: ignore[attr-defined]

    monkeypatch.setattr(os, "fdopen", lambda *some, **more: Slow(opened(*some, **more)))

    disk.write("new.json", b"lighthouse")

    assert (disk.root / "new.json").read_bytes() == b"lighthouse"


@pytest.mark.parametrize("path", ["a/file.json", "a/link.json", "a/b"])
def test_nothing_that_is_there_is_written_over(path: str, disk: Disk) -> None:
    error = refusal(lambda: disk.write(path, b"new"), FileExistsError)

    assert error.filename == path
    assert (disk.root / "a/file.json").read_bytes() == b"fog"


@needs_posix
def test_a_file_gets_the_mode_and_the_time_that_are_given(disk: Disk) -> None:
    place = disk.root / "a/file.json"
    os.utime(place, ns=(5, 5))
    place.chmod(0o600)

    disk.adjust("a/file.json", None, None)
    assert (place.stat().st_mtime_ns, stat.S_IMODE(place.stat().st_mode)) == (5, 0o600)
    disk.adjust("a/file.json", 0o640, None)
    assert (place.stat().st_mtime_ns, stat.S_IMODE(place.stat().st_mode)) == (5, 0o640)
    disk.adjust("a/file.json", None, 1_000_000_007)
    assert (place.stat().st_atime_ns, place.stat().st_mtime_ns) == (1_000_000_007,) * 2
    assert stat.S_IMODE(place.stat().st_mode) == 0o640
    disk.adjust("a/file.json", 0, 0)
    assert (place.stat().st_mtime_ns, stat.S_IMODE(place.stat().st_mode)) == (0, 0)


@needs_posix
def test_nothing_is_adjusted_through_a_link(disk: Disk) -> None:
    if not by_folder():
        pytest.skip("where there are no open folders there are no such links")
    before = (disk.root / "a/file.json").stat()

    error = refusal(lambda: disk.adjust("a/link.json", 0o600, 7))

    after = (disk.root / "a/file.json").stat()
    assert error.filename == "a/link.json"
    assert (after.st_mode, after.st_mtime_ns) == (before.st_mode, before.st_mtime_ns)


@needs_proc
def test_a_file_is_given_to_another_owner_only_where_that_changes_something(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[str, int, int, bool]] = []

    def chown(name: str, uid: int, gid: int, *, dir_fd: int | None, follow_symlinks: bool) -> None:
        given.append((at(name, dir_fd), uid, gid, follow_symlinks))
        raise PermissionError

    monkeypatch.setattr(os, "chown", chown)
    mine = (disk.root / "a/b/deep.json").stat()
    looked: list[bool] = []
    look = os.stat

    def stat_of(name: str, *, dir_fd: int | None, follow_symlinks: bool) -> os.stat_result:
        looked.append(follow_symlinks)
        return look(name, dir_fd=dir_fd, follow_symlinks=follow_symlinks)

    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", stat_of)
        disk.give("a/file.json", mine)
    assert looked == [False]
    disk.give("a/file.json", mine)
    assert given == []
    for uid, gid in ((1, 2), (1, mine.st_gid), (mine.st_uid, 2)):
        fields = list(mine)
        fields[4:6] = [uid, gid]
        disk.give("a/file.json", os.stat_result(fields))
        assert given.pop() == (str(disk.root / "a/file.json"), uid, gid, False)


# Names


def test_a_file_may_have_a_second_name(disk: Disk) -> None:
    assert disk.link("a/file.json", "a/b/second.json") is True

    assert (disk.root / "a/b/second.json").samefile(disk.root / "a/file.json")


@needs_posix
def test_a_link_gets_a_second_name_itself(disk: Disk) -> None:
    if not by_folder():
        pytest.skip("where there are no open folders there are no such links")

    assert disk.link("a/link.json", "second.json") is True

    assert (disk.root / "second.json").is_symlink()


@pytest.mark.parametrize("number", sorted(module._UNLINKABLE))
def test_where_there_are_no_second_names_nothing_is_changed(
    number: int, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", link)

    assert disk.link("a/file.json", "a/b/second.json") is False


def test_a_second_name_replaces_nothing(disk: Disk) -> None:
    error = refusal(lambda: disk.link("a/file.json", "a/b/deep.json"), FileExistsError)

    assert error.filename == "a/b/deep.json"
    assert disk.read("a/b/deep.json")[0] == b"deep"


def test_a_name_is_replaced(disk: Disk) -> None:
    disk.replace("a/file.json", "a/b/deep.json")

    assert disk.read("a/b/deep.json")[0] == b"fog"
    assert disk.status("a/file.json") is None
    assert refusal(lambda: disk.replace("none", "a/x")).filename == "a/x"


def test_what_is_moved_replaces_nothing(disk: Disk) -> None:
    disk.move("a/b", "c")
    assert disk.read("c/deep.json")[0] == b"deep"

    error = refusal(lambda: disk.move("a/file.json", "c/deep.json"), FileExistsError)
    assert (error.errno, error.strerror, error.filename) == (
        errno.EEXIST,
        os.strerror(errno.EEXIST),
        "c/deep.json",
    )
    assert refusal(lambda: disk.move("none", "a/x")).filename == "a/x"


def test_a_link_is_removed_and_not_what_it_leads_to(disk: Disk) -> None:
    disk.remove("a/link.json")

    assert sorted(disk.names("a")) == ["b", "file.json"]


# Folders


def test_a_folder_is_made_where_there_is_none(disk: Disk) -> None:
    mask = os.umask(0o002)
    try:
        disk.make_folder("a/new")
        disk.make_folder("a/mine", 0o700)
        disk.make_folder("a/b", 0o700)
    finally:
        os.umask(mask)

    modes = {
        name: stat.S_IMODE((disk.root / "a" / name).stat().st_mode) for name in ("new", "mine")
    }
    assert modes == {"new": 0o775, "mine": 0o700}
    assert disk.names("a/b") == ["deep.json"]
    assert refusal(lambda: disk.make_folder("x/y"), FileNotFoundError).filename == "x/y"


def test_only_an_empty_folder_is_removed(disk: Disk) -> None:
    assert disk.remove_folder("a/b") is False
    disk.remove("a/b/deep.json")
    assert disk.remove_folder("a/b") is True
    assert disk.remove_folder("a/b") is True
    assert disk.remove_folder("none/none") is True
    assert refusal(lambda: disk.remove_folder("a/file.json"), NotADirectoryError).filename == (
        "a/file.json"
    )


def test_a_tree_is_removed_without_what_links_lead_to(disk: Disk) -> None:
    (disk.root / "a/b/link").symlink_to(disk.root.parent / "outside")

    disk.remove_tree("a")
    disk.remove_tree("link")
    disk.remove_tree("none")

    assert disk.names("") == []
    assert (disk.root.parent / "outside/secret.json").exists()


def test_every_operation_passes_by_its_name_and_path(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faults are put there: `tests.plan.trees.steps`."""
    passed: list[tuple[str, str]] = []

    def do(_: Disk, operation: str, path: str, act: Callable[[], Any]) -> Any:
        passed.append((operation, path))
        return act()

    monkeypatch.setattr(Disk, "_do", do)
    disk.write("new", b"")
    disk.adjust("new", 0o600, None)
    disk.give("new", disk.read("new")[1])
    disk.link("new", "second")
    disk.replace("second", "new")
    disk.make_folder("folder")
    disk.move("folder", "moved")
    disk.remove_folder("moved")
    disk.remove("new")
    disk.sync(["a"])
    with disk.locked("lock"):
        pass
    disk.can_change("a")
    disk.names("a")

    assert passed == [
        ("create", "new"),
        ("write", "new"),
        ("adjust", "new"),
        ("read", "new"),
        *([("give", "new")] if sys.platform != "win32" else []),
        ("link", "second"),
        ("replace", "new"),
        ("make folder", "folder"),
        ("status", "moved"),
        ("move", "moved"),
        ("remove folder", "moved"),
        ("remove", "new"),
        *([("sync", "a")] if sys.platform != "win32" else []),
        ("lock", "lock"),
        ("access", "a"),
        ("names", "a"),
    ]


@pytest.mark.parametrize(
    "act",
    [
        lambda disk: disk.status("a/file.json/x"),
        lambda disk: disk.names("a/file.json/x"),
        lambda disk: disk.write("a/none/x", b""),
        lambda disk: disk.adjust("a/none/x", 0, None),
        lambda disk: disk.give("a/none/x", disk.read("a/file.json")[1]),
        lambda disk: disk.make_folder("a/none/x"),
        lambda disk: disk.locked("a/none/x").__enter__(),
    ],
)
def test_every_error_has_the_whole_path(act: Callable[[Disk], object], disk: Disk) -> None:
    error = refusal(lambda: act(disk))

    if isinstance(error, LinkInTheWayError):
        assert str(error.strerror).startswith("a/file.json is ")
    else:
        assert error.filename in {"a/none/x", "a/file.json/x"}


# Syncing and locking


@needs_proc
def test_everything_is_synced_that_is_named(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda one: synced.append(str((OPENED / str(one)).readlink())))
    before = open_files()

    disk.sync([])
    assert synced == []
    disk.sync(["a/file.json", "a", "."])

    places = [disk.root / "a/file.json", disk.root / "a", disk.root]
    assert sorted(synced) == sorted(map(str, places))
    assert open_files() == before


@needs_posix
def test_what_cannot_be_synced_is_an_error(disk: Disk) -> None:
    assert refusal(lambda: disk.sync(["a", "none"]), FileNotFoundError).filename == "a"
    if by_folder():
        assert refusal(lambda: disk.sync(["a/link.json"])).errno == errno.ELOOP


def test_a_lock_is_held_by_one(disk: Disk) -> None:
    mask = os.umask(0o002)
    try:
        with disk.locked("a/lock") as is_mine, disk.locked("a/lock") as is_too:
            assert (is_mine, is_too) == (True, False)
    finally:
        os.umask(mask)
    with disk.locked("a/lock") as is_mine:
        assert is_mine is True
    assert stat.S_IMODE((disk.root / "a/lock").stat().st_mode) == 0o664


@needs_posix
def test_a_lock_on_a_removed_file_does_not_count(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = module._lock

    def slowly(descriptor: int) -> bool:
        (disk.root / "lock").unlink()
        return lock(descriptor)

    monkeypatch.setattr(module, "_lock", slowly)

    with disk.locked("lock") as is_mine:
        assert is_mine is False


@needs_posix
def test_a_lock_is_no_link(disk: Disk) -> None:
    if not by_folder():
        pytest.skip("where there are no open folders there are no such links")

    def lock() -> None:
        with disk.locked("a/link.json"):
            pass

    assert refusal(lock).filename == "a/link.json"


@needs_posix
@pytest.mark.parametrize(
    ("number", "is_held"),
    [(errno.EWOULDBLOCK, True), (errno.EACCES, True), (errno.EDEADLK, True), (errno.EIO, False)],
)
def test_only_what_says_that_another_holds_it_is_taken_for_that(
    number: int, is_held: bool, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def flock(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)

    def lock() -> bool:
        with disk.locked("lock") as is_mine:
            return is_mine

    if is_held:
        assert lock() is False
    else:
        assert refusal(lock).errno == number


@needs_proc
def test_no_descriptor_is_left_open(disk: Disk) -> None:
    before = open_files()

    disk.status("a/b/deep.json")
    disk.read("a/b/deep.json")
    disk.names("a/b")
    disk.write("a/new.json", b"")
    disk.adjust("a/new.json", 0o600, 1)
    with disk.locked("a/lock"):
        pass
    for path in ("link/x", "a/file.json/x", "none/x"):
        with pytest.raises(OSError):  # noqa: PT011 - of several kinds
            disk.read(path)

    assert open_files() == before

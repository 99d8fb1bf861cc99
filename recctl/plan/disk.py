"""Files below one folder, without ever following a link: every operation that a plan needs.

Each goes through one method, `Disk._do`, where a test puts its faults.
"""

import errno
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from recctl.files import MAX_BYTES, ON_WINDOWS, patiently
from recctl.safetext import one_line

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_T = TypeVar("_T")

_BY_FOLDER = os.open in os.supports_dir_fd
"""Whether a name can be looked up in an open folder: then no link can be slipped in on the way.

Windows cannot; there each folder of a path is checked before the path is used.
"""
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _NO_LINK | _BINARY
_PASSAGE = _FOLDER | getattr(os, "O_PATH", 0)
"""To go through a folder, only the right to search it is needed."""

_UNLINKABLE = frozenset(
    {errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
)
"""Why a file cannot have a second name: another or a simple file system, another owner."""
if ON_WINDOWS:
    _UNLINKABLE |= {errno.EINVAL}  # so Python spells what FAT and network drives say

_STANDS_FOR_ANOTHER = 0x2000_0000
"""The bit of Windows' reparse tags that junctions have, and files kept in a cloud have not."""

_SYNCING = 8
"""So many files are synced at once, as a disk that commits several together is much faster."""


class LinkInTheWayError(OSError):
    """A part of a path that should be a folder, or the file itself, is a link or something else."""

    def __init__(self, path: str, what: str) -> None:
        super().__init__(errno.ELOOP, f"{path} is {what}")


class Disk:
    """The files below a root. Paths are relative to it, with slashes.

    Every method raises OSError, LinkInTheWayError among them.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def status(self, path: str) -> os.stat_result | None:
        """What is at a path, links not followed; null where nothing is."""

        def look() -> os.stat_result | None:
            try:
                with self._at(path) as (name, folder):
                    return os.stat(name, dir_fd=folder, follow_symlinks=False)
            except FileNotFoundError:
                return None

        return self._step("status", path, look)

    def read(self, path: str) -> tuple[bytes, os.stat_result]:
        """A regular file's bytes and status."""

        def read() -> tuple[bytes, os.stat_result]:
            flags = os.O_RDONLY | _NO_LINK | _BINARY | getattr(os, "O_NONBLOCK", 0)
            try:
                with self._at(path) as (name, folder):
                    if not _NO_LINK and is_link(name):  # Windows opens what a link leads to
                        raise LinkInTheWayError(one_line(path), "a link, no file")
                    descriptor = os.open(name, flags, dir_fd=folder)
            except OSError as error:
                if error.errno == errno.ELOOP and not isinstance(error, LinkInTheWayError):
                    raise LinkInTheWayError(one_line(path), "a link, no file") from None
                raise
            with os.fdopen(descriptor, "rb") as file:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise LinkInTheWayError(one_line(path), "no regular file")
                if status.st_size > MAX_BYTES:
                    raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
                return file.read(), status

        return self._step("read", path, read)

    def names(self, folder: str) -> list[str]:
        """The names in a folder; none where there is no such folder. "" is the root."""

        def names() -> list[str]:
            try:
                with self._opened_folder(folder) as opened:
                    return os.listdir(opened)  # noqa: PTH208 - an open folder
            except FileNotFoundError:
                return []

        return self._step("names", folder, names)

    def can_change(self, folder: str) -> bool:
        """Whether files may be added to a folder and removed from it."""

        def ask() -> bool:
            with self._at(_inside(folder)) as (name, above):
                return os.access(name, os.W_OK | os.X_OK, dir_fd=above)

        return self._step("access", folder, ask)

    def write(self, path: str, content: bytes) -> None:
        """Write a file that does not exist yet."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK | _BINARY

        def create() -> int:
            with self._at(path) as (name, folder):
                return os.open(name, flags, 0o666, dir_fd=folder)

        descriptor = self._step("create", path, create)
        with os.fdopen(descriptor, "wb", buffering=0) as file:

            def write() -> None:
                file.seek(0)  # a second try writes all of it again
                view = memoryview(content)
                while view:
                    view = view[file.write(view) :]

            self._step("write", path, write)
            if sys.platform == "win32":
                os.fsync(descriptor)  # there only the writer can

    def adjust(self, path: str, mode: int | None, modified: int | None) -> None:
        """Give a regular file a mode, and a time in nanoseconds since 1970, where not null."""

        def adjust() -> None:
            with self._at(path) as (name, folder):
                if modified is not None:
                    times = (modified, modified)
                    os.utime(name, ns=times, dir_fd=folder, follow_symlinks=not _BY_FOLDER)
                if mode is not None:
                    _set_mode(name, folder, mode)

        if mode is not None or modified is not None:
            self._step("adjust", path, adjust)

    def give(self, path: str, owner: os.stat_result) -> None:
        """Give a file to the owner of another one, as far as this user may."""
        if sys.platform == "win32":
            return

        def give() -> None:
            with self._at(path) as (name, folder):
                status = os.stat(name, dir_fd=folder, follow_symlinks=False)
                if (status.st_uid, status.st_gid) != (owner.st_uid, owner.st_gid):
                    with suppress(PermissionError):
                        os.chown(
                            name, owner.st_uid, owner.st_gid, dir_fd=folder, follow_symlinks=False
                        )

        self._step("give", path, give)

    def link(self, path: str, to: str) -> bool:
        """Give a file a second name, never in place of another file.

        False where the system cannot do that, which changes nothing.
        """

        def link() -> bool:
            with self._at(path) as (name, folder), self._at(to) as (name_to, folder_to):
                try:
                    os.link(
                        name,
                        name_to,
                        src_dir_fd=folder,
                        dst_dir_fd=folder_to,
                        follow_symlinks=not _BY_FOLDER,
                    )
                except OSError as error:
                    if error.errno in _UNLINKABLE:
                        return False
                    raise
                return True

        return self._step("link", to, link)

    def replace(self, path: str, to: str) -> None:
        """Give a file another name, in place of the file that has it."""

        def replace() -> None:
            with self._at(path) as (name, folder), self._at(to) as (name_to, folder_to):
                os.replace(name, name_to, src_dir_fd=folder, dst_dir_fd=folder_to)

        self._step("replace", to, replace)

    def move(self, path: str, to: str) -> None:
        """Give a file or folder another name that nothing has.

        On POSIX a foreign program could take the name between the look and the act. Files are
        moved like this only where they can have no second name; folders only below `.recctl`.
        """
        if self.status(to) is not None:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), to)

        def move() -> None:
            with self._at(path) as (name, folder), self._at(to) as (name_to, folder_to):
                os.rename(name, name_to, src_dir_fd=folder, dst_dir_fd=folder_to)

        self._step("move", to, move)

    def remove(self, path: str) -> None:
        """Remove a file."""

        def remove() -> None:
            with self._at(path) as (name, folder):
                os.unlink(name, dir_fd=folder)

        self._step("remove", path, remove)

    def make_folder(self, path: str, mode: int = 0o777) -> None:
        """Make a folder in one that exists. One that is there already is left as it is."""

        def make() -> None:
            with self._at(path) as (name, folder), suppress(FileExistsError):
                os.mkdir(name, mode, dir_fd=folder)

        self._step("make folder", path, make)

    def remove_folder(self, path: str) -> bool:
        """Remove an empty folder, if it is there. False where it is not empty."""

        def remove() -> bool:
            try:
                with self._at(path) as (name, folder):
                    os.rmdir(name, dir_fd=folder)
            except FileNotFoundError:
                return True
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                    return False
                raise
            return True

        return self._step("remove folder", path, remove)

    def remove_tree(self, path: str) -> None:
        """Remove a folder and all that is in it, or a file, or nothing. Links are not followed."""
        status = self.status(path)
        if status is None:
            return
        if not stat.S_ISDIR(status.st_mode):
            self.remove(path)
            return
        for name in self.names(path):
            self.remove_tree(f"{path}/{name}")
        self.remove_folder(path)

    def sync(self, paths: Sequence[str]) -> None:
        """Have the bytes of files and the names in folders on the disk itself."""

        def sync() -> None:
            with ThreadPoolExecutor(_SYNCING) as pool:
                for _ in pool.map(self._sync, paths):
                    pass

        if paths and sys.platform != "win32":  # Windows: files were synced by their writer
            self._step("sync", paths[0], sync)

    @contextmanager
    def locked(self, path: str) -> Iterator[bool]:
        """Hold the lock that a file is, which is made where it does not exist.

        False where another process holds it. The system lets go of it when a process ends, however
        it ends. Only who holds it may remove the file; a lock on a removed file does not count, as
        another process may hold the one that has the name now.
        """
        flags = os.O_RDWR | os.O_CREAT | _NO_LINK | _BINARY

        def create() -> int:
            with self._at(path) as (name, folder):
                return os.open(name, flags, 0o666, dir_fd=folder)

        descriptor = self._step("lock", path, create)
        try:
            yield _lock(descriptor) and os.fstat(descriptor).st_nlink > 0
        finally:
            os.close(descriptor)

    def _sync(self, path: str) -> None:
        with self._at(path) as (name, folder):
            descriptor = os.open(name, os.O_RDONLY | _NO_LINK | _BINARY, dir_fd=folder)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @contextmanager
    def _opened_folder(self, path: str) -> Iterator[int | str]:
        """A folder as something to list."""
        if not _BY_FOLDER:
            with self._at(_inside(path)) as (name, _):
                yield name
            return
        with self._at(_inside(path)) as (name, folder):
            descriptor = os.open(name, _FOLDER, dir_fd=folder)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    @contextmanager
    def _at(self, path: str) -> Iterator[tuple[str, int | None]]:
        """A name, and the open folder in which it is to be looked up; null: it is a whole path."""
        *folders, name = path.split("/")
        if not _BY_FOLDER:
            yield str(self._checked(folders) / name), None
            return
        opened = os.open(self.root, _PASSAGE & ~_NO_LINK)
        try:
            for depth, one in enumerate(folders, start=1):
                try:
                    below = os.open(one, _PASSAGE, dir_fd=opened)
                except OSError as error:
                    if error.errno in (errno.ENOTDIR, errno.ELOOP):
                        where = one_line("/".join(folders[:depth]))
                        raise LinkInTheWayError(where, "a link or a file, no folder") from None
                    raise
                os.close(opened)
                opened = below
            yield name, opened
        finally:
            os.close(opened)

    def _checked(self, folders: Sequence[str]) -> Path:
        place = self.root
        for one in folders:
            place /= one
            if is_link(place):
                raise LinkInTheWayError(one_line(place), "a link, no folder")
        return place

    def _step(self, operation: str, path: str, act: Callable[[], _T]) -> _T:
        try:
            return patiently(lambda: self._do(operation, path, act))
        except LinkInTheWayError:
            raise
        except OSError as error:
            error.filename = path  # not the bare name in an open folder
            raise

    def _do(self, operation: str, path: str, act: Callable[[], _T]) -> _T:  # noqa: ARG002
        """Every operation passes here: its name, its path, and the act itself."""
        return act()


def _inside(folder: str) -> str:
    """A folder by a path whose every named part is gone through, and so is no link."""
    return f"{folder}/." if folder else "."


def is_link(path: str | Path) -> bool:
    """Whether a path stands for another one: a link, or a junction, as Windows has them, too."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    tag = getattr(status, "st_reparse_tag", 0)
    return stat.S_ISLNK(status.st_mode) or bool(tag & _STANDS_FOR_ANOTHER)


def _set_mode(name: str, folder: int | None, mode: int) -> None:
    """A mode by an open file, as a mode set by name would be set through a link."""
    if sys.platform == "win32":
        os.chmod(name, mode)  # noqa: PTH101 - a name, no path
        return
    descriptor = os.open(name, os.O_RDONLY | _NO_LINK | _BINARY, dir_fd=folder)
    try:
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK):
            return False
        raise
    return True

"""Bytes out of files and into them, whole or not at all.

Nothing here trusts a path: only regular files are read, and opening never blocks.
"""

import os
import stat
import time
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from recctl.errors import UnreadableError, UsageError
from recctl.safetext import one_line

if TYPE_CHECKING:  # what git runs once for each file needs no paths
    from collections.abc import Callable
    from pathlib import Path

_T = TypeVar("_T")

ON_WINDOWS = os.name == "nt"
"""Whether a file that is open, or marked read-only, can be neither replaced nor removed."""

MAX_BYTES = 512 * 1024 * 1024
"""A larger file is not read. The largest real recording has 2 MB."""

_WAITS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
"""Seconds between the tries of what another program is in the way of."""

_OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)  # opening a FIFO must not wait for a writer
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class Listed(NamedTuple):
    """What a folder holds: the names of folders and of all else, and those that are links."""

    folders: tuple[str, ...]
    names: tuple[str, ...]
    links: frozenset[str] = frozenset()


def listed(folder: str) -> Listed:
    """What a folder holds. A link is what it leads to. Raises OSError."""
    folders: list[str] = []
    names: list[str] = []
    links: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                is_folder = entry.is_dir()
            except OSError:
                is_folder = False
            (folders if is_folder else names).append(entry.name)
            if entry.is_symlink():
                links.append(entry.name)
    return Listed(tuple(folders), tuple(names), frozenset(links))


def read(path: "Path | str") -> bytes:
    """All bytes of a regular file. Raises UnreadableError, whose text is the reason alone."""
    try:
        _check(os.stat(path))  # noqa: PTH116 - a text is a path, too
        descriptor = os.open(path, _OPEN_FLAGS)
        try:
            status = os.fstat(descriptor)
            _check(status)  # another file may have taken its place
            return _all_of(descriptor, status.st_size)
        finally:
            os.close(descriptor)
    except (OSError, RuntimeError, ValueError) as error:
        # RuntimeError: Python 3.11 and 3.12 say so of links in a circle. ValueError: a NUL byte.
        raise UnreadableError(reason(error)) from None


def _all_of(descriptor: int, size: int) -> bytes:
    """What is in an open file of about that size: as a rule, in one piece."""
    content = os.read(descriptor, size + 1)
    if len(content) == size:
        return content  # a file that grows meanwhile is as good as it was
    pieces = [content]
    while pieces[-1] and sum(map(len, pieces)) < MAX_BYTES:
        pieces.append(os.read(descriptor, 1 << 20))
    return b"".join(pieces)


def write(path: "Path", content: bytes) -> None:
    """Put bytes into a file: the old content stays until the new one is complete.

    A link is followed; a device or a FIFO is written to as it is. Raises UsageError, whose text
    says which file and why; nothing is left half-written then.
    """
    from pathlib import Path  # as above

    try:
        if path.exists() and not path.is_file():
            if path.is_dir():
                raise UsageError(f"cannot write {one_line(path)}: it is a folder")
            path.write_bytes(content)
            return
        _replace(Path(os.path.realpath(path)), content)
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(f"cannot write {one_line(path)}: {reason(error)}") from None


def patiently(act: "Callable[[], _T]") -> _T:
    """What an act gives; on Windows tried again, for a second at most, where it is not permitted.

    There a file that any program has open cannot be replaced or removed, and virus scanners and
    indexers open each new file for a moment. Elsewhere a refusal is final.
    """
    for wait in _WAITS if ON_WINDOWS else ():
        try:
            return act()
        except PermissionError:
            time.sleep(wait)
    return act()


def reason(error: Exception) -> str:
    """Why a file cannot be had, in a few words."""
    if isinstance(error, UnreadableError):
        return str(error)
    if isinstance(error, RuntimeError):
        return "links in a circle"
    if isinstance(error, ValueError) and "null" in str(error):
        return "a NUL character, which no path has"  # Python says it differently in each version
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text[0].lower() + text[1:] if text else type(error).__name__


def _replace(path: "Path", content: bytes) -> None:
    from secrets import token_hex  # loads half of the library of hashes

    beside = path.with_name(f".{path.name[:40]}.{token_hex(4)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(beside, flags, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if path.exists():
                beside.chmod(stat.S_IMODE(path.stat().st_mode))
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        patiently(lambda: beside.replace(path))
    except BaseException:
        patiently(beside.unlink)
        raise


def _check(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableError(f"{_description(status.st_mode)}, no file")
    if status.st_size > MAX_BYTES:
        raise UnreadableError(f"larger than {MAX_BYTES >> 20} MiB")


def _description(mode: int) -> str:
    known = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}
    return known.get(stat.S_IFMT(mode), "a device")

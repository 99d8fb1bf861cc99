"""Small trees of files, plans that change them, and faults on the way."""

import errno
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

from recctl import plan as engine
from recctl.plan import Plan, Splice
from recctl.plan.disk import Disk

T = TypeVar("T")

Tree = dict[str, tuple[int, bytes | None]]
"""Mode and content by path; a folder has no content."""

HARBOUR = {
    "tests/harbour/recordings/aa11.json": b'{"id": "rec-aa11", "answer": "green"}',
    "tests/harbour/recordings/bb22.json": b'{"id": "rec-bb22", "answer": "red"}',
    "tests/harbour/recordings/cc33.json": b'{"id": "rec-cc33"}',
    "tests/pier/recordings/dd44.json": b'{"id": "rec-dd44"}',
    "tests/pier/recordings/ee55.json": b"\xff\xfe no text",
    "tests/old/recordings/ff66.json": b'{"id": "rec-ff66"}',
    "tests/untouched.json": b"{}",
}
"""A tree that `plan_for` changes in every way."""


def grown(root: Path, files: Mapping[str, bytes] = HARBOUR) -> Path:
    """The files on the disk, below a folder that is made for them."""
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def tree(root: Path) -> Tree:
    """All below a folder but `.recctl`, folders too."""
    found: Tree = {}
    for top, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in (".recctl", ".git")]
        for name in [*folders, *files]:
            path = Path(top, name)
            content = _held(path) if name in files or path.is_symlink() else None
            mode = path.lstat().st_mode & 0o777
            found[path.relative_to(root).as_posix()] = (mode, content)
    return found


def _held(path: Path) -> bytes:
    return b"link to " + os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()


def contents(root: Path) -> dict[str, bytes]:
    """Content by path of the files that `tree` gives."""
    return {path: held for path, (_, held) in tree(root).items() if held is not None}


def renamed(path: str, to: str, files: Mapping[str, bytes] = HARBOUR) -> engine.Rename:
    """A file renamed, its `rec-` id with it."""
    content = files[path]
    old, new = (Path(one).stem.encode() for one in (path, to))
    return engine.rename(path, to, content, engine.splices(content, content.replace(old, new)))


def plan_for(root: Path, files: Mapping[str, bytes] = HARBOUR) -> Plan:
    """Every kind of action on the harbour's files, a chain and a folder that empties among them."""
    harbour, pier = "tests/harbour/recordings", "tests/pier/recordings"
    return engine.of(
        "mend",
        root,
        [
            renamed(f"{harbour}/aa11.json", f"{harbour}/bb22.json", files),
            renamed(f"{harbour}/bb22.json", f"{harbour}/9999.json", files),
            engine.edit(f"{harbour}/cc33.json", files[f"{harbour}/cc33.json"], [_REC]),
            engine.remove(f"{pier}/dd44.json", files[f"{pier}/dd44.json"]),
            engine.write(f"{pier}/ee55.json", b"new", files[f"{pier}/ee55.json"]),
            engine.write(f"{pier}/0000.json", b"\x00\xff", mode=0o640),
            engine.rename(
                "tests/old/recordings/ff66.json",
                "tests/new/deep/recordings/ff66.json",
                files["tests/old/recordings/ff66.json"],
            ),
        ],
    )


_REC = Splice(8, b"rec-cc33", b"rec-44")


def apply(plan: Plan) -> engine.Receipt:
    """Carry a plan out, whatever git says."""
    return engine.execute(plan, uncommitted=nothing_uncommitted)


def nothing_uncommitted(root: Path, paths: Sequence[Path]) -> Collection[Path]:
    """What git says where all is committed."""
    return ()


class Killed(BaseException):
    """The process is gone: not even what was to be cleaned up is."""


@dataclass
class Steps:
    """Operations on files, counted; at one of them something happens, instead or afterwards."""

    fault: Callable[[], BaseException] | None = None
    at: int = -1
    acts_first: bool = False
    once: bool = False
    links: bool = True
    only: Collection[str] = ()
    done: list[tuple[str, str]] = field(default_factory=list)

    _LOOKS = frozenset({"status", "read", "names", "access"})

    def do(self, operation: str, path: str, act: Callable[[], Any]) -> Any:
        """What stands in for `Disk._do`."""
        if operation in self._LOOKS:
            return act()
        number = len(self.done)
        self.done.append((operation, path))
        strikes = self.at >= 0 and (number == self.at if self.once else number >= self.at)
        if strikes and self.only:
            strikes = operation in self.only
        if strikes and not (self.acts_first and number == self.at):
            raise self._struck()
        result = self._acted(operation, act)
        if strikes:
            raise self._struck()
        return result

    def _acted(self, operation: str, act: Callable[[], Any]) -> Any:
        if operation == "sync":
            return None  # slow, and nothing that a process can see
        if operation == "link" and not self.links:
            return False
        return act()

    def _struck(self) -> BaseException:
        assert self.fault is not None
        return self.fault()


@contextmanager
def steps(
    fault: Callable[[], BaseException] | None = None,
    at: int = -1,
    *,
    acts_first: bool = False,
    once: bool = False,
    links: bool = True,
    only: Collection[str] = (),
) -> Iterator[Steps]:
    """All operations on files go through the one who counts them.

    From operation `at` on, counted from 0 without those that only look, or at that one only if it
    is `once`, there is the fault: instead of the operation, or for the first after it with
    `acts_first`. Where `only` names operations, no other is struck. Without `links` no file can
    have a second name, as on simple file systems.
    """
    counted = Steps(fault, at, acts_first, once, links, only)
    with patch.object(
        Disk, "_do", lambda _, operation, path, act: counted.do(operation, path, act)
    ):
        yield counted


def disk_full() -> OSError:
    """What the system says when nothing more can be written."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def read_only() -> OSError:
    """What the system says of a file system that cannot be written to."""
    return OSError(errno.EROFS, os.strerror(errno.EROFS))


def forbidden() -> OSError:
    """What the system says of a folder that another one owns."""
    return PermissionError(errno.EACCES, os.strerror(errno.EACCES))

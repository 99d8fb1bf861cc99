"""Where the root of a change is, and what a file is called from there."""

import shlex
from collections.abc import Iterable
from pathlib import Path

from recctl.errors import NothingFoundError, UsageError
from recctl.plan.actions import RefusedError
from recctl.project import top_above
from recctl.safetext import one_line


def root_of(paths: Iterable[Path]) -> Path:
    """The folder from which paths in plans are counted, and in which `.recctl` lies.

    It is the top of the git work tree; outside of git the nearest folder above that has a
    `.recctl` already; else the working directory, if the paths lie in it; else their own folder.
    Without paths it is that of the working directory.

    Raises UsageError for paths with different roots, NothingFoundError where there is no working
    directory.
    """
    try:
        here = Path.cwd().resolve()
    except OSError:
        raise NothingFoundError("the working directory does not exist any more") from None
    roots = {_root_of(path, here): path for path in list(paths) or [here]}
    if len(roots) > 1:
        first, second, *_ = map(one_line, sorted(roots))
        raise UsageError(f"one change cannot be in two trees: {first} and {second}; take one")
    return next(iter(roots))


def root_at(folder: Path) -> Path:
    """The root of the tree in which a folder lies; it is one itself if nothing above says so."""
    return _root_of(folder, folder.resolve())


def option_for(root: Path) -> str:
    """What a command has to be told, to look for changes below a root: nothing, if it is here."""
    try:
        if root_at(Path.cwd()) == root.resolve():
            return ""
    except OSError:
        pass
    return f" --root {one_line(shlex.quote(str(root)))}"


def below(root: Path, path: Path) -> str:
    """A file's path from the root, with slashes; links in folders are resolved.

    Raises RefusedError for a file outside the root, and for a link.
    """
    if path.is_symlink():
        raise RefusedError(f"{one_line(path)}: a link; change the file that it leads to")
    place = path.parent.resolve() / path.name
    if not place.is_relative_to(root):
        raise RefusedError(f"{one_line(path)}: outside of {one_line(root)}")
    return place.relative_to(root).as_posix()


def _root_of(path: Path, here: Path) -> Path:
    folder = path.resolve() if path.is_dir() else path.parent.resolve()
    return top_above(folder) or (here if folder.is_relative_to(here) else folder)

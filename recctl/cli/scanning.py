"""What a command has for looking through files: the cache, processes, a bar that shows how far."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recctl import __version__
from recctl.cli.settings import chosen_jobs, table_of, without_cache
from recctl.cli.terminal import find_corpus, note
from recctl.errors import ExitCode, NothingFoundError

if TYPE_CHECKING:
    from recctl.cache import Cache
    from recctl.config import Settings
    from recctl.corpus import Entry
    from recctl.dialects import Table
    from recctl.scan import Means

_PATIENCE = 1.0
"""Seconds after which a bar is shown."""
_PACKAGES = ("", "dialects", "rules", "wire")
"""Where the code is that decides what is known of a file."""


@contextmanager
def means(settings: "Settings", *, streams: bool = False) -> "Iterator[Means]":
    """What scans have. With `streams`, results are printed as they come, and no bar beside them."""
    from recctl.scan import Means, processors  # noqa: PLC0415

    bar = Bar(is_shown=not (streams and sys.stdout.isatty()))
    jobs = chosen_jobs.get() or settings.jobs or processors()
    with cache(settings) as kept, bar:
        yield Means(kept, jobs, bar.show)


def cache(settings: "Settings") -> "AbstractContextManager[Cache | None]":
    """The cache of the project that the working directory is in; null without a project.

    A configuration file makes one of its folder, too, where that is above.
    """
    if without_cache.get() or not settings.cache:
        return nullcontext()
    from recctl.cache import opened, own_key  # noqa: PLC0415
    from recctl.project import top_above  # noqa: PLC0415

    try:
        here = Path.cwd()
        version = _version(table_of(settings))
    except OSError:
        return nullcontext()  # it is gone, or the package is no folder of files
    home = top_above(here)
    if home is None and settings.file is not None and here.is_relative_to(settings.folder):
        home = settings.folder
    key = own_key(os.environ, home) if home else None
    return opened(home, version, key, note) if home and key else nullcontext()


def _version(table: "Table") -> str:
    """What tells apart caches that another recctl would fill otherwise."""
    from hashlib import sha256  # noqa: PLC0415

    package = Path(__file__).parent.parent
    code = []
    for name in _PACKAGES:
        with os.scandir(package / name) as found:
            code += [(one.name, one.stat().st_size) for one in found if one.name.endswith(".py")]
    told = (__version__, sys.version_info[:2], sorted(code), table)
    return sha256(repr(told).encode("utf-8", "backslashreplace")).hexdigest()


def resolved(
    reference: str, paths: list[str] | None, settings: "Settings"
) -> "tuple[Entry, ExitCode]":
    """The recording that a reference means, and the exit code so far.

    With a cache only what has such a name is looked at. Raises what `corpus.resolve` raises.
    """
    from recctl.cli.terminal import with_missing_told  # noqa: PLC0415
    from recctl.corpus import beginning, find, resolve  # noqa: PLC0415

    digits = beginning(reference)
    with cache(settings) as kept:
        if kept is not None and digits is not None:
            try:
                few = find(paths or settings.root_paths, kept.listing(digits))
                entry = resolve(reference, few)
            except NothingFoundError:
                pass  # it may be found by what stands in it
            else:
                return entry, with_missing_told(few)[1]
    corpus, code = find_corpus(paths, settings)
    return resolve(reference, corpus), code


class Bar:
    """A bar on the terminal that stderr is, from the second on that something takes."""

    def __init__(self, *, is_shown: bool = True) -> None:
        self._since = time.monotonic()
        self._is_shown = is_shown and sys.stderr is not None and sys.stderr.isatty()
        self._progress: Any = None
        self._task: Any = None

    def show(self, done: int, total: int) -> None:
        """Show how many of how many are done."""
        if not self._is_shown:
            return
        if self._progress is None:
            if time.monotonic() - self._since < _PATIENCE:
                return
            from rich.console import Console  # noqa: PLC0415
            from rich.progress import (  # noqa: PLC0415
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TimeRemainingColumn,
            )

            columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
            self._task = self._progress.add_task("", total=total)
            self._progress.start()
        self._progress.update(self._task, completed=done, total=total)

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()


@contextmanager
def watched(entries: "Sequence[Entry]", *, streams: bool = False) -> "Iterator[Sequence[Entry]]":
    """Entries that show on a bar how many of them have been taken; `streams` as in `means`."""
    with Bar(is_shown=not (streams and sys.stdout.isatty())) as bar:
        yield Watched(entries, bar)


class Watched(Sequence["Entry"]):
    """Entries that show on a bar how many of them have been taken."""

    def __init__(self, entries: "Sequence[Entry]", bar: Bar) -> None:
        self._entries = entries
        self._bar = bar

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, place: Any) -> Any:
        return self._entries[place]

    def __iter__(self) -> "Iterator[Entry]":
        for done, entry in enumerate(self._entries):
            self._bar.show(done, len(self._entries))
            yield entry

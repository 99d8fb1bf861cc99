"""A bar on the terminal that shows how far long work is."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recctl.corpus import Entry

_PATIENCE = 1.0
"""Seconds after which a bar is shown."""


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
            from rich.console import Console
            from rich.progress import (
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

"""Looking through many files, as a rule for the second time.

Each is read once, in as many processes as pay off, and only if the cache does not know it as it is
now. What is looked for is a pure function of one file's bytes, and gives a small result.
"""

import os
import stat
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from recctl.cache import Cache, Row, stamp_of
from recctl.corpus import Entry, read
from recctl.errors import RecctlError, UnreadableError
from recctl.watch import Watch, unwatched

if TYPE_CHECKING:
    from concurrent.futures import Executor

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Kept(NamedTuple):
    """A result in the cache's words: facts, null for what is no recording, and what was seen."""

    facts: tuple[Any, ...] | None
    seen: str


_WORTH_PROCESSES = 4_000_000
"""Bytes to be read, from which on several processes take less time than one."""
_WORTH_SPAWNING = 20_000_000
"""The same where a process has to start from nothing."""
_BATCH = 1_000_000
"""Bytes that a process reads at a time: enough to pay for the way there, few enough to leave."""
_MOST_PER_PROCESSOR = 4
"""Processes beyond which one more only takes memory."""
_MOST_PROCESSES = 61
"""Windows cannot wait for more at once."""
_BYTES_OF_FILE = 4_000
"""What a file costs beside its bytes, in bytes."""


class Look(Protocol[T_co]):
    """What is looked for in each file, and how that is kept. It has to go to other processes."""

    @property
    def about(self) -> str:
        """Tells looks apart, of which one has no use for what the other saw."""

    def at(self, entry: Entry, raw: bytes, digest: str) -> "tuple[T_co, Kept | None]":
        """What the bytes of a file, of that sha256, tell, and that in the cache's words.

        Never raises.
        """

    def without(self, entry: Entry, reason: str) -> T_co:
        """What is to be said of a file that cannot be read."""

    def recalled(self, entry: Entry, row: Row) -> T_co | None:
        """A result from the cache's words; null where they do not hold all that is looked for."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a run has for its scans: a cache, so many processes, and somebody who watches."""

    cache: Cache | None = None
    jobs: int = 1
    watch: Watch = unwatched


class _Left(NamedTuple):
    """A file that has to be read, which costs as much as so many bytes.

    `stamp` is null where nothing can be kept of it. `row` is what the cache has of it, if that may
    still be right, and `recalled` the result then.
    """

    entry: Entry
    folder: str
    cost: int = _BYTES_OF_FILE
    stamp: str | None = None
    row: Row | None = None
    recalled: Any = None


_Read = tuple[T, Row | None]
"""A result, and what is to be kept of it."""


def scan(entries: Sequence[Entry], look: Look[T], means: Means) -> Iterator[T]:
    """What is found in each entry, in their order, as soon as it is there."""
    found = deque(_recalled(entries, look, means.cache))
    left = deque(one for one in found if isinstance(one, _Left))
    if left and means.cache is not None:
        means.cache.start()
    with _read(left, look, means.jobs) as results:
        # Of many files, what was needed to read them is let go on the way.
        for done in range(len(entries)):
            means.watch(done, len(entries))
            one = found.popleft()
            if isinstance(one, _Left):
                yield _taken_down(one, next(results), means.cache)
            else:
                yield one


def processors() -> int:
    """The number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _recalled(entries: Sequence[Entry], look: Look[T], cache: Cache | None) -> list[T | _Left]:
    """What the cache knows of entries; of the others, that they are left to be read."""
    found: list[T | _Left] = []
    for folder, some in groupby(entries, lambda entry: os.path.dirname(entry.path)):  # noqa: PTH120
        together = {entry.path.name: entry for entry in some}
        place = os.path.abspath(folder)
        known = cache.known(place, together) if cache else {}
        found += (
            _looked_up(one, place, known.get(name), look, cache) for name, one in together.items()
        )
        if cache is not None and len(known) > len(together):
            gone = [name for name in known if name not in together]
            paths = {name: os.path.join(place, name) for name in gone}  # noqa: PTH118
            cache.forget(place, [name for name in gone if not os.path.lexists(paths[name])])
    return found


def _looked_up(
    entry: Entry, folder: str, row: Row | None, look: Look[T], cache: Cache | None
) -> "T | _Left":
    try:
        status = os.lstat(entry.path)  # a Path would ask in a slower way
    except (OSError, ValueError):
        return _Left(entry, folder)
    is_open = stat.S_ISREG(status.st_mode) and os.access(entry.path, os.R_OK)
    if entry.obstacle is not None or not is_open:
        return _Left(entry, folder)
    cost = _BYTES_OF_FILE + status.st_size
    if cache is None:
        return _Left(entry, folder, cost)
    stamp = stamp_of(status)
    recalled = None if row is None else look.recalled(entry, row)
    if row is None or recalled is None:
        return _Left(entry, folder, cost, stamp)
    return recalled if row.stamp == stamp else _Left(entry, folder, cost, stamp, row, recalled)


def _taken_down(left: _Left, result: "_Read[T] | None", cache: Cache | None) -> T:
    """A result, after the cache has taken it down; null stands for the one that it has."""
    made, row = (left.recalled, left.row) if result is None else result
    if cache is not None and left.stamp is not None and row is not None:
        stamp = cache.settled(left.stamp)
        cache.keep(left.folder, left.entry.path.name, row._replace(stamp=stamp))
    return made


@contextmanager
def _read(left: deque[_Left], look: Look[T], jobs: int) -> "Iterator[Iterator[_Read[T] | None]]":
    """What is found in files, in their order; whatever runs for that is gone afterwards."""
    cost = sum(one.cost for one in left)
    executor = _executor(look, jobs, cost) if jobs > 1 else None
    if executor is None:
        yield (_found(look, *_ask(left.popleft())) for _ in range(len(left)))
        return
    from concurrent.futures.process import BrokenProcessPool  # few runs need it

    try:
        with _deaf():
            futures = deque(executor.submit(_found_there, one) for one in _batches(left))
        yield (one for _ in range(len(futures)) for one in futures.popleft().result())
        executor.shutdown()
    except BrokenProcessPool:
        raise RecctlError(
            "a process that read recordings was killed, perhaps for want of memory; try: --jobs 1"
        ) from None
    finally:
        _end_processes()
        executor.shutdown(cancel_futures=True)


def _executor(look: Look[T], jobs: int, cost: int) -> "Executor | None":
    """Processes that look; null where they would not pay off, or cannot be had."""
    # A copy of this process is there at once. Where threads may run in it, or the system cannot
    # copy, a process starts from nothing.
    copied = sys.platform == "linux"
    if cost < (_WORTH_PROCESSES if copied else _WORTH_SPAWNING):
        return None
    try:
        from concurrent.futures import ProcessPoolExecutor  # as above
        from multiprocessing import get_context

        return ProcessPoolExecutor(
            min(jobs, cost // _BATCH + 1, _MOST_PER_PROCESSOR * processors(), _MOST_PROCESSES),
            get_context("fork" if copied else "spawn"),
            _prepare,
            (look,),
        )
    except (ImportError, OSError):
        return None  # no semaphores, as in some containers


@contextmanager
def _deaf() -> Iterator[None]:
    """What starts meanwhile is not interrupted, as the process that starts it is.

    Nor is a thread ended by the death of a process that it writes to, and with it the whole.
    """
    import signal  # few runs need it

    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGPIPE})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_processes() -> None:
    """End what still reads: after an interruption nobody waits for it."""
    from multiprocessing import active_children  # it is there already

    for child in active_children():
        child.kill()


def _ask(left: _Left) -> tuple[Entry, str | None]:
    """What is to be read, and the digest that would make the rest needless."""
    return left.entry, left.row.sha256 if left.row else None


def _batches(left: deque[_Left]) -> Iterator[list[tuple[Entry, str | None]]]:
    batch: list[tuple[Entry, str | None]] = []
    cost = 0
    while left:
        one = left.popleft()
        batch.append(_ask(one))
        cost += one.cost
        if cost >= _BATCH:
            yield batch
            batch, cost = [], 0
    if batch:
        yield batch


_look_there: Look[Any]


def _prepare(look: Look[Any]) -> None:
    """Make a process ready. It does not outlive the one that started it, however that ends."""
    import gc  # as the command line does
    import signal
    from threading import Thread

    global _look_there  # noqa: PLW0603 - a process has one, and it is not sent with each batch
    _look_there = look
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _found_there(batch: Sequence[tuple[Entry, str | None]]) -> list[Any]:
    return [_found(_look_there, entry, known) for entry, known in batch]


def _found(look: Look[T], entry: Entry, known: str | None) -> "_Read[T] | None":
    """What is found in a file; null if its content has the digest that is known."""
    try:
        raw = read(entry)
    except UnreadableError as error:
        return look.without(entry, str(error)), None
    digest = sha256(raw).hexdigest()
    if digest == known:
        return None
    found, kept = look.at(entry, raw, digest)
    return found, None if kept is None else Row(None, digest, look.about, kept.seen, kept.facts)

"""What was learned of files and folders, kept from run to run.

A SQLite database in the project's own folder. It may be deleted at any time, and one that is
damaged, or that another recctl made, is made anew. What is kept of a file counts only while the
file is as it was: same size, times and inode, and not changed in the moment it was read.

A cache may come with a stranger's files: nothing in it is executed, and what is no cache is left
alone.
"""

import os
import sqlite3
import stat
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from recctl.files import Listed, listed
from recctl.project import OWN_FOLDER

FILE_NAME = "cache.db"

_CLOCK = "cache.clock"
_PARTS = ("", "-wal", "-shm", "-journal")
_PATIENCE = 5
"""Seconds that a run waits for another one that writes."""
_FEW = 64
"""So many files of a folder are looked up one by one, more as a whole."""
_MOST_WAITING = 2_000
"""Rows that are held back before they are written, so that an interrupted run loses few."""
_LARGEST = 2**63 - 1

FACTS = {
    "size": "INTEGER",
    "sha256": "TEXT",
    "test_id": "TEXT",
    "kind": "TEXT",
    "method": "TEXT",
    "url": "TEXT",
    "endpoint": "TEXT",
    "model": "TEXT",
    "provider": "TEXT",
    "streaming": "INTEGER",
    "standing": "TEXT",
    "fitting": "TEXT",
    "wanted": "TEXT",
    "hashes": "TEXT",
}
"""The columns for what is known of a recording, and their types."""

_TABLES = (
    "CREATE TABLE made (version TEXT NOT NULL)",
    "CREATE TABLE folders (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, stamp TEXT,"
    " below TEXT)",
    "CREATE TABLE names (folder INTEGER NOT NULL, name TEXT NOT NULL,"
    " PRIMARY KEY (folder, name)) WITHOUT ROWID",
    "CREATE TABLE files (folder INTEGER NOT NULL, name TEXT NOT NULL, stamp TEXT, about TEXT,"
    f" seen TEXT, {', '.join(f'{name} {kind}' for name, kind in FACTS.items())},"
    " UNIQUE (folder, name))",
)
_Run = Callable[[str, list[tuple[Any, ...]]], Any]
"""Runs a statement for each of some rows."""

_OF_FOLDER = "folder = (SELECT id FROM folders WHERE path = ?)"
_KNOWN = f"SELECT name, stamp, about, seen, {', '.join(FACTS)} FROM files WHERE {_OF_FOLDER}"  # noqa: S608 - constants
_KEEP = f"INSERT OR REPLACE INTO files VALUES ({', '.join('?' * (len(FACTS) + 5))})"  # noqa: S608
_BY_PREFIX = f"SELECT name FROM names WHERE {_OF_FOLDER} AND name >= ? AND name < ?"  # noqa: S608


class Row(NamedTuple):
    """What is kept of a file.

    `stamp` is null where the file was changed in the moment it was read, so that only its content
    tells whether it is still the same. `seen` is what an examination saw, in its own words, and
    `about` tells which. `facts` are in the order of `FACTS`.
    """

    stamp: str | None
    about: str | None
    seen: str | None
    facts: tuple[Any, ...]

    @property
    def sha256(self) -> str | None:
        """The digest of the content."""
        found = self.facts[_SHA256]
        return found if isinstance(found, str) else None


_SHA256 = list(FACTS).index("sha256")


def stamp_of(status: os.stat_result) -> str:
    """By what a file or folder is known to be as it was."""
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino & _LARGEST}"


@contextmanager
def opened(home: Path, version: str, tell: Callable[[str], None]) -> "Iterator[Cache | None]":
    """The cache of a project; null where there can be none, as in a folder that is read-only.

    What another `version` kept is forgotten. `tell` is told, in a line, of a cache that was
    damaged. What is held back is written at the end, unless an error ends the run.
    """
    cache = _open(home / OWN_FOLDER, version, tell)
    if cache is None:
        yield None
        return
    try:
        yield cache
        cache.flush()
    finally:
        cache.close()


class Cache:
    """An open cache. No method raises for what stands in it, or because it cannot be written.

    Once something went wrong it knows nothing any more and keeps nothing.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        folder: Path,
        version: str,
        tell: Callable[[str], None],
    ) -> None:
        self._version = version
        self._connection = connection
        self._folder = folder
        self._tell = tell
        self._works = True
        self._waiting: list[tuple[str, str, Row]] = []
        self._clock: int | None = None

    def known(self, folder: str, names: Collection[str]) -> dict[str, Row]:
        """What is kept of files in a folder, by name. The folder's path is absolute.

        Where many names are asked for, it may have others, too.
        """
        if len(names) > _FEW:
            rows = self._rows(_KNOWN, self._key(folder))
        else:
            one = f"{_KNOWN} AND name = ?"
            rows = [row for name in names for row in self._rows(one, self._key(folder), name)]
        return {
            name: Row(stamp, about, seen, tuple(facts)) for name, stamp, about, seen, *facts in rows
        }

    def _key(self, folder: str) -> str:
        """A folder as this version knows it.

        Another may make the cache anew while this run goes on; neither believes the other's rows.
        """
        return f"{self._version}:{folder}"

    def start(self) -> None:
        """Take down the time, by the file system's clock, before anything is read to be kept."""
        if self._clock is None:
            try:
                self._clock = _time_of(self._folder / _CLOCK)
            except OSError:
                self._works = False
                self._clock = 0

    def settled(self, stamp: str) -> str | None:
        """The stamp of what has been read since; null where it could change without a trace.

        What was changed after the clock was looked at may change again in the same tick. Source:
        git's documentation, technical/racy-git.
        """
        _, modified, changed, _ = map(int, stamp.split())
        return stamp if max(modified, changed) < (self._clock or 0) else None

    def keep(self, folder: str, name: str, row: Row) -> None:
        """Take down what was learned of a file."""
        self._waiting.append((self._key(folder), name, row))
        if len(self._waiting) >= _MOST_WAITING:
            self.flush()

    def forget(self, folder: str, names: Iterable[str]) -> None:
        """Forget files of a folder."""
        gone = [(self._key(folder), name) for name in names]
        self._write(lambda run: run(f"DELETE FROM files WHERE {_OF_FOLDER} AND name = ?", gone))  # noqa: S608

    def listing(self, digits: str) -> Callable[[str], Listed]:
        """What folders hold, of the files only those whose names begin with some digits.

        Or with `models-` before them. Folders that changed are listed anew, and kept.
        """

        def listed_here(folder: str) -> Listed:
            path = self._key(os.path.abspath(folder))  # noqa: PTH100 - links stay
            known = self._rows("SELECT stamp, below FROM folders WHERE path = ?", path)
            status = os.stat(folder)  # noqa: PTH116 - a text is a path, too
            if not known or known[0][0] is None or known[0][0] != stamp_of(status):
                found = self._listed_anew(folder, path)
                return found._replace(names=tuple(n for n in found.names if _begins(n, digits)))
            names = [
                name
                for start in (digits, f"models-{digits}")
                for (name,) in self._rows(_BY_PREFIX, path, start, start + "\uffff")
            ]
            below = known[0][1].split("\n") if known[0][1] else []
            return Listed(tuple(below), tuple(names))

        return listed_here

    def _listed_anew(self, folder: str, path: str) -> Listed:
        self.start()
        status = os.stat(folder)  # noqa: PTH116 - as above
        found = listed(folder)
        below = "\n".join(found.folders)
        stamp = self.settled(stamp_of(status))

        def write(run: _Run) -> None:
            run("INSERT OR IGNORE INTO folders (path) VALUES (?)", [(path,)])
            run("UPDATE folders SET stamp = ?, below = ? WHERE path = ?", [(stamp, below, path)])
            run(f"DELETE FROM names WHERE {_OF_FOLDER}", [(path,)])  # noqa: S608
            run(
                "INSERT INTO names SELECT id, ? FROM folders WHERE path = ?",
                [(name, path) for name in found.names],
            )

        # What a link leads to may change without a trace here.
        if stamp is not None and not found.links and "\n" not in "".join(found.folders):
            self._write(write)
        return found

    def flush(self) -> None:
        """Write what is held back."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return

        def write(run: _Run) -> None:
            paths = sorted({folder for folder, _, _ in waiting})
            run("INSERT OR IGNORE INTO folders (path) VALUES (?)", [(path,) for path in paths])
            ids = dict(self._connection.execute("SELECT path, id FROM folders").fetchall())
            run(
                _KEEP,
                [
                    (ids[folder], name, row.stamp, row.about, row.seen, *row.facts)
                    for folder, name, row in waiting
                ],
            )

        self._write(write)

    def close(self) -> None:
        """Let the database go."""
        with suppress(sqlite3.Error):
            self._connection.close()

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        if not self._works:
            return []
        try:
            return self._connection.execute(query, values).fetchall()
        except UnicodeEncodeError:
            return []  # a path that is no text
        except sqlite3.Error as error:
            self._give_up(error)
            return []

    def _write(self, write: Callable[[_Run], None]) -> None:
        if not self._works:
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                write(self._connection.executemany)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except UnicodeEncodeError:
            return
        except sqlite3.Error as error:
            self._give_up(error)

    def _give_up(self, error: sqlite3.Error) -> None:
        """Go on without. What is locked, full or read-only is left; what is damaged is removed."""
        self._works = False
        if not isinstance(error, sqlite3.OperationalError):
            self.close()
            _remove(self._folder, self._tell)


def _open(folder: Path, version: str, tell: Callable[[str], None]) -> Cache | None:
    try:
        if not _is_ours(folder):
            return None
        folder.mkdir(exist_ok=True)
        with suppress(FileExistsError), (folder / ".gitignore").open("x", encoding="ascii") as file:
            file.write("*\n")
        for _ in range(2):
            try:
                connection = _connected(folder, version)
            except sqlite3.OperationalError:
                return None
            except sqlite3.DatabaseError:
                _remove(folder, tell)
            else:
                return Cache(connection, folder, version[:16], tell)
    except OSError:
        pass
    return None


def _is_ours(folder: Path) -> bool:
    """Whether nothing stands at the cache's paths that recctl would not put there, as a link."""
    kinds = {folder: stat.S_ISDIR}
    kinds |= {folder / f"{FILE_NAME}{part}": stat.S_ISREG for part in _PARTS}
    kinds |= {folder / _CLOCK: stat.S_ISREG, folder / ".gitignore": stat.S_ISREG}
    for path, is_right in kinds.items():
        try:
            if not is_right(path.lstat().st_mode):
                return False
        except FileNotFoundError:
            continue
    return True


def _connected(folder: Path, version: str) -> sqlite3.Connection:
    """The database, with the tables that it should have. Raises sqlite3.DatabaseError."""
    connection = sqlite3.connect(folder / FILE_NAME, timeout=_PATIENCE, isolation_level=None)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA synchronous = NORMAL")
        if not _is_current(connection, version):
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            if not _is_current(connection, version):  # another run may have been faster
                _make(connection, version)
            connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def _is_current(connection: sqlite3.Connection, version: str) -> bool:
    tables = connection.execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL ORDER BY rowid")
    if [sql for (sql,) in tables] != list(_TABLES):
        return False
    return connection.execute("SELECT version FROM made").fetchall() == [(version,)]


def _make(connection: sqlite3.Connection, version: str) -> None:
    found = connection.execute("SELECT type, name FROM sqlite_master WHERE sql NOT NULL").fetchall()
    for kind in ("trigger", "view", "index", "table"):
        for name in (name for its_kind, name in found if its_kind == kind):
            quoted = name.replace('"', '""')
            connection.execute(f'DROP {kind} IF EXISTS "{quoted}"')
    for table in _TABLES:
        connection.execute(table)
    connection.execute("INSERT INTO made VALUES (?)", (version,))


def _remove(folder: Path, tell: Callable[[str], None]) -> None:
    tell(f"{OWN_FOLDER}/{FILE_NAME} was damaged: it is made anew")
    for part in _PARTS:
        with suppress(OSError):
            (folder / f"{FILE_NAME}{part}").unlink()


def _time_of(path: Path) -> int:
    """Now, in nanoseconds, by the clock that gives files in that folder their times."""
    path.touch()
    os.utime(path)
    return path.stat().st_mtime_ns


def _begins(name: str, digits: str) -> bool:
    return name.removeprefix("models-").startswith(digits)

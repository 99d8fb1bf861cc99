"""What was learned of files and folders, kept from run to run.

A SQLite database in the project's own folder. It may be deleted at any time, and one that is
damaged, or was made elsewhere, is made anew. What is kept of a file counts only while the
file is as it was: same size, times and inode, and not changed in the moment it was read.

A cache may come with a stranger's files. Nothing in it is executed, and nothing is believed that
does not bear the seal of the user's own key, which lies elsewhere.
"""

import json
import os
import sqlite3
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from recctl import files
from recctl.errors import UnreadableError, UsageError
from recctl.files import Listed, listed
from recctl.project import OWN_FOLDER

FILE_NAME = "cache.db"
KEY_VARIABLE = "RECCTL_CACHE_KEY"
"""Holds a secret in place of the key file, as where machines share what they kept."""

_CLOCK = "cache.clock"
_PARTS = ("", "-wal", "-shm", "-journal")
_PATIENCE = 5
"""Seconds that a run waits for another one that writes."""
_FEW = 64
"""So many files of a folder are looked up one by one, more as a whole."""
_MOST_WAITING = 2_000
"""Rows that are held back before they are written, so that an interrupted run loses few."""
_LARGEST = 2**63 - 1
_KEY_BYTES = 32
_SEAL_BYTES = 16
_LEAST_SECRET = 16
"""Characters. A shorter one could be guessed from any row that it sealed."""

_TABLES = (
    "CREATE TABLE made (version BLOB NOT NULL)",
    "CREATE TABLE folders (id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE, listing BLOB)",
    "CREATE TABLE files (folder INTEGER NOT NULL, name BLOB NOT NULL, row BLOB NOT NULL,"
    " UNIQUE (folder, name))",
)
_NAMES = ("made", "folders", "files")
_OF_FOLDER = "folder = (SELECT id FROM folders WHERE path = ?)"
_KNOWN = f"SELECT name, row FROM files WHERE {_OF_FOLDER}"  # noqa: S608 - constants
_KEEP = "INSERT OR REPLACE INTO files SELECT id, ?2, ?3 FROM folders WHERE path = ?1"
_FORGET = f"DELETE FROM files WHERE {_OF_FOLDER} AND name = ?"  # noqa: S608 - as above
_LISTING = "SELECT listing FROM folders WHERE path = ? AND listing NOT NULL"
_KEEP_LISTING = (
    "INSERT INTO folders (path, listing) VALUES (?, ?)"
    " ON CONFLICT (path) DO UPDATE SET listing = excluded.listing"
)

_AROUND = frozenset(
    {
        *(sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM),
        *(sqlite3.SQLITE_READONLY, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR),
        *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL),
    }
)
"""Errors of what is around a database. Any other comes of what stands in it."""

_decoded = json.JSONDecoder().raw_decode
"""Takes half as long as `json.loads`, which looks for what no row has."""

_Run = Callable[[str, list[tuple[Any, ...]]], Any]
"""Runs a statement for each of some rows."""


class Row(NamedTuple):
    """What is kept of a file.

    `stamp` is null where the file was changed in the moment it was read, so that only its content,
    which has the digest `sha256`, tells whether it is still the same. `seen` is what an examination
    saw, in its own words, and `about` tells which. `facts` are null for what is no recording.
    """

    stamp: str | None
    sha256: str
    about: str
    seen: str
    facts: tuple[Any, ...] | None


def stamp_of(status: os.stat_result) -> str:
    """By what a file or folder is known to be as it was."""
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino & _LARGEST}"


def own_key(environment: Mapping[str, str], home: Path) -> bytes | None:
    """The key by which the user's own caches are known; made where there is none.

    It lies where programs keep their state (XDG Base Directory Specification), or follows from the
    secret in `RECCTL_CACHE_KEY`. Null where there is no such place outside of the project at
    `home`, whose files may be a stranger's. Raises UsageError for a secret that is none.
    """
    if secret := environment.get(KEY_VARIABLE):
        if len(secret) < _LEAST_SECRET:
            raise UsageError(f"{KEY_VARIABLE} is too short for a secret: give 32 random characters")
        return blake2b(os.fsencode(secret), digest_size=_KEY_BYTES).digest()
    base = environment.get("XDG_STATE_HOME") or environment.get("LOCALAPPDATA")
    folder = Path(os.path.expanduser(base or "~/.local/state"), "recctl")  # noqa: PTH111 - may fail
    path = folder / "cache.key"
    try:
        if not folder.is_absolute() or folder.resolve().is_relative_to(home.resolve()):
            return None
        return _read_key(path) or _made_key(path)
    except (OSError, RuntimeError):  # as in files.read
        return None


def _read_key(path: Path) -> bytes | None:
    with suppress(UnreadableError):
        if len(found := files.read(path)) == _KEY_BYTES:
            return found
    return None


def _made_key(path: Path) -> bytes:
    """A new key, which is put there whole or not at all; of runs side by side one's counts."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.urandom(8).hex()}")
    key = os.urandom(_KEY_BYTES)
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
        file.write(key)
    try:
        os.link(beside, path)
    except FileExistsError:
        if found := _read_key(path):
            return found
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return key


@contextmanager
def opened(
    home: Path, version: str, key: bytes, tell: Callable[[str], None]
) -> "Iterator[Cache | None]":
    """The cache of a project; null where there can be none, as in a folder that is read-only.

    What another `version` kept is forgotten, and what does not bear the seal of that `key` is not
    believed. `tell` is told, in a line, of a cache that was damaged or made elsewhere. What is held
    back is written at the end, unless an error ends the run.
    """
    cache = _open(home / OWN_FOLDER, version, key, tell)
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
        key: bytes,
        tell: Callable[[str], None],
    ) -> None:
        # Another version may make the cache anew while this run goes on; neither believes the
        # other's rows.
        self._version = version[:16]
        self._connection = connection
        self._folder = folder
        self._key = key
        self._tell = tell
        self._works = True
        self._waiting: list[tuple[bytes, bytes, bytes]] = []
        self._clock: int | None = None

    def known(self, folder: str, names: Collection[str]) -> dict[str, Row]:
        """What is kept of files in a folder, by name. The folder's path is absolute.

        Where many names are asked for, it may have others, too.
        """
        path = self._path(folder)
        if len(names) > _FEW:
            rows = self._rows(_KNOWN, path)
        else:
            one = f"{_KNOWN} AND name = ?"
            rows = [row for name in names for row in self._rows(one, path, os.fsencode(name))]
        found = {}
        seal = _Seal(self._key, b"file", path)
        for name, sealed in rows:
            told = seal.opened(sealed, name)
            if told is None:
                self._discard()
                return {}
            (stamp, digest, about, seen, facts), _ = _decoded(told.decode())
            facts = None if facts is None else tuple(facts)
            found[os.fsdecode(name)] = Row(stamp, digest, about, seen, facts)
        return found

    def _path(self, folder: str) -> bytes:
        """A folder as this version knows it."""
        return os.fsencode(f"{self._version}:{folder}")

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
        path, file = self._path(folder), os.fsencode(name)
        sealed = _Seal(self._key, b"file", path).on(json.dumps(row).encode(), file)
        self._waiting.append((path, file, sealed))
        if len(self._waiting) >= _MOST_WAITING:
            self.flush()

    def forget(self, folder: str, names: Iterable[str]) -> None:
        """Forget files of a folder."""
        gone = [(self._path(folder), os.fsencode(name)) for name in names]
        self._write(lambda run: run(_FORGET, gone))

    def listing(self, digits: str) -> Callable[[str], Listed]:
        """What folders hold, of the files only those whose names begin with some digits.

        Or with `models-` before them. Folders that changed are listed anew, and kept.
        """
        starts = (digits, f"models-{digits}")
        begun = tuple(map(os.fsencode, starts))

        def listed_here(folder: str) -> Listed:
            path = self._path(os.path.abspath(folder))
            told = None
            for (sealed,) in self._rows(_LISTING, path):
                told = _Seal(self._key, b"folder", path).opened(sealed)
                if told is None:
                    self._discard()
            stamp = stamp_of(os.stat(folder))  # noqa: PTH116 - a text is a path, too
            if told is None or not told.startswith(stamp.encode() + b"\0"):
                found = self._listed_anew(folder, path)
                return found._replace(names=tuple(n for n in found.names if n.startswith(starts)))
            _, below, *names = told.split(b"\0")
            return Listed(
                tuple(map(os.fsdecode, below.split(b"/") if below else ())),
                tuple(os.fsdecode(name) for name in names if name.startswith(begun)),
            )

        return listed_here

    def _listed_anew(self, folder: str, path: bytes) -> Listed:
        self.start()
        status = os.stat(folder)  # noqa: PTH116 - as above
        found = listed(folder)
        stamp = self.settled(stamp_of(status))
        # What a link leads to may change without a trace here.
        if stamp is not None and not found.links:
            told = "\0".join((stamp, "/".join(found.folders), *found.names))
            sealed = _Seal(self._key, b"folder", path).on(os.fsencode(told))
            self._write(lambda run: run(_KEEP_LISTING, [(path, sealed)]))
        return found

    def flush(self) -> None:
        """Write what is held back."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return

        def write(run: _Run) -> None:
            paths = {path for path, *_ in waiting}
            run("INSERT OR IGNORE INTO folders (path) VALUES (?)", [(path,) for path in paths])
            run(_KEEP, waiting)

        self._write(write)

    def close(self) -> None:
        """Let the database go."""
        with suppress(sqlite3.Error):
            self._connection.close()

    def _rows(self, query: str, *values: bytes) -> list[tuple[Any, ...]]:
        if not self._works:
            return []
        try:
            return self._connection.execute(query, values).fetchall()
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
        except sqlite3.Error as error:
            self._give_up(error)

    def _give_up(self, error: sqlite3.Error) -> None:
        """Go on without. What is locked, full or read-only is left; what is damaged is removed."""
        self._works = False
        if _is_damage(error):
            self._discard()

    def _discard(self) -> None:
        self._works = False
        self.close()
        _remove(self._folder, self._tell)


def _open(folder: Path, version: str, key: bytes, tell: Callable[[str], None]) -> Cache | None:
    try:
        if not _is_ours(folder):
            return None
        folder.mkdir(exist_ok=True)
        with suppress(FileExistsError), (folder / ".gitignore").open("x", encoding="ascii") as file:
            file.write("*\n")
        for _ in range(2):
            try:
                connection = _connected(folder / FILE_NAME, version, key)
            except sqlite3.Error as error:
                if not _is_damage(error):
                    return None
                _remove(folder, tell)
            else:
                return Cache(connection, folder, version, key, tell)
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


def _connected(path: Path, version: str, key: bytes) -> sqlite3.Connection:
    """The database, made where there is none yet. Raises sqlite3.Error."""
    if path.exists() and path.stat().st_size == 1:
        raise sqlite3.DatabaseError("SQLite takes a file of one byte for none")
    connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
    try:
        connection.text_factory = bytes
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
        if _maker_of(connection, key) != version:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            _make(connection, version, key)
            connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def _maker_of(connection: sqlite3.Connection, key: bytes) -> str | None:
    """The version that made a database; null where nothing is in it.

    Raises sqlite3.DatabaseError for one that was not made here.
    """
    tables = connection.execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL ORDER BY rowid")
    if not (found := [sql for (sql,) in tables]):
        return None
    if found == [sql.encode() for sql in _TABLES]:
        for (sealed,) in connection.execute("SELECT version FROM made").fetchall():
            if (version := _Seal(key, b"made").opened(sealed)) is not None:
                return version.decode()
    raise sqlite3.DatabaseError("made elsewhere")


def _make(connection: sqlite3.Connection, version: str, key: bytes) -> None:
    maker = _maker_of(connection, key)
    if maker == version:
        return  # another run was faster
    for sql in _TABLES if maker is None else map("DELETE FROM {}".format, _NAMES):
        connection.execute(sql)
    connection.execute("INSERT INTO made VALUES (?)", (_Seal(key, b"made").on(version.encode()),))


def _is_damage(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF not in _AROUND


def _remove(folder: Path, tell: Callable[[str], None]) -> None:
    tell(f"{OWN_FOLDER}/{FILE_NAME} was damaged or made elsewhere: it is made anew")
    for part in _PARTS:
        with suppress(OSError):
            (folder / f"{FILE_NAME}{part}").unlink()


class _Seal:
    """The seal of a place, which stands before all that is kept there, and needs the key."""

    def __init__(self, key: bytes, *place: bytes) -> None:
        self._begun = blake2b(b"\0".join(place), key=key, digest_size=_SEAL_BYTES)

    def on(self, told: bytes, name: bytes = b"") -> bytes:
        """What is kept, under that name, with its seal."""
        return self._of(told, name) + told

    def opened(self, sealed: Any, name: Any = b"") -> bytes | None:
        """What was kept under that name; null for what was not, or is not as it was."""
        try:
            told: bytes = sealed[_SEAL_BYTES:]
            return told if self._of(told, name) == sealed[:_SEAL_BYTES] else None
        except TypeError:
            return None  # a number, or nothing

    def _of(self, told: bytes, name: bytes) -> bytes:
        seal = self._begun.copy()
        seal.update(b"\0%b\0" % name)
        seal.update(told)
        return seal.digest()


def _time_of(path: Path) -> int:
    """Now, in nanoseconds, by the clock that gives files in that folder their times."""
    path.touch()
    os.utime(path)
    return path.stat().st_mtime_ns

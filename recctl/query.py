"""Questions in SQL about a corpus: its recordings in short, and what is wrong with them.

The tables are made for a question in memory, and only read. Nothing it says can change a file.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from recctl.corpus import Entry
from recctl.diagnostics import Finding
from recctl.dialects import Name
from recctl.errors import UsageError
from recctl.facts import Facts
from recctl.safetext import one_line
from recctl.sources import NodeId

RECORDINGS = {
    "path": ("TEXT", "the file, counted from the working directory"),
    "folder": ("TEXT", "the folder it lies in"),
    "hash": ("TEXT", "the digits of the hash in its name"),
    "size": ("INTEGER", "bytes"),
    "sha256": ("TEXT", "the digest of its content"),
    "test_id": ("TEXT", "the test that owns it; null for shared ones"),
    "test_file": ("TEXT", "the file of that test"),
    "kind": ("TEXT", "inference, http, tool, file"),
    "method": ("TEXT", "of the request"),
    "url": ("TEXT", "of the request"),
    "endpoint": ("TEXT", "what was called"),
    "model": ("TEXT", "the model that was asked for"),
    "provider": ("TEXT", "who answered"),
    "streaming": ("INTEGER", "1 if the answer came in chunks"),
    "standing": ("TEXT", "reachable, stale, unreachable, retired, unnamed"),
    "dialects": ("TEXT", "the first and the last dialect that give its name"),
    "wanted": ("TEXT", "the hash by which it is looked for today"),
}
"""Column -> type, what it holds."""

FINDINGS = {
    "path": ("TEXT", "the file"),
    "code": ("TEXT", "of the rule, as I302"),
    "rule": ("TEXT", "its name"),
    "severity": ("TEXT", "error, warning, info"),
    "pointer": ("TEXT", "where in the document"),
    "line": ("INTEGER", "where in the text, from 1"),
    "message": ("TEXT", "what is wrong"),
}
"""The same of the findings of `recctl validate`."""

_READING = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
    }
)
_OURS = {
    "not authorized": "a query only reads: SELECT …",
    "authorization denied": "a query only reads: SELECT …",
    'near "explain"': "give the SELECT without EXPLAIN",
    "you can only execute one statement": "give one SELECT, not several",
    "incorrect number of bindings": "? and :name have no value here, write it out",
    "you did not supply a value for binding": "? and :name have no value here, write it out",
    "the query contains a null character": "there is a NUL character in the SQL",
    "embedded null character": "there is a NUL character in the SQL",
}
"""How the library begins, in small letters -> what recctl says."""

_LONGEST_NAME = 40
"""Of a column, in a message. It may be a whole expression."""

_STEPS = 10_000
"""Of SQLite, after which it looks whether the run was interrupted."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows that a question gives, under the names of their columns, which all differ."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def schema() -> str:
    """The tables, as SQL that says what each column holds."""
    return "".join(_definition(name, table) for name, table in _TABLES.items())


class Question:
    """A question that makes sense, to be closed. It tells which of the tables it needs."""

    def __init__(self, sql: str) -> None:
        """Raises UsageError for what is no SQL, asks for what is not there, or would change it."""
        self._sql = sql
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        self._connection.text_factory = _text
        for name, table in _TABLES.items():
            self._connection.execute(_definition(name, table))
        read: set[str] = set()

        def permit(action: int, first: str | None, *_: object) -> int:
            if action == sqlite3.SQLITE_READ and first:
                read.add(first.lower())
            return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY

        self._permit = permit
        try:
            self._asked(f"EXPLAIN {sql}")
        except BaseException:
            self.close()
            raise
        self.needs_findings = "findings" in read
        self.needs_recordings = "recordings" in read

    def close(self) -> None:
        """Let the tables go."""
        self._connection.close()

    def answered(
        self, recordings: Iterable[tuple[Entry, Facts]], findings: Iterable[Finding]
    ) -> Answer:
        """The answer. Raises UsageError where SQLite comes to a stop, or columns share a name."""
        self._connection.set_authorizer(None)
        self._fill("recordings", (_of_recording(*one) for one in recordings))
        self._fill("findings", (_of_finding(one) for one in findings))
        cursor = self._asked(self._sql)
        columns = tuple(name for name, *_ in cursor.description or ())
        for name in columns:
            if columns.count(name) > 1:
                shown = one_line(name[:_LONGEST_NAME])
                raise UsageError(f"query: two columns are named {shown!r}; tell them apart with AS")
        return Answer(columns, tuple(_guarded(cursor.fetchall)))

    def _fill(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        marks = ", ".join("?" * len(_TABLES[table]))
        self._connection.execute("BEGIN")
        self._connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - our own names
        self._connection.execute("COMMIT")

    def _asked(self, sql: str) -> sqlite3.Cursor:
        self._connection.set_authorizer(self._permit)
        self._connection.set_progress_handler(lambda: 0, _STEPS)
        cursor: sqlite3.Cursor = _guarded(lambda: self._connection.execute(sql))
        return cursor


_TABLES = {"recordings": RECORDINGS, "findings": FINDINGS}


def _definition(name: str, table: dict[str, tuple[str, str]]) -> str:
    last = len(table)
    lines = [
        f"  {column} {kind}{',' if place < last else ''} -- {what}\n"
        for place, (column, (kind, what)) in enumerate(table.items(), start=1)
    ]
    return f"CREATE TABLE {name} (\n{''.join(lines)});\n"


def _text(raw: bytes) -> str:
    """A text of an answer. The tables hold no other than UTF-8, but SQL can make some."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise UsageError("query: the answer has text that is not UTF-8; try: hex(…)") from None


def _guarded(step: Callable[[], Any]) -> Any:
    try:
        return step()
    except UnicodeEncodeError:
        raise UsageError("query: the SQL is not UTF-8; write it in UTF-8") from None
    except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError) as error:
        told = one_line(error).rstrip(".")
        told = told[:1].lower() + told[1:]
    if told == "interrupted":
        raise KeyboardInterrupt
    told = next((ours for sign, ours in _OURS.items() if told.lower().startswith(sign)), told)
    raise UsageError(f"query: {told}; see the tables: recctl query --schema")


def _of_recording(entry: Entry, facts: Facts) -> tuple[Any, ...]:
    name = Name.parse(entry.path.name)
    identity = facts.identity
    test_id = facts.test_id
    told = (
        str(entry.path),
        os.path.dirname(entry.path),  # noqa: PTH120 - a Path would be made for each
        name.digits if name else None,
        facts.size,
        facts.sha256,
        test_id,
        NodeId.parse(test_id).file if test_id else None,
        facts.kind,
        facts.method,
        facts.url,
        facts.endpoint,
        facts.model,
        facts.provider,
        facts.streaming,
        identity.standing,
        identity.span,
        identity.wanted,
    )
    return tuple(map(_storable, told))


def _of_finding(finding: Finding) -> tuple[Any, ...]:
    told = (
        *(finding.path, finding.code, finding.name, finding.severity, finding.pointer),
        *(finding.line, finding.message),
    )
    return tuple(map(_storable, told))


def _storable(value: Any) -> Any:
    """Halves of surrogate pairs, which SQLite cannot hold, as recctl shows them."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value

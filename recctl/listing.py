"""What a corpus holds: a row per recording, filters over rows, counts by dialect."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from recctl.corpus import Entry
from recctl.dialects import Identity, Name, Standing, Table
from recctl.errors import UsageError
from recctl.facts import Facts
from recctl.globs import matcher
from recctl.recording import Recording


@dataclass(frozen=True, slots=True)
class Row:
    """One recording in a list. `hash` is the short hash; `size` is in bytes."""

    hash: str | None
    test_id: str | None
    endpoint: str | None
    model: str | None
    provider: str | None
    kind: str | None
    streaming: bool
    size: int
    path: str


@dataclass(frozen=True, slots=True)
class JudgedRow(Row):
    """A row with the verdict of evidence, and why."""

    verdict: str
    reason: str


@dataclass(frozen=True, slots=True)
class Filters:
    """What a recording has to pass: all `by_facts`, and all `by_content`, for which it is read."""

    by_facts: tuple[Callable[[Facts | Recording], bool], ...] = ()
    by_content: tuple[Callable[[Recording], bool], ...] = ()


def row(entry: Entry, facts: Facts) -> Row:
    """The row of a recording."""
    name = Name.parse(entry.path.name)
    return Row(
        hash=name.short_hash if name else None,
        test_id=facts.test_id,
        endpoint=facts.endpoint,
        model=facts.model,
        provider=facts.provider,
        kind=facts.kind,
        streaming=facts.streaming,
        size=facts.size,
        path=str(entry.path),
    )


def field_filter(field: str, glob: str) -> Callable[[Facts | Recording], bool]:
    """Whether a field matches a glob as a whole; a test without * or ? anywhere in its id."""
    if field == "test_id" and not set(glob) & set("*?"):
        return lambda facts: glob in (facts.test_id or "")
    fits = matcher(glob)
    return lambda facts: fits(getattr(facts, field) or "")


def where_filter(condition: str) -> Callable[[Recording], bool]:
    """Recordings in which the value at KEY matches a glob; `condition` is KEY=GLOB.

    KEY is a path into the document, its parts joined by dots (`request.body.stream`) or written
    as a JSON pointer (`/request/body/stream`). Values other than text are compared as JSON. `*`
    as a part stands for any key or index.

    Raises UsageError for a condition without key or `=`.
    """
    key, equals, glob = condition.partition("=")
    if not equals or not key:
        raise UsageError(f"--where {condition!r} is not KEY=GLOB, as in request.body.stream=true")
    parts = key[1:].split("/") if key.startswith("/") else key.split(".")
    parts = [part.replace("~1", "/").replace("~0", "~") for part in parts]
    fits = matcher(glob)

    def accepts(recording: Recording) -> bool:
        return any(fits(_as_text(value)) for value in _values(recording.document, parts))

    return accepts


@dataclass(frozen=True, slots=True)
class Census:
    """How many recordings agree with which dialects; spans with the most recordings first."""

    recordings: int
    by_dialect: Mapping[str, int]
    by_span: Mapping[str, int]
    by_standing: Mapping[str, int]


def census(identities: Iterable[Identity], table: Table) -> Census:
    """Count recordings, by how they stand, by the dialects their names agree with."""
    by_dialect = Counter({dialect.name: 0 for dialect in table.dialects})
    by_standing = Counter({standing.value: 0 for standing in Standing})
    by_span: Counter[str] = Counter()
    for identity in identities:
        by_standing[identity.standing.value] += 1
        by_dialect.update(dialect.name for dialect in identity.fitting)
        by_span[identity.span] += 1
    total = by_standing.total()
    return Census(total, dict(by_dialect), dict(by_span.most_common()), dict(by_standing))


def _values(value: Any, parts: list[str]) -> Iterator[Any]:
    if not parts:
        yield value
        return
    first, rest = parts[0], parts[1:]
    below: Iterable[Any] = ()
    if isinstance(value, dict):
        below = value.values() if first == "*" else [value[first]] if first in value else []
    elif isinstance(value, list):
        if first == "*":
            below = value
        elif first.isdecimal() and int(first) < len(value):
            below = [value[int(first)]]
    for item in below:
        yield from _values(item, rest)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)

"""What is known of a recording from its bytes alone, in a few values.

Enough to list it, to count it, to find it by a hash, and to judge it beside others.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from recctl.cache import Cache, Row, stamp_of
from recctl.corpus import Entry, recording_of
from recctl.dialects import Identity, Standing, Table, identify
from recctl.errors import RecctlError, UnreadableError, UnsoundError
from recctl.jsontext import parse_written
from recctl.recording import Kind, Recording, split
from recctl.safetext import one_line
from recctl.scan import Kept, Means, scan
from recctl.shapes import text


@dataclass(frozen=True, slots=True)
class Facts:
    """A recording in short. `size` is in bytes, `sha256` tells its content."""

    size: int
    sha256: str
    test_id: str | None
    kind: Kind | None
    method: str | None
    url: str | None
    endpoint: str | None
    model: str | None
    provider: str | None
    streaming: bool
    identity: Identity

    @property
    def path(self) -> str | None:
        """The path of the url that was called; without one, what was called."""
        url = split(self.url)
        return url.path if url else self.endpoint


def facts_of(recording: Recording, raw: bytes, digest: str, identity: Identity) -> Facts:
    """What is known of a recording that was read from those bytes, which have that sha256."""
    request = recording.request
    return Facts(
        size=len(raw),
        sha256=digest,
        test_id=recording.test_id,
        kind=recording.kind,
        method=text(request.get("method")),
        url=text(request.get("url")),
        endpoint=recording.endpoint,
        model=recording.model,
        provider=recording.provider,
        streaming=recording.is_streaming,
        identity=identity,
    )


def packed(facts: Facts, table: Table) -> tuple[Any, ...]:
    """Facts as the cache has them. Dialects are told by their places in the table."""
    identity = facts.identity
    fitting = " ".join(str(table.places[dialect.name]) for dialect in identity.fitting)
    return (
        *(facts.size, facts.test_id, facts.kind),
        *(facts.method, facts.url, facts.endpoint, facts.model, facts.provider),
        *(
            facts.streaming,
            identity.standing,
            fitting,
            identity.wanted,
            _shortened(identity.hashes),
        ),
    )


def _shortened(hashes: Sequence[str]) -> str:
    """Hashes in one text, in which `=` stands for one that is the same as the one before."""
    before = ("", *hashes)
    return " ".join("=" if one == last else one for last, one in zip(before, hashes, strict=False))


def _lengthened(text: str) -> tuple[str, ...]:
    return tuple(accumulate(text.split(), lambda last, one: last if one == "=" else one))


def in_short(row: Row) -> tuple[str | None, Standing | None, str | None]:
    """Test id, standing and the hash that is wanted, all null for what is no recording."""
    if row.facts is None:
        return None, None, None
    _, test_id, *_, standing, _, wanted, _ = row.facts
    return test_id, Standing(standing), wanted


def unpacked(row: Row, table: Table) -> Facts | None:
    """Facts as the cache had them; null where it has none."""
    if row.facts is None:
        return None
    size, test_id, kind, method, url, endpoint, model, provider, *others = row.facts
    streaming, standing, fitting, wanted, hashes = others
    identity = Identity(
        Standing(standing),
        tuple(table.dialects[int(place)] for place in fitting.split()),
        wanted,
        _lengthened(hashes),
    )
    return Facts(
        size=size,
        sha256=row.sha256,
        test_id=test_id,
        kind=Kind(kind) if kind else None,
        method=method,
        url=url,
        endpoint=endpoint,
        model=model,
        provider=provider,
        streaming=streaming,
        identity=identity,
    )


def known_test(cache: Cache, path: Path) -> tuple[str | None] | None:
    """The test id of a recording that a cache knows as it is now; null of any other file."""
    folder, name = os.path.split(os.path.abspath(path))
    row = cache.known(folder, [name]).get(name)
    try:
        if row is None or row.stamp != stamp_of(os.lstat(path)):
            return None
    except OSError:
        return None
    test_id, standing, _ = in_short(row)
    return None if standing is None else (test_id,)


@dataclass(frozen=True, slots=True)
class FactsOf:
    """A look at recordings for their facts. What holds none gives an error that says why."""

    table: Table
    about: str = ""

    def at(self, entry: Entry, raw: bytes, digest: str) -> tuple[Facts | RecctlError, Kept | None]:
        """The facts. Errors are not kept."""
        try:
            recording = recording_of(str(entry.path), entry.path.name, raw, parse_written)
        except UnsoundError as error:
            return error, None
        found = facts_of(recording, raw, digest, identify(recording, self.table))
        return found, Kept(packed(found, self.table), "")

    def without(self, entry: Entry, reason: str) -> Facts | RecctlError:
        """Why there are none."""
        return UnreadableError(f"{one_line(entry.path)}: {reason}")

    def recalled(self, entry: Entry, row: Row) -> Facts | RecctlError | None:  # noqa: ARG002
        """The facts, whoever kept them."""
        return unpacked(row, self.table)


def facts_in(
    entries: Sequence[Entry], table: Table, means: Means, unread: list[RecctlError]
) -> Iterator[tuple[Entry, Facts]]:
    """The facts of each recording, as soon as they are there; what has none goes to `unread`."""
    for entry, found in zip(entries, scan(entries, FactsOf(table), means), strict=True):
        if isinstance(found, RecctlError):
            unread.append(found)
        else:
            yield entry, found

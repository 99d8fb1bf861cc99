"""The recordings of a corpus as far as they were read: in short all of them, whole a few."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from recctl.compare.features import Features, features_of
from recctl.conversation import conversation
from recctl.corpus import Entry, load
from recctl.dialects import Identity, Name, Standing, Table, published
from recctl.errors import RecctlError, UnreadableError, UnsoundError
from recctl.explain.guesses import usual_values
from recctl.explain.told import FULL, Miss
from recctl.explain.values import FOR_MATCH
from recctl.facts import facts_in
from recctl.recording import Kind, Recording
from recctl.safetext import one_line
from recctl.scan import Means
from recctl.sources import NodeId

_MOST_KEPT = 256_000_000
"""Bytes of the files whose requests are kept in memory, so that none of them is read twice."""
_COMMON = ("method", "url", "body", "payload", "kwargs", "provider", "tool_name", "file_id")
"""Members of a request by which recordings are likened, for all forms of a request have them."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is kept of a recording that was read."""

    entry: Entry
    test_id: str | None
    model: str | None
    url_path: str | None
    kind: Kind | None
    standing: Standing
    node: NodeId | None

    @property
    def path(self) -> str:
        """Where it lies."""
        return str(self.entry.path)

    @property
    def digits(self) -> str | None:
        """The digits of its name; null for another name."""
        name = Name.parse(self.entry.path.name)
        return name.digits if name else None


@dataclass(frozen=True, slots=True)
class Match:
    """A recording whose request has a hash that was looked for, whole, and under which dialect."""

    known: Known
    identity: Identity
    dialect: str
    hash: str


class Survey:
    """A corpus, and what has been read of it: nothing until `read`, then all of it once."""

    def __init__(self, entries: Sequence[Entry], table: Table, means: Means) -> None:
        self._entries = entries
        self._table = table
        self._means = means
        self.all: list[Known] = []
        self.unread: list[str] = []
        self._matches: dict[str, list[Match]] = {}
        self._features: dict[str, Features] = {}
        self._turns: dict[str, int] = {}
        self._asked: dict[str, Recording] = {}
        self._room = _MOST_KEPT

    def read(self, wanted: Sequence[Miss]) -> None:
        """Read all recordings, and keep what is of use for some misses."""
        digits = {one.hash for one in wanted if len(one.hash) >= FOR_MATCH}
        short = {one for one in digits if len(one) < FULL}
        models = {one.model for one in wanted}
        unread: list[RecctlError] = []
        for entry, facts in facts_in(self._entries, self._table, self._means, unread):
            known = Known(
                entry,
                facts.test_id,
                facts.model,
                facts.path,
                facts.kind,
                facts.identity.standing,
                NodeId.parse(facts.test_id) if facts.test_id else None,
            )
            self.all.append(known)
            # No dialect hides which model was asked.
            if digits and (None in models or facts.model in models):
                seen: set[str] = set()
                for dialect, made in _hashes(facts.identity, self._table):
                    found = digits & {made} | {one for one in short if made.startswith(one)}
                    for one in found - seen:
                        match = Match(known, facts.identity, dialect, made)
                        self._matches.setdefault(one, []).append(match)
                    seen |= found
        self.unread = [str(error) for error in unread]

    def matching(self, digits: str) -> Sequence[Match]:
        """The recordings whose request has a hash that begins with the digits of a miss."""
        return self._matches.get(digits, [])

    @cached_property
    def usual(self) -> list[tuple[str, Any]]:
        """The parameters that are usual; in a large corpus, in the recordings that are kept."""
        return usual_values(self.recording(one) for one in self.all if self._room > 0)

    def recording(self, known: Known) -> Recording:
        """What a recording asked; one that has gone meanwhile asked nothing."""
        path = known.path
        if path in self._asked:
            return self._asked[path]
        whole = read(known.entry)[0]
        if whole is None:
            return Recording(known.entry.path.name, {}, 0)
        asked = whole.with_document({"test_id": whole.test_id, "request": whole.request})
        self._room -= whole.size
        if self._room >= 0:
            self._asked[path] = asked
        return asked

    def turns_of(self, known: Known) -> int:
        """How many messages a recording asked with."""
        path = known.path
        if path not in self._turns:
            self._turns[path] = len(conversation(self.recording(known)).turns)
        return self._turns[path]

    def features_of(self, known: Known) -> Features:
        """The features of what all forms of a request tell."""
        path = known.path
        if path not in self._features:
            self._features[path] = features_of(in_common(self.recording(known)))
        return self._features[path]


def in_common(recording: Recording) -> Recording:
    """A recording's request without what not every form of a request tells.

    Of a bare body, endpoint and headers are not known, and the model is the body's.
    """
    request = {key: recording.request[key] for key in _COMMON if key in recording.request}
    return recording.with_document({"request": request})


def read(entry: Entry) -> tuple[Recording | None, str | None]:
    """A recording, and why it could not be replayed; null where it cannot be read at all."""
    try:
        recording = load(entry)
    except (UnreadableError, UnsoundError) as error:
        flaw = str(error).removeprefix(one_line(entry.path)).lstrip(": ")
        line, colon, detail = flaw.partition(": ")
        return None, f"line {line}: {detail}" if colon and line.isdecimal() else flaw
    if recording.kind is not None and published().materials[recording.kind].retired:
        return recording, f"no recorder replays kind {recording.kind} any more"
    if "body" not in recording.response:
        return recording, "it has no answer"
    if recording.body is None and recording.response.get("is_exception") is not True:
        return recording, "its answer is empty"
    return recording, None


def _hashes(identity: Identity, table: Table) -> Iterator[tuple[str, str]]:
    """The hashes of a request, the target's first, each with the name of its dialect."""
    if identity.wanted is None:
        return
    yield table.target.name, identity.wanted
    by_dialect = [*zip(table.dialects, identity.hashes, strict=True)]
    for dialect, made in reversed(by_dialect):
        if dialect.name != table.target.name:
            yield dialect.name, made

"""What a request may have been of which only the hash is known.

A hash cannot be read backwards. But who asked for a recording that is not there mostly asked what
some other recording has, but for a little; and where one little change of a recorded request gives
the hash, it is proven that this was it.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from recctl.dialects import MaterialError, Table, hash_under
from recctl.difference import ABSENT, is_same
from recctl.explain.told import Miss
from recctl.jsontext import pointer_of
from recctl.recording import Kind, Recording
from recctl.shapes import fields

_SENT = ("body", "payload", "kwargs")
_CONTENTS = frozenset({"messages", "contents", "input", "prompt", "query", "documents", "model"})
_MOST_TESTS = 4
_MOST_VALUES = 40
_LONGEST_VALUE = 200
"""Characters, as JSON."""
_USUAL: tuple[tuple[str, Any], ...] = (
    ("parallel_tool_calls", True),
    ("parallel_tool_calls", False),
    ("stream_options", {"include_usage": True}),
    ("stream", True),
    ("stream", False),
)
"""Parameters that clients began to send, or ceased to."""


@dataclass(slots=True)
class _Budget:
    """How much may be hashed yet, in requests and in characters of them."""

    requests: int = 60_000
    characters: int = 256_000_000
    whole: "_Budget | None" = None

    def covers(self, size: int) -> bool:
        """Whether one more request of a size may be hashed; if so, it is taken off."""
        if self.requests <= 0 or self.characters < size:
            return False
        if self.whole is not None and not self.whole.covers(size):
            return False
        self.requests -= 1
        self.characters -= size
        return True

    @property
    def is_short(self) -> bool:
        """Whether little of it is left."""
        return self.requests < 1_000 or self.characters < 1_000_000

    def share(self) -> "_Budget":
        """A part of it for one miss, so that something is left for others."""
        return _Budget(self.requests // 3, self.characters // 3, self)


@dataclass(frozen=True, slots=True)
class Guess:
    """A recorded request with a little change. `parameter` is the change of one parameter."""

    recording: Recording
    parameter: tuple[str, Any] | None = None
    """Its key in what was sent, and its value; ABSENT for none."""
    others: bool = False
    """Whether its model or url was changed, too."""
    pointer: str = field(default="")


@dataclass(frozen=True, slots=True)
class Changes:
    """Parameters that may have been set to another value, and whether any may have been left out.

    A value ABSENT means that the parameter may have been left out.
    """

    values: Sequence[tuple[str, Any]] = ()
    drops: bool = False


class Trials:
    """What was tried so far, for many misses: each changed request is hashed once."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._budget, self._for_learned = _Budget(), _Budget()
        self._hashes: dict[tuple[object, ...], str] = {}
        self._sizes: dict[str, int] = {}

    @property
    def is_short(self) -> bool:
        """Whether not much more can be tried."""
        return self._budget.is_short

    def of(self, miss: Miss, *, learned: bool = False) -> "TrialsFor":
        """The trials for one miss, with a share of what can be tried.

        Changes that were learned from other misses have a budget of their own.
        """
        budget = self._for_learned if learned else self._budget
        return TrialsFor(self, miss, budget.share())

    def hashed(self, name: str, guess: Guess, budget: _Budget) -> str | None:
        """The hash of a guess, no text for none; null where it would take more than the budget.

        `name` stands for the recording that was changed.
        """
        changed = guess.recording
        key: tuple[object, ...] = (
            name,
            changed.test_id,
            guess.others,
            changed.request.get("url"),
            changed.model,
        )
        if guess.parameter is not None:
            parameter, value = guess.parameter
            key += (parameter, "" if value is ABSENT else json.dumps(value))
        made = self._hashes.get(key)
        if made is None:
            if name not in self._sizes:
                self._sizes[name] = len(json.dumps(changed.request))
            if not budget.covers(self._sizes[name]):
                return None
            made = self._hashes[key] = _hash(changed, self._table)
        return made


@dataclass(frozen=True, slots=True)
class TrialsFor:
    """The trials for one miss."""

    trials: Trials
    miss: Miss
    budget: _Budget

    def proven(
        self, recordings: Iterable[tuple[str, Recording]], changes: Changes
    ) -> tuple[int, Guess] | None:
        """The place of the first recording that a little change makes the one looked for.

        Null where none is found, or where it would take more than is left to be tried. Each
        recording has a name of its own.
        """
        for place, (name, recording) in enumerate(recordings):
            for guess in _guesses(recording, self.miss, changes):
                made = self.trials.hashed(name, guess, self.budget)
                if made is None:
                    return None
                if made.startswith(self.miss.hash):
                    return place, guess
        return None


def _hash(recording: Recording, table: Table) -> str:
    try:
        return hash_under(table.target, recording)
    except MaterialError:
        return ""


def _guesses(recording: Recording, miss: Miss, changes: Changes) -> Iterator[Guess]:
    place = next((key for key in _SENT if isinstance(recording.request.get(key), dict)), None)
    for base in _bases(recording, miss):
        yield base
        if place is None:
            continue
        sent = base.recording.request[place]
        for key in sent if changes.drops else ():
            yield _with(base, place, key, ABSENT)
        for key, value in changes.values:
            old = sent.get(key, ABSENT)
            is_kept = old is value if ABSENT in (old, value) else is_same(old, value)
            if not is_kept:
                yield _with(base, place, key, value)


def _bases(recording: Recording, miss: Miss) -> Iterator[Guess]:
    """The recording as one of the tests would have made it, with the model and url that are told.

    That the recording itself has another hash is known.
    """
    tests: tuple[str | None, ...] = miss.tests[:_MOST_TESTS]
    # A text may be wrong on the test: what a fixture asks for all is asked by the first.
    recorded = (recording.test_id,)
    tests = (*recorded, *tests) if miss.test_id is None else (*tests, *recorded)
    for test_id in dict.fromkeys((*tests, None)):
        own = recording if test_id == recording.test_id else recording.asked_by(test_id)
        yield Guess(own)
        told = _as_told(own, miss)
        if told is not own:
            yield Guess(told, others=True)


def _as_told(recording: Recording, miss: Miss) -> Recording:
    """A recording with the model and the url of a miss."""
    request = dict(recording.request)
    key = next((key for key in _SENT if isinstance(request.get(key), dict)), None)
    if miss.model is not None and key is not None and request[key].get("model") != miss.model:
        request[key] = {**request[key], "model": miss.model}
        if "model" in request:
            request["model"] = miss.model
    if miss.url is not None and recording.kind in (Kind.INFERENCE, Kind.HTTP):
        request["url"] = miss.url
    return recording if request == recording.request else _asking(recording, request)


def _with(base: Guess, place: str, key: str, value: Any) -> Guess:
    """A guess with another value of a parameter, or without it."""
    recording = base.recording
    sent = {one: old for one, old in recording.request[place].items() if one != key}
    if value is not ABSENT:
        sent[key] = value
    changed = _asking(recording, {**recording.request, place: sent})
    return replace(
        base, recording=changed, parameter=(key, value), pointer=pointer_of((place, key))
    )


def _asking(recording: Recording, request: Mapping[str, Any]) -> Recording:
    return recording.with_document({**recording.document, "request": request})


def usual_values(recordings: Iterable[Recording]) -> list[tuple[str, Any]]:
    """Parameters with their values that recordings have, the usual and the most frequent ones."""
    seen: Counter[tuple[str, str]] = Counter()
    for recording in recordings:
        for key, value in fields(recording.sent).items():
            if key in _CONTENTS:
                continue
            text = json.dumps(value)
            if len(text) <= _LONGEST_VALUE:
                seen[key, text] += 1
    found = [(key, json.loads(text)) for (key, text), _ in seen.most_common(_MOST_VALUES)]
    return [*_USUAL, *(one for one in found if one not in _USUAL)]

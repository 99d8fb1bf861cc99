"""What OpenAI's chat and text completions have in common: an envelope of numbered choices.

Source of the rules: docs/streams.md, "OpenAI chat chunks".
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from recctl.shapes import items, text
from recctl.transcript import Choice, Transcript
from recctl.wire.checks import Constants, note_numbers, note_usage
from recctl.wire.format import Note, Object
from recctl.wire.normal import error_words, index_of, number, usage, without_nulls

_FIRST_COUNTS = ("id", "created", "model")
_ENVELOPE = {
    *_FIRST_COUNTS,
    *("choices", "object", "service_tier", "system_fingerprint", "usage", "obfuscation"),
}
_CONSTANTS = {
    "id": "id-changed",
    "model": "model-changed",
    "created": "created-changed",
    "object": "object-unexpected",
}


class ChoiceFold(Protocol):
    """A choice in the making."""

    def add(self, choice: Object, at: int) -> None:
        """Take in what chunk `at` says of it, without nulls."""

    def finish(self) -> Choice:
        """The choice, its oddities noted."""

    def rebuilt(self) -> dict[str, Any]:
        """The choice as the provider would have sent it without streaming."""


class ChoicesFold:
    """Folds chunks of numbered choices; `choice` starts one of a number.

    `objects` are what a chunk may call itself, the first being that of a whole answer. `declared`
    are the keys of a whole answer, in the order in which client libraries write them.
    """

    def __init__(
        self,
        note: Note,
        name: str,
        objects: Sequence[str],
        declared: Sequence[str],
        choice: Callable[[int, Note], ChoiceFold],
    ) -> None:
        self.note = note
        self.name = name
        self.objects = objects
        self.declared = declared
        self.choice = choice
        self.first: dict[str, Any] = {}
        self.last: dict[str, Any] = {}
        self.choices: dict[int, ChoiceFold] = {}
        self.highest = float("-inf")
        self.usages: list[tuple[int, Any]] = []
        self.failed = False
        self.at = 0
        self._constants = Constants(note, _CONSTANTS)

    def add(self, chunk: Object, at: int) -> None:
        """Take in the chunk that came as number `at`."""
        self.at = at
        known = without_nulls(chunk)
        self._note_chunk(known, at)
        if "error" in known and "choices" not in known:
            self.failed = True
            self.note("stream-error", at, error_words(chunk))
        if "usage" in known:
            self.usages.append((at, chunk["usage"]))
        for key, value in known.items():
            if key in _FIRST_COUNTS:
                if value != "":
                    self.first.setdefault(key, value)
            elif key not in ("choices", "obfuscation"):
                self.last[key] = value
        for place, choice in enumerate(items(known.get("choices"))):
            if isinstance(choice, dict):
                self._choice(index_of(choice.get("index"), place), at).add(choice, at)

    def finish(self) -> tuple[Transcript, Any]:
        """The transcript, and the whole answer."""
        folds = [self.choices[index] for index in sorted(self.choices)]
        choices = tuple(fold.finish() for fold in folds)
        note_usage(self.usages, self.at, self.note)
        note_numbers(self.choices, "choice-index-gap", self.note)
        if not choices and not self.failed:
            self.note("finish-missing", None, "there is no choice")
        ended = bool(choices) and all(choice.finish_raw for choice in choices)
        transcript = Transcript(
            format=self.name,
            complete=ended and not self.failed,
            chunks=0,
            id=text(self.first.get("id")),
            created=number(self.first.get("created")),
            model=text(self.first.get("model")),
            service_tier=text(self.last.get("service_tier")),
            system_fingerprint=text(self.last.get("system_fingerprint")),
            choices=choices,
            usage=usage(self.last.get("usage")),
            extra={key: value for key, value in self.last.items() if key not in _ENVELOPE},
        )
        return transcript, self._rebuilt(folds)

    def _choice(self, index: int, at: int) -> ChoiceFold:
        if index not in self.choices:
            if index < self.highest:
                self.note("choice-order", at, f"choice {index} after a higher one")
            self.highest = max(self.highest, index)
            self.choices[index] = self.choice(index, self.note)
        return self.choices[index]

    def _rebuilt(self, folds: list[ChoiceFold]) -> dict[str, Any]:
        found = {
            **self.last,
            **self.first,
            "choices": [fold.rebuilt() for fold in folds],
            "object": self.objects[0],
            "usage": self.usages[-1][1] if self.usages else None,
        }
        known = {key: found.get(key) for key in self.declared}
        return {**known, **{key: value for key, value in found.items() if key not in known}}

    def _note_chunk(self, chunk: Object, at: int) -> None:
        self._constants.see(chunk, at)
        if chunk.get("object", self.objects[0]) not in self.objects:
            self.note("object-unexpected", at, f"object is {chunk['object']!r}")


def note_after_finish(index: int, *, says: bool, ends: bool, at: int, note: Note) -> None:
    """Take down a chunk that came after the choice's finish reason.

    `says` tells whether it has content, `ends` whether it has a finish reason of its own.
    """
    if says:
        note("content-after-finish", at, f"choice {index}")
    elif not ends:
        note("chunk-after-finish", at, f"choice {index}")


def next_finish(known: str | None, raw: object, index: int, at: int, note: Note) -> str | None:
    """The finish reason after a chunk: the last one that is not empty."""
    if raw == "":
        note("finish-empty-string", at, f"choice {index}")
    if not isinstance(raw, str) or not raw:
        return known
    if known:
        note("finish-duplicate", at, f"choice {index}")
    return raw


def take_in(known: dict[str, Any], given: Object) -> None:
    """Take in what a chunk adds: lists grow, objects are merged, of all else the last counts."""
    for key, value in given.items():
        before = known.get(key)
        if isinstance(value, list) and isinstance(before, list):
            before.extend(value)
        elif isinstance(value, list):
            known[key] = list(value)
        elif isinstance(value, dict) and isinstance(before, dict):
            known[key] = {**before, **value}
        else:
            known[key] = value

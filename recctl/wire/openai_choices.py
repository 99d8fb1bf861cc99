"""What OpenAI's chat and text completions have in common: an envelope of numbered choices.

Source of the rules: docs/streams.md, "OpenAI chat chunks".
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

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

_BUT_CHOICES = {"choices": None, "obfuscation": None}
_BUT_DELTA = {"delta": None, "obfuscation": None}


class ChoiceFold(Protocol):
    """A choice in the making."""

    def add(self, choice: Object, at: int) -> None:
        """Take in what chunk `at` says of it, without nulls."""

    def finish(self) -> Choice:
        """The choice, its oddities noted."""

    def rebuilt(self) -> dict[str, Any]:
        """The choice as the provider would have sent it without streaming."""


ChoiceT_co = TypeVar("ChoiceT_co", bound=ChoiceFold, covariant=True)


class ChoicesFold(Generic[ChoiceT_co]):
    """Folds chunks of numbered choices; `choice` starts one of a number.

    `objects` are what a chunk may call itself, the first being that of a whole answer. `declared`
    are the keys of a whole answer, in the order in which client libraries write them.
    """

    def __init__(
        self,
        note: Note,
        objects: Sequence[str],
        declared: Sequence[str],
        choice: Callable[[int, Note], ChoiceT_co],
    ) -> None:
        self.note = note
        self.objects = objects
        self.declared = declared
        self.choice = choice
        self.first: dict[str, Any] = {}
        self.last: dict[str, Any] = {}
        self.choices: dict[int, ChoiceT_co] = {}
        self.highest = float("-inf")
        self.usages: list[tuple[int, Any]] = []
        self.failed = False
        self.at = 0
        self._constants = Constants(note, _CONSTANTS)

    def add(self, chunk: Object, at: int) -> None:
        """Take in the chunk that came as number `at`."""
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
        self.add_choices(items(known.get("choices")), at)

    def add_choices(self, choices: list[Any], at: int) -> None:
        """Take in the choices, without nulls, of the chunk that came as number `at`."""
        self.at = at
        for place, choice in enumerate(choices):
            if isinstance(choice, dict):
                self._choice(index_of(choice.get("index"), place), at).add(choice, at)

    def finish(self) -> tuple[Transcript, Any]:
        """The transcript, and the whole answer."""
        return self.transcript(), self._rebuilt()

    def transcript(self) -> Transcript:
        """The transcript alone."""
        choices = tuple([fold.finish() for fold in self._folds()])
        note_usage(self.usages, self.at, self.note)
        note_numbers(self.choices, "choice-index-gap", self.note)
        if not choices and not self.failed:
            self.note("finish-missing", None, "there is no choice")
        ended = bool(choices) and all(choice.finish_raw for choice in choices)
        return Transcript(
            complete=ended and not self.failed,
            id=text(self.first.get("id")),
            created=number(self.first.get("created")),
            model=text(self.first.get("model")),
            service_tier=text(self.last.get("service_tier")),
            system_fingerprint=text(self.last.get("system_fingerprint")),
            choices=choices,
            usage=usage(self.last.get("usage")),
            extra={key: value for key, value in self.last.items() if key not in _ENVELOPE},
        )

    def _folds(self) -> list[ChoiceT_co]:
        return [self.choices[index] for index in sorted(self.choices)]

    def _choice(self, index: int, at: int) -> ChoiceT_co:
        known = self.choices.get(index)
        if known is not None:
            return known
        if index < self.highest:
            self.note("choice-order", at, f"choice {index} after a higher one")
        self.highest = max(self.highest, index)
        self.choices[index] = self.choice(index, self.note)
        return self.choices[index]

    def _rebuilt(self) -> dict[str, Any]:
        found = {
            **self.last,
            **self.first,
            "choices": [fold.rebuilt() for fold in self._folds()],
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


class SpokenFold(ChoiceFold, Protocol):
    """A choice in the making, with texts that come in pieces."""

    @property
    def texts(self) -> tuple[str, ...]:
        """The keys of a delta at which it has pieces of a text."""

    def pieces(self, key: str) -> list[str] | None:
        """What came of the text at a key, to be added to; null where that would not be all."""

    def knows(self, key: str) -> bool:
        """Whether a member of a choice is known to the format."""

    def take_in_others(self, choice: Object) -> None:
        """Take in the members, without nulls, that the format does not know."""


class RunsFold:
    """The fast path: folds chat chunks as the plain fold does, which it feeds.

    Most chunks differ from the one before in a piece of one text only. The plain fold, which takes
    every chunk for itself, is the reference; a property test holds the two equal. What makes them
    so: what a chunk has in common with the one before is passed over when the plain fold took it in
    from that one. What it would set is set already. What it would note is noted already, and
    nothing is noted twice. Of a choice the plain fold must have seen two such chunks: a role is odd
    from the second one on.
    """

    def __init__(self, plain: ChoicesFold[SpokenFold]) -> None:
        self._plain = plain
        self._envelope: Object | None = None
        self._run: _Run | None = None

    def add(self, chunk: Object, at: int) -> None:
        """Take in the chunk that came as number `at`."""
        plain, run, choices = self._plain, self._run, chunk.get("choices")
        envelope = {**chunk, **_BUT_CHOICES}
        if (
            envelope != self._envelope
            or not isinstance(choices, list)
            or not _is_inert(chunk.get("obfuscation"))
        ):
            plain.add(chunk, at)
            self._envelope = envelope if _says_nothing_twice(envelope) else None
            self._run = None
            return
        piece = None if run is None else run.piece(choices)
        if piece is not None and run is not None and run.is_settled:
            run.pieces.append(piece)
            if run.others:
                run.take_in_others(choices[0])
            plain.at = at
            return
        plain.add_choices(without_nulls(choices), at)
        if piece is None or run is None:
            self._run = _run_from(choices, plain.choices)
        else:
            run.is_settled = True

    def finish(self) -> tuple[Transcript, Any]:
        """The transcript, and the whole answer."""
        return self._plain.finish()


class _Run:
    """Chunks of one choice that are the same but for the piece of a text at one key.

    So may be `others`, members that are objects and the like: they are taken in from each chunk.
    `is_settled` says that a second one has been through the plain path.
    """

    def __init__(
        self, choice: Object, delta: Object, key: str, pieces: list[str], fold: SpokenFold
    ) -> None:
        self.pieces = pieces
        self.others = [
            name for name, value in choice.items() if not _is_inert(value) and not fold.knows(name)
        ]
        self.is_settled = False
        self._key = key
        self._fold = fold
        self._but_piece = {key: None}
        self._but_others = {**_BUT_DELTA, **dict.fromkeys(self.others)}
        self._choice = {**choice, **self._but_others}
        self._delta = {**delta, **self._but_piece}

    def piece(self, choices: list[Any]) -> str | None:
        """The piece in the choices of a chunk that goes on with the run; null for another."""
        try:
            (choice,) = choices
            delta = choice["delta"]
            piece = delta[self._key]
            goes_on = (
                {**delta, **self._but_piece} == self._delta
                and {**choice, **self._but_others} == self._choice
                and type(choice["index"]) is int  # True and 1.0 equal 1
                and _is_inert(choice.get("obfuscation"))
            )
        except (KeyError, TypeError, ValueError):
            return None
        return piece if goes_on and isinstance(piece, str) else None

    def take_in_others(self, choice: Object) -> None:
        """Take in what a choice that goes on with the run has of the others."""
        self._fold.take_in_others(without_nulls({key: choice.get(key) for key in self.others}))

    def says_nothing_twice(self) -> bool:
        """Whether its chunks say nothing more than their pieces. The index is no more than that."""
        return _are_inert({**self._choice, "index": None}) and _are_inert(self._delta)


def _run_from(choices: list[Any], folds: Mapping[int, SpokenFold]) -> _Run | None:
    """The run that the choices of a chunk start once folded; null where they say too much."""
    choice = choices[0] if len(choices) == 1 else None
    delta = choice.get("delta") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(delta, dict):
        return None
    index = choice.get("index")
    if type(index) is not int:
        return None
    spoken = [key for key in folds[index].texts if delta.get(key)]
    pieces = folds[index].pieces(spoken[0]) if len(spoken) == 1 else None
    if pieces is None:
        return None
    run = _Run(choice, delta, spoken[0], pieces, folds[index])
    return run if run.says_nothing_twice() else None


def _says_nothing_twice(envelope: Object) -> bool:
    """Whether chunks in the same envelope say no more by it than the first one.

    Reports of usage are counted. The time is a number, but only the first one is kept.
    """
    return envelope.get("usage") is None and _are_inert({**envelope, "created": None})


def _are_inert(members: Object) -> bool:
    """Whether each value equals none of another type, and adds nothing when it comes again."""
    return all(map(_is_inert, members.values()))


def _is_inert(value: object) -> bool:
    return (
        value is None or isinstance(value, str) or (isinstance(value, (dict, list)) and not value)
    )

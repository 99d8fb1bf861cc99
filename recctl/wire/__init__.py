"""Provider answers to transcripts. A format is told by what the answer is, never by the request.

Nothing is imported that an answer names: a class name is a word here. Reading never raises.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Any, NamedTuple

from recctl.shapes import fields, items
from recctl.transcript import Oddity, Transcript
from recctl.wire import plain
from recctl.wire.format import FORMATS, Format, of_class
from recctl.wire.normal import error_words, in_short, without_nulls

__all__ = ["FORMATS", "Answer", "chunk_values", "read"]

_MOST_FOREIGN = 100
"""So many chunks that do not belong into a stream are told one by one."""


class Answer(NamedTuple):
    """A response, read.

    `object` is what the provider would have sent without streaming: for an answer that was not
    streamed, what it did send. It is null where there is none.
    """

    transcript: Transcript
    object: Any


class Notes:
    """Takes oddities down, each kind and detail once, in the order of chunks."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Oddity] = {}

    def __call__(self, code: str, at: int | None, detail: str) -> None:
        """Take one down."""
        self._known.setdefault((code, detail), Oddity(code, at, detail))

    def all(self) -> tuple[Oddity, ...]:
        """Those of chunks in their order, then those of the whole."""
        last = float("inf")
        return tuple(
            sorted(self._known.values(), key=lambda one: last if one.at is None else one.at)
        )


def read(response: Mapping[str, Any]) -> Answer:
    """Read the response of a recording, whatever it is."""
    note = Notes()
    try:
        return _read(response, note)
    except RecursionError:
        note("too-deep", None, "deeper than can be walked")
        body = response.get("body")
        chunks = len(body) if isinstance(body, list) else 0
        unread = plain.unknown(complete=False)._replace(chunks=chunks, warnings=note.all())
        return Answer(unread, None)


def _read(response: Mapping[str, Any], note: Notes) -> Answer:
    stream = _stream_of(response)
    raised = response.get("is_exception") is True
    if stream is not None:
        answer = _streamed(stream, note)
        if raised:
            note("stream-exception", None, "the chunks are those before the exception")
            answer = answer._replace(transcript=answer.transcript._replace(complete=False))
    elif raised:
        answer = Answer(plain.exception(response), None)
    else:
        answer = _whole(response.get("body"), note)
    chunks = len(stream) if stream is not None else 0
    return answer._replace(
        transcript=answer.transcript._replace(chunks=chunks, warnings=note.all())
    )


def chunk_values(response: Mapping[str, Any]) -> Iterator[Any]:
    """The chunks of a streamed response as they came, without class names and nulls."""
    for chunk in _stream_of(response) or ():
        yield without_nulls(unwrapped(chunk)[1])


def _stream_of(response: Mapping[str, Any]) -> list[Any] | None:
    """The recorded chunks, also those that came before an exception; null for no stream."""
    body = response.get("body")
    says_so = response.get("is_streaming") is True or response.get("is_exception") is True
    is_stream = isinstance(body, list) and says_so and not plain.lists_models(body)
    return body if is_stream else None


def _whole(body: Any, note: Notes) -> Answer:
    class_name, data = unwrapped(body)
    if isinstance(data, dict):
        for form in FORMATS:
            if form.is_whole(class_name, data):
                # There are no chunks that something could be seen at.
                told = form.loaded().from_whole(
                    data, lambda code, _, detail: note(code, None, detail)
                )
                return Answer(told._replace(format=form.name), data)
    return Answer(plain.from_whole(class_name, data), data if class_name else body)


def _streamed(body: list[Any], note: Notes) -> Answer:
    chunks = list(_chunks(body, note))
    kinds = Counter([form.name for form, _, _ in chunks if form is not None])
    if not kinds:
        for _, data, at in chunks[:_MOST_FOREIGN]:
            if fields(data).get("error") is not None:
                note("stream-error", at, error_words(data))
            else:
                note("mixed-stream", at, f"of no known format: {in_short(data)}")
        if not chunks:
            note("empty-stream", None, "no chunks")
        return Answer(plain.unknown(complete=False), None)
    wanted = kinds.most_common(1)[0][0]
    form = next(form for form in FORMATS if form.name == wanted)
    fold = form.loaded().fold(note)
    foreign = []
    add = fold.add
    for own, data, at in chunks:
        if own is form or _is_of_any_format(data):
            add(data, at)
        else:
            foreign.append((data, at))
    for data, at in foreign[:_MOST_FOREIGN]:
        note("mixed-stream", at, f"not of format {wanted}: {in_short(data)}")
    transcript, rebuilt = fold.finish()
    complete = transcript.complete and not foreign
    return Answer(transcript._replace(format=form.name, complete=complete), rebuilt)


def _is_of_any_format(data: Any) -> bool:
    """Whether a chunk goes with those around it: an error, or usage without a choice."""
    known = fields(data)
    choiceless = "choices" in known and not items(known["choices"])
    return known.get("error") is not None or choiceless


def _chunks(body: list[Any], note: Notes) -> Iterator[tuple[Format | None, Any, int]]:
    """Every chunk with its format, if it has one, and its place among the recorded ones."""
    values: Iterable[tuple[Any, int]] = zip(body, count(), strict=False)
    if str in set(map(type, body)):
        from recctl.wire import sse  # few answers came so

        values = sse.decoded(body, note)
    for value, at in values:
        class_name, data = unwrapped(value)
        yield of_class(class_name) or _format_of(class_name, data), data, at


def _format_of(class_name: str, data: Any) -> Format | None:
    if not isinstance(data, dict):
        return None
    return next((form for form in FORMATS if form.is_chunk(class_name, data)), None)


def unwrapped(value: Any) -> tuple[str, Any]:
    """The name of a typed value's class and its data; "" and the value itself for any other."""
    if isinstance(value, dict):
        name = value.get("__type__")
        if isinstance(name, str):
            data = value.get("__data__")
            if isinstance(data, dict):
                return name, data
    return "", value

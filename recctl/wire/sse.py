"""Server-sent events, recorded as a list of lines.

Source: the event stream format of the WHATWG HTML standard, and docs/streams.md.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from recctl.shapes import fields, text, value_in
from recctl.wire.format import Note

_BREAK = re.compile(r"\r\n|\n|\r")
_BYTE_ORDER_MARK = "\ufeff"
_END = "[DONE]"
_NAMELESS = ("", "message")
_KEEP_ALIVE = "ping"


def decoded(lines: list[Any], note: Note) -> Iterator[tuple[Any, int]]:
    """The JSON values of events, each with the number of the entry at which its data began.

    Entries that are no text are given as they are. `[DONE]` ends the stream: what follows is not
    read. No format needs to know of it, for those that come as events end in an event of their
    own. Keep-alives are left out.
    """
    event = _Event()
    for line, at in _split(lines):
        if not isinstance(line, str):
            yield line, at
        elif line:
            event.take(line, at)
        elif event.ends_stream:
            return
        else:
            yield from event.values(note)
            event = _Event()
    if event.data and not event.ends_stream:
        note("sse-unterminated", event.at, "the last event")
        yield from event.values(note)


def _split(entries: Iterable[Any]) -> Iterator[tuple[Any, int]]:
    """Lines with the numbers of their entries: an entry may hold several, or its own line break."""
    for at, entry in enumerate(entries):
        if not isinstance(entry, str):
            yield entry, at
            continue
        parts = _BREAK.split(entry.removeprefix(_BYTE_ORDER_MARK) if at == 0 else entry)
        if len(parts) > 1 and not parts[-1]:
            parts.pop()
        for part in parts:
            yield part, at


class _Event:
    """An event in the making."""

    def __init__(self) -> None:
        self.name = ""
        self.data: list[str] = []
        self.at = 0

    @property
    def ends_stream(self) -> bool:
        return self.data == [_END]

    def take(self, line: str, at: int) -> None:
        """Take in a line that is not empty. Comments, ids and retry times say nothing here."""
        key, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if key == "event":
            self.name = value
        elif key == "data":
            if not self.data:
                self.at = at
            self.data.append(value)

    def values(self, note: Note) -> Iterator[tuple[Any, int]]:
        """The value of the data; none where there is no data, or none that can be read."""
        if not self.data:
            return
        try:
            value = value_in("\n".join(self.data))
        except ValueError:
            note("sse-bad-json", self.at, "the data of an event is not JSON")
            return
        except RecursionError:
            note("too-deep", self.at, "deeper than can be walked")
            return
        if isinstance(value, dict):
            value = self._typed(value, note)
            if value.get("type") == _KEEP_ALIVE:
                return
        yield value, self.at

    def _typed(self, value: dict[str, Any], note: Note) -> dict[str, Any]:
        """The value with its type. The one in the data counts, the event's name stands in."""
        own = text(fields(value).get("event_type")) or text(fields(value).get("type"))
        if self.name in _NAMELESS or own == self.name:
            return value
        if own is None:
            return {"type": self.name, **_without_type(value)}
        note("sse-event-mismatch", self.at, f"{self.name!r} is of type {own!r}")
        return value


def _without_type(value: dict[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if key != "type"}

"""What a wire format is: how it is told, folded into a transcript, and rebuilt as one object."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from recctl.transcript import Transcript

Object = Mapping[str, Any]

Note = Callable[[str, int | None, str], None]
"""Takes down an oddity: its code, the chunk it was seen at (from 0), and a detail."""


class Fold(Protocol):
    """Takes the chunks of one stream, one at a time. No method ever raises."""

    def add(self, chunk: Object, at: int) -> None:
        """Take in the chunk that came as number `at`, nulls and all."""

    def finish(self) -> tuple["Transcript", Any]:
        """The transcript, and the object that the provider would have sent without streaming.

        Called once, after the last chunk. The transcript's `warnings` and `chunks` are left to
        the caller, who has the notes and the chunks.
        """


class Format(NamedTuple):
    """One wire format. A class name is "" for a value that came without one.

    Its module, which has the functions `fold` and `from_whole`, is imported when it is needed.
    """

    name: str
    module: str
    is_chunk: Callable[[str, Object], bool]
    is_whole: Callable[[str, Object], bool]

    def fold(self, note: Note) -> Fold:
        """A fold of a stream of this format."""
        made: Fold = import_module(self.module).fold(note)
        return made

    def from_whole(self, data: Object, note: Note) -> "Transcript":
        """The transcript of an answer that was not streamed. Never raises."""
        made: Transcript = import_module(self.module).from_whole(data, note)
        return made

"""What a wire format is: how it is told, folded into a transcript, and rebuilt as one object."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from recctl.transcript import Transcript

Object = Mapping[str, Any]

Note = Callable[[str, int | None, str], None]
"""Takes down an oddity: its code, the chunk it was seen at (from 0), and a detail."""


class Fold(Protocol):
    """Takes the chunks of one stream, one at a time. No method ever raises."""

    def add(self, chunk: Object, at: int) -> None:
        """Take in the chunk that came as number `at`, nulls and all."""

    def finish(self) -> tuple[Transcript, Any]:
        """The transcript, and the object that the provider would have sent without streaming.

        Called once, after the last chunk. The transcript's `warnings` and `chunks` are left to
        the caller, who has the notes and the chunks.
        """


@dataclass(frozen=True, slots=True)
class Format:
    """One wire format. A class name is "" for a value that came without one."""

    name: str
    is_chunk: Callable[[str, Object], bool]
    is_whole: Callable[[str, Object], bool]
    fold: Callable[[Note], Fold]
    from_whole: Callable[[Object, Note], Transcript]

"""Recordings as the provider would have sent them without streaming, one after the other."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from recctl.corpus import Entry, loaded
from recctl.dialects import Name
from recctl.errors import RecctlError
from recctl.transcript import Transcript
from recctl.wire import read


@dataclass(frozen=True, slots=True)
class Assembly:
    """One recording's answer in one piece.

    `hash` is null for a file of another name, `object` where no object could be made.
    """

    path: str
    hash: str | None
    object: Any
    transcript: Transcript


def assemble(entries: Iterable[Entry], unread: list[RecctlError]) -> Iterator[Assembly]:
    """Read each recording when it is asked for; what cannot be read goes to `unread`."""
    for entry, recording in loaded(entries, unread):
        name = Name.parse(recording.file_name)
        answer = read(recording.response)
        digits = name.digits if name else None
        yield Assembly(str(entry.path), digits, answer.object, answer.transcript)

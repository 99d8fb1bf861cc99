"""Which test asks by a recording's name, where the test id in the file gives another. Pure."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

from recctl.dialects import (
    MaterialError,
    Name,
    Standing,
    Table,
    hash_under,
    identify,
    material_under,
)
from recctl.recording import Recording

MOST_HASHES = 1_000_000
"""So many are tried for all recordings together, which takes about a second."""


class TooManyError(Exception):
    """There are too many tests to try them all."""


@dataclass
class Askers:
    """Finds the test whose request has a recording's name, among some, by their ids.

    The test id in a file is what the file claims. One that no dialect gives its name under that id
    may have been edited, or copied, and its name is what a test looks for.
    """

    table: Table
    tests: Collection[str] = ()
    left: int = MOST_HASHES

    def asker(self, recording: Recording) -> str | None:
        """The test that asks by the name under any dialect; null if it is none of these.

        Raises TooManyError.
        """
        name = Name.parse(recording.file_name)
        if name is None:
            return None
        digits = bytes.fromhex(name.digits)
        halves = self._halves(recording)
        self.left -= len(halves) * len(self.tests)
        if self.left < 0:
            raise TooManyError
        for head, tail in halves:
            for test, encoded in self._encoded:
                made = head.copy()
                made.update(encoded + tail)
                if made.digest().startswith(digits):
                    return test
        return None

    @cached_property
    def _encoded(self) -> list[tuple[str, bytes]]:
        return [(test, json.dumps(test).encode("ascii")) for test in self.tests]

    def _halves(self, recording: Recording) -> list[tuple[Any, bytes]]:
        """Hashes of what comes before the test id, and what comes after it, of every dialect."""
        halves: dict[tuple[bytes, bytes], Any] = {}
        mark = "recctl" + sha256(recording.file_name.encode()).hexdigest()
        marked = recording.asked_by(mark)
        for dialect in (*self.table.dialects, self.table.target):
            try:
                hash_under(dialect, recording)
                material = material_under(dialect, marked)
            except MaterialError:
                return []
            whole = json.dumps(material, sort_keys=True).encode("ascii")
            head, found, tail = whole.partition(json.dumps(mark).encode("ascii"))
            if found and material.get("test_id") == mark and (head, tail) not in halves:
                halves[head, tail] = sha256(head)
        return [(made, tail) for (_, tail), made in halves.items()]


def is_misnamed(recording: Recording, table: Table) -> bool:
    """Whether no dialect gives a recording its name under the test id that it has."""
    return identify(recording, table).standing is Standing.UNREACHABLE

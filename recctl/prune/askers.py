"""Which test asks by a recording's name, where the test id in the file gives another. Pure."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

from recctl.dialects import (
    Dialect,
    MaterialError,
    Name,
    Standing,
    Table,
    hash_under,
    identify,
    material_under,
)
from recctl.evidence.spelling import spelled
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

    def owners(self, recording: Recording, test_id: str) -> Iterator[str]:
        """The test that a recording says it is of, and the one that asks by its name.

        Raises TooManyError after the first.
        """
        yield spelled(test_id)
        if is_misnamed(recording, self.table):
            asker = self.asker(recording)
            if asker is not None:
                yield asker

    def asked_for(self, recording: Recording, digits: Collection[str]) -> frozenset[str]:
        """Of names, by their digits, those by which some test or none asks as a recording does.

        Raises TooManyError.
        """
        halves = self._halves(recording)
        self.left -= len(halves) * len(self.tests)
        if self.left < 0:
            raise TooManyError
        lengths = {len(one) for one in digits}
        found = set[str]()
        for head, tail in halves:
            for encoded in (b"null", *(one for _, one in self._encoded)):
                made = head.copy()
                made.update(encoded + tail)
                whole = made.hexdigest()
                found.update(whole[:length] for length in lengths if whole[:length] in digits)
        return frozenset(found)

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


def is_anybodys(recording: Recording, table: Table) -> bool:
    """Whether a recording has its name by dialects only that take no test id.

    What has its name by one that does, only that test can ask for: whatever hashes to the name
    has the test id in it.
    """
    fitting = identify(recording, table).fitting
    return bool(fitting) and not any(_takes_test_id(one, recording) for one in fitting)


def _takes_test_id(dialect: Dialect, recording: Recording) -> bool:
    try:
        return material_under(dialect, recording).get("test_id") is not None
    except MaterialError:
        return False


def is_misnamed(recording: Recording, table: Table) -> bool:
    """Whether no dialect gives a recording its name under the test id that it has."""
    return identify(recording, table).standing is Standing.UNREACHABLE

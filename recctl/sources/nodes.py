"""Node ids, and what is known of the tests that they name."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


@dataclass(frozen=True, slots=True)
class NodeId:
    """A pytest node id in its parts: `path/to/test_x.py::TestA::test_b[c]`.

    `file` is all before the first `::`; `names` are the classes and the function after it, none
    where there is no `::`; `parameters` begins at the first bracket after it and goes to the
    end, whatever it holds, brackets included. `str` gives the id back, character by character.
    """

    file: str
    names: tuple[str, ...]
    parameters: str = ""

    @classmethod
    def parse(cls, test_id: str) -> Self:
        """The parts of any text; of what is no node id, all is `file`."""
        file, colons, rest = test_id.partition("::")
        if not colons:
            return cls(file, ())
        names, bracket, parameters = rest.partition("[")
        return cls(file, tuple(names.split("::")), bracket + parameters)

    def __str__(self) -> str:
        return "::".join((self.file, *self.names)) + self.parameters


class Presence(StrEnum):
    """What is known of a test."""

    PRESENT = "present"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sought:
    """What a search for a test came to, and why, in a few words."""

    presence: Presence
    reason: str


class UndecidedError(Exception):
    """Nothing can be said of a test. The text is the reason."""

"""What is asked about a recording that was not found, and what comes of it."""

from dataclasses import dataclass
from enum import StrEnum

from recctl.compare import Comparison, Statement
from recctl.dialects import Standing, Table
from recctl.explain.told import Miss
from recctl.recording import Recording

FOR_MATCH = 8
"""Digits that a hash must have, so that none of a corpus is taken for it by chance."""

FOR_PROOF = 12
"""The same where thousands of changes are tried."""


class Why(StrEnum):
    """What has become of a recording that was not found.

    there: it lies where the recorder looks · flawed: so it does, but cannot be replayed ·
    elsewhere: it lies where no recorder looks for this test · stale: a recording of the request has
    the name of an older dialect · misnamed: it has a name that fits no dialect · other-dialect: the
    recorder that looked for it went by another dialect, and under the target's it is here ·
    removed: git has it · other-test: the request was recorded, but for another test · altered: a
    recording's request, with one change, is the one that was looked for.
    """

    THERE = "there"
    FLAWED = "flawed"
    ELSEWHERE = "elsewhere"
    STALE = "stale"
    MISNAMED = "misnamed"
    OTHER_DIALECT = "other-dialect"
    REMOVED = "removed"
    OTHER_TEST = "other-test"
    ALTERED = "altered"


@dataclass(frozen=True, slots=True)
class Place:
    """A path at which the recorder looks, and what is there: nothing, a recording, or a flaw."""

    path: str
    is_there: bool = False
    flaw: str | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """What has become of the recording: where that is seen, in one line, and what to do next."""

    why: Why
    path: str
    message: str
    command: str | None = None
    hash: str | None = None
    test_id: str | None = None
    comparison: Comparison | None = None


@dataclass(frozen=True, slots=True)
class Near:
    """A recording that is like the one that was looked for, and what differs.

    `similarity` and `comparison` are null where the request is not known; then `statements` tell
    what else does. `says` is the last that is said in its request.
    """

    path: str
    hash: str | None
    test_id: str | None
    standing: Standing
    says: str
    similarity: float | None = None
    comparison: Comparison | None = None
    statements: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What was looked for.

    `request` is a recording without an answer. Where `is_exact` is false, it is only what the text
    shows of it. `dialect` is the name of the one that the recorder went by, where that is known.
    `is_bare` says that only what goes into the hash is known of the request.
    """

    miss: Miss
    request: Recording | None = None
    is_exact: bool = False
    dialect: str | None = None
    is_bare: bool = False


class Resemblance(StrEnum):
    """What the nearest recordings have in common with the one that was looked for.

    request: most of what is asked · test: the test · function: its function, with other parameters
    · name: the name of a test · model: the model and the path of the url. Where the request is not
    known, all that are told have equally much in common.
    """

    REQUEST = "request"
    TEST = "test"
    FUNCTION = "function"
    NAME = "name"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that was found out about one miss. `places` are in the recorder's order.

    `resemblance` tells what the nearest are, `alike` how many there are of these, told or not; both
    say nothing where there is none. `command` is what to run next: FILE and ID in it are to be
    filled in. `notes` say what is not known and why.
    """

    asked: Asked
    places: tuple[Place, ...] = ()
    causes: tuple[Cause, ...] = ()
    nearest: tuple[Near, ...] = ()
    resemblance: Resemblance | None = None
    alike: int = 0
    command: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_found(self) -> bool:
        """Whether anything was found."""
        return bool(self.causes or self.nearest)


@dataclass(frozen=True, slots=True)
class Options:
    """By which table, and how many of the nearest are told."""

    table: Table
    nearest: int = 3

"""What a corpus amounts to: recordings and bytes, by what they have in common."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from recctl.corpus import Entry
from recctl.dialects import Table, identify
from recctl.evidence import Judgement
from recctl.recording import Recording
from recctl.sources import NodeId


class Field(StrEnum):
    """What recordings are counted by.

    `DIALECT` is the span of dialects that give the file's name, `STANDING` what follows from it,
    `EVIDENCE` its verdict.
    """

    FOLDER = "folder"
    TEST_FILE = "test-file"
    TEST = "test"
    MODEL = "model"
    PROVIDER = "provider"
    ENDPOINT = "endpoint"
    KIND = "kind"
    DIALECT = "dialect"
    STANDING = "standing"
    EVIDENCE = "evidence"


OVERVIEW = tuple(one for one in Field if one is not Field.EVIDENCE)
"""The fields that are told unasked, as they need nothing but the recordings."""

_BY_NAME = frozenset({Field.DIALECT, Field.STANDING})
"""What takes the hashes of a request under every dialect, which is most of the work."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One recording: its size in bytes, and its value of each field that is counted."""

    size: int
    values: Mapping[Field, str | None]


@dataclass(frozen=True, slots=True)
class Group:
    """The recordings with one value; null are those that have none."""

    value: str | None
    recordings: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Stats:
    """Totals, and groups by field: those with the most recordings first, then the most bytes."""

    recordings: int
    bytes: int
    by: Mapping[Field, tuple[Group, ...]]


Judge = Callable[[Entry, Recording], Judgement]
"""Says what evidence proves of a recording."""


def fact(
    entry: Entry, recording: Recording, fields: Sequence[Field], table: Table, judge: Judge | None
) -> Fact:
    """What is counted of one recording. Verdicts are null without a judge."""
    values: dict[Field, str | None] = {}
    if _BY_NAME.intersection(fields):
        identity = identify(recording, table)
        values = {Field.DIALECT: identity.span, Field.STANDING: identity.standing}
    if Field.EVIDENCE in fields and judge is not None:
        values[Field.EVIDENCE] = judge(entry, recording).verdict
    test_id = recording.test_id
    values |= {
        Field.FOLDER: entry.path.parent.as_posix(),
        Field.TEST_FILE: NodeId.parse(test_id).file if test_id else None,
        Field.TEST: test_id,
        Field.MODEL: recording.model,
        Field.PROVIDER: recording.provider,
        Field.ENDPOINT: recording.endpoint,
        Field.KIND: recording.kind,
    }
    return Fact(recording.size, {one: values.get(one) for one in fields})


def stats(facts: Iterable[Fact], fields: Sequence[Field]) -> Stats:
    """Totals of facts, each of which has a value, or null, of each of the fields."""
    recordings = total = 0
    counts: dict[Field, dict[str | None, tuple[int, int]]] = {one: {} for one in fields}
    for one in facts:
        recordings += 1
        total += one.size
        for field, held in counts.items():
            value = one.values[field]
            many, size = held.get(value, (0, 0))
            held[value] = (many + 1, size + one.size)
    return Stats(recordings, total, {field: _ordered(held) for field, held in counts.items()})


def _ordered(held: Mapping[str | None, tuple[int, int]]) -> tuple[Group, ...]:
    groups = (Group(value, many, size) for value, (many, size) in held.items())
    return tuple(
        sorted(
            groups,
            key=lambda one: (-one.recordings, -one.bytes, one.value is not None, one.value or ""),
        )
    )

"""What a corpus amounts to: recordings and bytes, by what they have in common."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from recctl.corpus import Entry
from recctl.facts import Facts
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


def fact(entry: Entry, facts: Facts, fields: Sequence[Field], verdict: str | None) -> Fact:
    """What is counted of one recording. `verdict` is that of evidence, if there is any."""
    test_id = facts.test_id
    values = {
        Field.DIALECT: facts.identity.span,
        Field.STANDING: facts.identity.standing,
        Field.EVIDENCE: verdict,
        Field.FOLDER: entry.path.parent.as_posix(),
        Field.TEST_FILE: NodeId.parse(test_id).file if test_id else None,
        Field.TEST: test_id,
        Field.MODEL: facts.model,
        Field.PROVIDER: facts.provider,
        Field.ENDPOINT: facts.endpoint,
        Field.KIND: facts.kind,
    }
    return Fact(facts.size, {one: values[one] for one in fields})


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

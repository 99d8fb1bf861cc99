"""What differs between two JSON values, place by place."""

import json
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final


class Absent(Enum):
    """No value at all, which is not the same as null."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class Difference:
    """A value before and after, by its JSON pointer in the old document; `ABSENT` is none."""

    pointer: str
    old: Any
    new: Any


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: 1 is not 1.0, and the order of keys means nothing."""
    if isinstance(one, str) and isinstance(other, str):
        return one == other
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)

"""The files that an operation leaves as they are: why, and what is said of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from recctl.safetext import one_line
from recctl.wording import some

_FEW = 3


class Why(StrEnum):
    """Why a file is left that was to be changed. The values go after a number of recordings."""

    UNREACHABLE = "unreachable"
    WITHOUT_TEST_ID = "without the test id that the dialect hashes"
    RETIRED = "of a retired kind"
    UNNAMED = "without a recording's name"
    UNHASHABLE = "whose request has no hash"
    OUTSIDE = "of tests that can have no folder in the tree"
    UNWRITABLE = "that would be no sound JSON"
    FLAWED = "of flawed JSON"
    UNREADABLE = "unreadable"
    LINK = "behind a link"


class LeavingError(Exception):
    """A file is left as it is; `why` and `detail` are those of a `Left`."""

    def __init__(self, why: str, detail: str = "") -> None:
        super().__init__(why, detail)
        self.why = why
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Left:
    """A file that is left as it is, by the path that the user gave, and why.

    `why` goes after a number of recordings; `detail` may be empty.
    """

    path: str
    why: str
    detail: str = ""


def notes_on(left: Sequence[Left], foreign: Sequence[str], *, whole: bool) -> list[str]:
    """What is left and where: a line for each reason with a few paths, or, `whole`, for each file.

    `foreign` are the paths of recordings in which `rec-` ids of a third hash stay.
    """
    if whole:
        stay = "ids of another hash stay in it"
        return [
            *(f"{_told(one)}: left as it is: {one.why}" for one in left),
            *(f"{one_line(path)}: {stay}" for path in foreign),
        ]
    lines = [
        f"{_counted(why, alike)}: {some(map(_told, alike), _FEW)}"
        for why, alike in _by_reason(left).items()
    ]
    if foreign:
        shown = some(map(one_line, foreign), _FEW)
        lines.append(f"{len(foreign):,} with ids of another hash, which stay: {shown}")
    return lines


def advice_on(
    left: Sequence[Left],
    foreign: Sequence[str],
    asides: Mapping[str, str],
) -> list[str]:
    """What is left, in numbers, and what to do about it.

    `asides` has for a reason the end of its line.
    """
    lines = [
        f"{_counted(why, alike)}{asides.get(why, '')}" for why, alike in _by_reason(left).items()
    ]
    if foreign:
        command = "recctl normalize --only ids"
        lines.append(f"{len(foreign):,} with ids of another hash; set them with: {command}")
    return lines


def _counted(why: str, alike: Sequence[Left]) -> str:
    return f"{len(alike):,} {why}, left as {'it is' if len(alike) == 1 else 'they are'}"


def _by_reason(left: Iterable[Left]) -> dict[str, list[Left]]:
    found = defaultdict[str, list[Left]](list)
    for one in left:
        found[one.why].append(one)
    return found


def _told(one: Left) -> str:
    """A file that is left: its path, and the detail if there is one."""
    return one_line(one.path) + (f" ({one_line(one.detail)})" if one.detail else "")

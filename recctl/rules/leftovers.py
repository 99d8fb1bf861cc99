"""Rules on what was decided and is not needed any more."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from recctl.baseline import Known
from recctl.diagnostics import Violation
from recctl.rules.selection import Exemption


@dataclass(frozen=True, slots=True)
class Leftovers:
    """The exemptions that covered no finding, and the known findings that were not found.

    `source` and `baseline` are the files that they stand in.
    """

    source: str = ""
    exemptions: tuple[Exemption, ...] = ()
    baseline: str = ""
    known: tuple[Known, ...] = ()


LeftoverCheck = Callable[[Leftovers], Iterator[tuple[str, Violation]]]
"""What a rule on a run's leftovers does: gives paths, and what is wrong with each."""


def unused_ignore(leftovers: Leftovers) -> Iterator[tuple[str, Violation]]:
    """The configuration ignores a rule that finds nothing.

    Whatever it was for has been mended. Left standing, it hides the next case. Entries are judged
    only where the whole corpus is checked, that is without PATHS, and only for rules that ran.

    What to do: delete the entry.
    """
    for one in leftovers.exemptions:
        where = f" in {one.glob}" if one.glob is not None else ""
        yield leftovers.source, Violation(one.pointer, f"{one.selector} finds nothing{where}")


def unused_baseline(leftovers: Leftovers) -> Iterator[tuple[str, Violation]]:
    """The baseline has a finding that is not found any more.

    It has been mended, or its file is gone. Left standing, it would hide the same mistake if it is
    made again. Entries are judged for the files that were checked; those of files that are gone
    where the whole corpus is.

    What to do: write the baseline again, with the command given, and read its diff.
    """
    for one in leftovers.known:
        place = f" at {one.pointer}" if one.pointer else ""
        yield leftovers.baseline, Violation("", f"{one.rule} is not found in {one.path}{place}")

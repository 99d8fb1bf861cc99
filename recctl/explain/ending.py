"""What to run next, and what an explanation leaves open."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from recctl.dialects import Standing
from recctl.explain.known import Survey
from recctl.explain.names import Names
from recctl.explain.proof import Proofs
from recctl.explain.values import FOR_MATCH, Explanation, Resemblance
from recctl.safetext import argument


@dataclass(frozen=True, slots=True)
class Ending:
    """What was looked at for all misses. `notes` are said with each that has no cause."""

    names: Names
    survey: Survey
    proofs: Proofs
    notes: Sequence[str] = ()
    is_shallow: bool = False

    def of(self, one: Explanation) -> Explanation:
        """An explanation with the next command, and what it leaves open."""
        notes = (*one.notes, *(() if one.causes else self.notes), *self._left_open(one))
        return replace(one, command=_next(one), notes=notes)

    def _left_open(self, one: Explanation) -> list[str]:
        """What is not known, and what could be done about it."""
        notes = []
        miss = one.asked.miss
        begin = self.names.beginning(miss.hash)
        if begin > 1 and not one.causes:
            notes.append(f"{begin:,} recordings begin with {miss.hash}: give more digits")
        elif miss.hash and len(miss.hash) < FOR_MATCH and not one.causes:
            notes.append(
                f"{len(miss.hash)} digits are too few to look for requests by: give more of them"
            )
        if not one.causes and one.asked.request is None:
            notes.append(
                "the request itself is not known, only its hash: give it to see what differs"
                if miss.hash
                else "the text does not tell the hash"
            )
        if not miss.tests:
            notes.append(
                "which test asked is not known, and the folder beside it is looked in first:"
                " --test-id ID"
            )
        elif miss.test_id is None:
            notes.append(f"one of {len(miss.tests):,} tests asked; which one is not known")
        if not one.causes and not one.asked.is_exact and self.proofs.is_short:
            notes.append("not every change was tried, as so much was asked at once")
        if not one.causes and self.survey.unread:
            more = len(self.survey.unread) - 1
            notes.append(
                f"not read: {self.survey.unread[0]}" + (f" and {more:,} more" if more else "")
            )
        if not one.causes and self.is_shallow:
            notes.append("this clone is shallow, its history is cut off: git fetch --unshallow")
        if not one.causes and one.nearest:
            notes.append("if the request is meant to be new, record it")
        elif not one.causes and one.asked.request is not None:
            notes.append("nothing is like it: if it is meant to be new, record it")
        elif not one.causes and (miss.tests or miss.model):
            notes.append("no recording is of that test, or of that model and url")
        return notes


def _next(one: Explanation) -> str | None:
    """What to run next."""
    miss = one.asked.miss
    if one.causes:
        return next((cause.command for cause in one.causes if cause.command), None)
    first = one.nearest[0] if one.nearest else None
    # Without a hash, a stale recording of the test is all there is to go by.
    if first and not miss.hash and first.standing is Standing.STALE:
        return f"recctl rehash {argument(first.path)}"
    if first and one.resemblance is Resemblance.REQUEST:
        return f"recctl show {argument(first.path)}"
    if one.asked.request is not None:
        return None
    asking = "ID" if miss.test_id is None else argument(miss.test_id)
    return f"recctl why --request FILE --test-id {asking}"

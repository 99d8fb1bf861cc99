"""Plans that take changes back, and letting go of what receipts keep for that."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from recctl.errors import UsageError
from recctl.plan import actions, execution, receipts
from recctl.plan.actions import Action, Plan, RefusedError, Remove, Review, State, Write
from recctl.plan.disk import Disk
from recctl.plan.receipts import Line, Receipt
from recctl.safetext import one_line

_AGE = re.compile(r"(\d{1,5})([hdw])")
_HOURS = {"h": 1, "d": 24, "w": 24 * 7}


def undoing(root: Path, reference: str | None = None) -> Plan:
    """The plan that takes a change below a root back; without a reference, the latest in force.

    To undo an undo is to do it again. Raises what `receipts.find` raises, and RefusedError where
    what it removed is no longer kept, or a file has changed since.
    """
    disk = Disk(root)
    receipt = receipts.find(disk, reference)
    plan = taking_back(receipt)
    for action in plan.actions:
        if not isinstance(action, Write):
            continue
        if not _is_kept(disk, receipt, action.after):
            raise RefusedError(
                f"receipt {receipt.id} no longer keeps {one_line(action.path)}, so that it cannot"
                " be undone; look for the file in git: recctl restore"
            )
        actions.content_of(action)  # raises where it is damaged
    changed = execution.drifted(plan)
    if changed:
        raise RefusedError(_why_not(disk, receipt, changed))
    return plan


def taking_back(receipt: Receipt) -> Plan:
    """The plan that makes of a receipt's outcome what was there before. Reads nothing."""
    done = receipt.plan
    return actions.of(
        "undo",
        done.root,
        [_inverse(one, receipt) for one in done.actions],
        undoes=receipt.id,
    )


def history(root: Path) -> tuple[Line, ...]:
    """The receipts of changes below a root, the latest first."""
    return receipts.history(Disk(root))


def expiring(root: Path, age: str, now: datetime | None = None) -> tuple[Line, ...]:
    """The receipts older than that, like 30d, 12h or 8w, which still keep content.

    Raises UsageError for an age that is none.
    """
    match = _AGE.fullmatch(age)
    if match is None:
        raise UsageError(f"{age!r} is no age: give hours, days or weeks, as in 12h, 30d or 8w")
    oldest = (now or datetime.now(UTC)) - timedelta(hours=int(match[1]) * _HOURS[match[2]])
    return tuple(
        one for one in history(root) if one.kept and one.time is not None and one.time < oldest
    )


def expire(root: Path, lines: Sequence[Line]) -> None:
    """Delete what receipts keep. The receipts stay, and say what was done.

    Raises LockedError while another process changes the same tree.
    """
    if not lines:
        return
    with execution.holding(root) as disk:
        for line in lines:
            disk.remove_tree(f"{receipts.RECEIPTS}/{line.id}/{receipts.STORE}")


def _inverse(action: Action, receipt: Receipt) -> Action:
    root, review = receipt.plan.root, action.review
    reason = f"as it was before {receipt.plan.command}"
    shown = Review(reason, review.group, old=review.new, new=review.old)
    made = actions.inverse(action, lambda state: root / receipts.stored(receipt.id, state), shown)
    old = receipt.files.get(action.path)
    if isinstance(made, Remove) or old is None:
        return made
    return replace(made, mode=old.mode, modified=old.modified)


def _is_kept(disk: Disk, receipt: Receipt, state: State) -> bool:
    return disk.status(receipts.stored(receipt.id, state)) is not None


def _why_not(disk: Disk, receipt: Receipt, changed: Sequence[str]) -> str:
    others = f" and {len(changed) - 1:,} more" if len(changed) > 1 else ""
    message = f"{one_line(changed[0])}{others}: changed since {receipt.id}, which cannot be undone"
    for line in receipts.history(disk):
        if line.id <= receipt.id:
            break
        if line.undone_by is None and line.flaw is None and line.undoes != receipt.id:
            touched = receipts.load(disk, line.id).plan.before
            if any(path in touched for path in changed):
                return f"{message} before {line.id}: recctl undo {line.id}"
    return f"{message}; see: recctl history"

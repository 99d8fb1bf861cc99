"""What a plan from a file may do: less than one that recctl has just made itself.

Whoever wrote the file may not be who carries it out, and nobody reads every line of a long plan.
Only recordings are changed by plans, so that a file that does more was not made by recctl.
"""

from collections.abc import Iterator
from dataclasses import replace

from recctl.errors import NothingFoundError
from recctl.plan import receipts, undo
from recctl.plan.actions import Action, Plan, RefusedError, Remove, Review, Write, target
from recctl.plan.disk import Disk, LinkInTheWayError
from recctl.safetext import one_line

_PLAIN = 0o666
"""Permissions that a plan from a file may give; others only where the file has them already."""


def flaws(plan: Plan) -> tuple[str, ...]:
    """What a plan does that no plan from a file may do: a line for each.

    It may change `.json` files outside of folders whose name starts with a dot, and give no
    permissions to execute beyond those that a file has. One that says that it takes a change back
    has to do just that, and then may do it whatever the change was.
    """
    disk = Disk(plan.root)
    found = [line for action in plan.actions for line in _flaws(disk, action)]
    if plan.undoes is None:
        return tuple(found)
    if _takes_back(disk, plan, plan.undoes):
        return ()
    what = f"it is not the way back from {plan.undoes}, as it says"
    return (f"{what}; that is: recctl undo {plan.undoes}", *found)


def _flaws(disk: Disk, action: Action) -> Iterator[str]:
    for path in dict.fromkeys(filter(None, (action.path, target(action)))):
        *folders, name = path.split("/")
        if not name.endswith(".json"):
            yield f"{one_line(path)}: no .json file; a plan from a file changes recordings only"
        elif any(part.startswith(".") for part in (*folders, name)):
            yield f"{one_line(path)}: a plan from a file changes nothing whose name has a dot first"
    if isinstance(action, Remove) or action.mode is None:
        return
    beyond = action.mode & ~_PLAIN
    if beyond and beyond & ~_mode(disk, action.path):
        yield f"{one_line(action.path)}: a plan from a file makes nothing executable"


def _mode(disk: Disk, path: str) -> int:
    try:
        status = disk.status(path)
    except LinkInTheWayError:
        return 0
    return 0 if status is None else status.st_mode


def _takes_back(disk: Disk, plan: Plan, identity: str) -> bool:
    try:
        back = undo.taking_back(receipts.find(disk, identity))
    except (NothingFoundError, RefusedError):
        return False
    return [_act(one) for one in plan.actions] == [_act(one) for one in back.actions]


def _act(action: Action) -> Action:
    """The action without what is told of it; content is known by its sha256."""
    if isinstance(action, Write):
        action = replace(action, content=b"")
    return replace(action, review=Review())

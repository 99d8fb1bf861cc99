"""Changing files safely: a plan is a value; carrying it out can be killed, resumed and undone.

A planner takes the root of its files from `root_of`, names them with `below`, makes actions with
`rename`, `edit`, `write` and `remove` from the bytes that it read, and puts them together with
`of`. `execute` carries a plan out. Importing this package loads no library.
"""

from recctl.plan.actions import (
    Action,
    Conflict,
    Edit,
    Plan,
    RefusedError,
    Remove,
    Rename,
    Review,
    Splice,
    State,
    Write,
    edit,
    of,
    remove,
    rename,
    simulate,
    splices,
    write,
)
from recctl.plan.execution import (
    drifted,
    execute,
    going_back,
    pending,
    refusals,
    resume,
    roll_back,
    uncommitted_in_git,
    unfinished,
)
from recctl.plan.places import below, option_for, root_at, root_of
from recctl.plan.receipts import Receipt
from recctl.plan.undo import undoing

__all__ = [
    "Action",
    "Conflict",
    "Edit",
    "Plan",
    "Receipt",
    "RefusedError",
    "Remove",
    "Rename",
    "Review",
    "Splice",
    "State",
    "Write",
    "below",
    "drifted",
    "edit",
    "execute",
    "going_back",
    "of",
    "option_for",
    "pending",
    "refusals",
    "remove",
    "rename",
    "resume",
    "roll_back",
    "root_at",
    "root_of",
    "simulate",
    "splices",
    "uncommitted_in_git",
    "undoing",
    "unfinished",
    "write",
]

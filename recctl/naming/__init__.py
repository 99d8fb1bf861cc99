"""New names for recordings: what has to follow, where the files go, and who gets a contested name.

An operation that changes what recordings are called makes a `claim` of each, from the bytes of one
file. `settle` makes of all claims the actions of a plan and its conflicts. Both are pure: what they
need of other files they are given functions for, as `contents_below` and `ages_below` make them.
"""

from recctl.naming.claims import (
    Claim,
    claim,
    lacks_test_id,
    name_for,
    standing_before,
    with_test_id,
)
from recctl.naming.contests import (
    Ages,
    Contents,
    OnConflict,
    Settled,
    advice_on_conflicts,
    ages_below,
    contents_below,
    settle,
)
from recctl.naming.left import LeavingError, Left, Why, advice_on, notes_on
from recctl.naming.places import folder_for, folder_kept, home, shared_home

__all__ = [
    "Ages",
    "Claim",
    "Contents",
    "LeavingError",
    "Left",
    "OnConflict",
    "Settled",
    "Why",
    "advice_on",
    "advice_on_conflicts",
    "ages_below",
    "claim",
    "contents_below",
    "folder_for",
    "folder_kept",
    "home",
    "lacks_test_id",
    "name_for",
    "notes_on",
    "settle",
    "shared_home",
    "standing_before",
    "with_test_id",
]

"""What the sources say of a recording's test, in all trees where it may be."""

import os
from dataclasses import dataclass
from pathlib import Path

from recctl.recording import Recording
from recctl.rules.origin import roots_above, sought_below
from recctl.rules.policy import Policy
from recctl.sources import NodeId, Presence, Sought


@dataclass(frozen=True, slots=True)
class Search:
    """What came of a search for a test, and the folders below which it was looked for.

    Without a test id, and where there are no sources, it is unknown for no reason.
    """

    sought: Sought = Sought(Presence.UNKNOWN, "")  # noqa: RUF009 - it is frozen
    roots: tuple[Path, ...] = ()


def search_for(recording: Recording, place: Path, policy: Policy) -> Search:
    """Look for the test of the recording at a place. Never raises."""
    test_id = recording.test_id
    if test_id is None:
        return Search()
    folder = Path(os.path.abspath(place)).parent.parts
    roots = policy.test_roots or roots_above(folder, NodeId.parse(test_id).file, policy.table)
    found = [sought_below(root, test_id) for root in roots]
    for presence in (Presence.PRESENT, Presence.UNKNOWN):
        for one in found:
            if one.presence is presence:
                return Search(one, roots)
    if not found:
        return Search()
    reasons = "; ".join(dict.fromkeys(one.reason for one in found))
    return Search(Sought(Presence.GONE, reasons), roots)

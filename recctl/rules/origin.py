"""The rule on where a recording comes from: its test."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from recctl.diagnostics import Violation
from recctl.rules.subject import Subject
from recctl.sources import NodeId, Presence, find_test, holds_sources


def orphan(subject: Subject) -> Iterator[Violation]:
    """The recording's test does not exist any more.

    Nothing replays it. When a test is deleted or renamed, its recordings stay behind, and they
    look like all others. Tests are read, not run: a name that may come from elsewhere, as by
    inheritance from another file, is never said to be gone. Parameters are not looked at.

    Test files are looked for below `test-roots`. Where none are configured, the root is told from
    where the recording lies, and a tree without any Python file on the way to the test proves
    nothing.

    What to do: restore the test, or delete its recordings. If it was renamed, give them its new
    test id, with which their hashes and file names change.
    """
    recording = subject.recording
    if recording is None or recording.test_id is None:
        return
    roots = subject.policy.test_roots or _roots_above(subject, recording.test_id)
    reasons = []
    for root in roots:
        sought = find_test(root, recording.test_id)
        if sought.presence is not Presence.GONE:
            return
        reasons.append(sought.reason)
    if reasons:
        yield Violation("/test_id", "; ".join(dict.fromkeys(reasons)))


def _roots_above(subject: Subject, test_id: str) -> tuple[Path, ...]:
    """The root of the tree that a recording lies in, as its folder ends; none where it is unclear.

    Such a root has sources: without any, the recordings were copied without their tests.
    """
    table, place = subject.policy.table, subject.folder
    if place[-1:] == (table.old_subfolder,):
        place = place[:-1]
    beside = PurePosixPath(NodeId.parse(test_id).file).parent
    for folder in (beside / table.beside_test, PurePosixPath(table.shared_folder)):
        parts = folder.parts
        if len(place) > len(parts) and place[-len(parts) :] == parts:
            root = Path(*place[: -len(parts)])
            return (root,) if holds_sources(root / beside, root) else ()
    return ()

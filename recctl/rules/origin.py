"""The rule on where a recording comes from: its test."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from recctl.diagnostics import Violation
from recctl.dialects import Table
from recctl.sources import NodeId, Presence, Sought, find_test, holds_sources


def orphan(test_id: str, roots: Sequence[Path]) -> Iterator[Violation]:
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
    reasons = []
    for root in roots:
        sought = sought_below(root, test_id)
        if sought.presence is not Presence.GONE:
            return
        reasons.append(sought.reason)
    if reasons:
        yield Violation("/test_id", "; ".join(dict.fromkeys(reasons)))


def sought_below(root: Path, test_id: str) -> Sought:
    """Whether a test exists below a root. Never raises.

    Files that git has, and a sparse checkout leaves out, are there, whatever they hold.
    """
    sought = find_test(root, test_id)
    if sought.presence is not Presence.GONE:
        return sought
    from recctl.gitstore import is_kept_out  # few tests are gone

    file = NodeId.parse(test_id).file
    folders = PurePosixPath(file).parents
    for one in (file, *(str(folder / "conftest.py") for folder in folders)):
        if not os.path.lexists(root / one) and is_kept_out(root / one):
            return Sought(Presence.UNKNOWN, f"git has {one}, but it is not checked out")
    return sought


def bases_above(
    folder: tuple[str, ...], test_id: str | None, table: Table
) -> tuple[tuple[str, ...], ...]:
    """The folders that a test's id may count from, as the folder of its recording ends.

    A folder is given part by part, and may lie beside the test, or be the shared one.
    """
    if folder[-1:] == (table.old_subfolder,):
        folder = folder[:-1]
    looked_in = [PurePosixPath(table.shared_folder)]
    if test_id is not None:
        beside = PurePosixPath(NodeId.parse(test_id).file).parent / table.beside_test
        looked_in.insert(0, beside)
    found = (
        folder[: len(folder) - len(one.parts)]
        for one in looked_in
        if len(folder) >= len(one.parts) and folder[-len(one.parts) :] == one.parts
    )
    return tuple(dict.fromkeys(found))


def roots_above(folder: tuple[str, ...], test_file: str, table: Table) -> tuple[Path, ...]:
    """The roots of the trees that a recording in a folder may lie in; none where that is unclear.

    Such a root has sources: without any, the recordings were copied without their tests. If one
    of several has none, nothing follows from the others.
    """
    beside = PurePosixPath(test_file).parent
    bases = bases_above(folder, test_file, table)
    roots = tuple(Path(*base) for base in bases if base)
    return roots if all(holds_sources(root / beside, root) for root in roots) else ()

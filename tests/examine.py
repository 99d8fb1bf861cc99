"""One file, looked at as `recctl validate` does."""

from recctl.corpus import Corpus, Entry
from recctl.diagnostics import Finding
from recctl.rules.policy import Policy
from recctl.rules.selection import Selection
from recctl.validate import validate


def examine(
    entry: Entry, selection: Selection | None = None, policy: Policy | None = None
) -> tuple[Finding, ...]:
    """What is found in a file by the selected rules: without a selection, by the usual ones."""
    return validate(Corpus((entry,), (), ()), selection, policy).findings

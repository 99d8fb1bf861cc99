"""The rule on a document's structure."""

from collections.abc import Iterator

from recctl import schema
from recctl.diagnostics import Violation
from recctl.rules.subject import Subject


def schema_violation(subject: Subject) -> Iterator[Violation]:
    """The document does not have the structure of a recording.

    The recorder writes certain keys and no others at the top level, in the request and in the
    response; inside, where providers are in charge, more is allowed. The message is the most
    relevant of all violations.

    What to do: compare with `recctl schema recording`; restore the file, or record it again.
    """
    if subject.parsed is None or not subject.parsed.readable:
        return
    if subject.recording is None and subject.name is None:
        return
    violation = schema.explain("recording", subject.parsed.value)
    if violation is not None:
        place = violation.pointer or "the document"
        yield Violation(violation.pointer, f"{place}: {violation.message}")

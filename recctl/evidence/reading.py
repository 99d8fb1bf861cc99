"""Evidence out of files."""

from collections.abc import Sequence
from pathlib import Path

from recctl import files
from recctl.errors import UnreadableError, UsageError
from recctl.evidence.lists import evidence_of
from recctl.evidence.traces import read_trace
from recctl.evidence.verdicts import Evidence, merged
from recctl.safetext import one_line


def read(tests: Sequence[str] = (), traces: Sequence[str] = (), stdin: bytes = b"") -> Evidence:
    """The evidence of test lists (`-` is standard input, whose bytes are given) and traces.

    Raises UsageError, whose one line says which file is refused and why: it cannot be read, is
    of no known form, empty, truncated, or tells of errors when collecting.
    """
    lists = (_list(file, stdin) for file in tests)
    return merged([*lists, *map(read_trace, traces)])


def _list(file: str, stdin: bytes) -> Evidence:
    if file == "-":
        return evidence_of("standard input", stdin)
    try:
        return evidence_of(file, files.read(Path(file)))
    except UnreadableError as error:
        raise UsageError(f"{one_line(file)}: {error}") from None
